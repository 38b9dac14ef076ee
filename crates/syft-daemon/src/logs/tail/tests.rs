use std::fs;

use proptest::prelude::*;

use super::{super::rotated, *};

/// Writes the files of a log, the oldest first.
#[expect(clippy::disallowed_methods, reason = "a test's own files")]
fn put(log: &Path, files: &[Vec<u8>]) {
    for (number, bytes) in files.iter().rev().enumerate() {
        fs::write(rotated(log, number), bytes).unwrap();
    }
}

fn lines_of(files: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let lines = files
        .iter()
        .flat_map(|bytes| bytes.split_inclusive(|byte| *byte == b'\n'));
    lines
        .map(|line| [line.strip_suffix(b"\n").unwrap_or(line), b"\n"].concat())
        .collect()
}

#[track_caller]
fn check(files: &[Vec<u8>], lines: usize) {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    put(&log, files);
    let mut out = Vec::new();
    tail(&log, lines, &mut out).unwrap();
    let all = lines_of(files);
    let expected = all[all.len().saturating_sub(lines)..].concat();
    assert!(out == expected, "{lines} lines of {files:?}: {out:?}");
}

#[test]
fn the_last_lines_are_found_across_files() {
    let files = [&b"one\ntwo\n"[..], b"", b"three\nfour"].map(<[u8]>::to_vec);
    for lines in 0..6 {
        check(&files, lines);
    }
    check(&[vec![]], 3);
    check(&[b"\n\n\n".to_vec()], 2);
}

#[test]
fn a_line_may_be_longer_than_a_block() {
    let long = [vec![b'x'; 3 * BLOCK], vec![b'\n']].concat();
    let files = [[&long[..], b"a\n", &long].concat(), long.clone()];
    for lines in 0..5 {
        check(&files, lines);
    }
}

#[test]
fn without_a_log_nothing_was_logged() {
    let directory = tempfile::tempdir().unwrap();
    let mut out = Vec::new();
    for log in ["log", "gone/log"] {
        let error = tail(&directory.path().join(log), 3, &mut out).unwrap_err();
        assert!(error.is_not_found(), "{error}");
    }
}

#[test]
fn a_link_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    std::os::unix::fs::symlink("/etc/passwd", &log).unwrap();
    let error = tail(&log, 3, &mut Vec::new()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("log is a symbolic link, not a file"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn the_end_is_that_of_all_lines(
        files in prop::collection::vec(
            prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 0..40), 1..8),
        lines in 0..30usize,
    ) {
        check(&files, lines);
    }
}
