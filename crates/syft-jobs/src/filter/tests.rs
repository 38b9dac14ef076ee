use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use proptest::prelude::*;

use super::*;

/// A path that ends with a slash is a directory.
#[track_caller]
fn check(exclude: &[&str], path: &str, is_excluded: bool) {
    check_both(exclude, &[], path, is_excluded);
}

#[track_caller]
fn check_both(exclude: &[&str], include: &[&str], path: &str, is_excluded: bool) {
    let filter = Filter::new(exclude, include).unwrap();
    let is_directory = path.ends_with('/');
    let path = Path::new(path.trim_end_matches('/'));
    assert_eq!(
        filter.excludes(path, is_directory),
        is_excluded,
        "{path:?} under {exclude:?} and {include:?}"
    );
}

#[test]
fn g11_the_filters_of_the_readme_leave_out_what_they_say() {
    let readme = ["*.tmp", "*.log", ".git/*"];
    check(&readme, "a.tmp", true);
    check(&readme, "deep/down/a.log", true);
    check(&readme, ".git/", true);
    check(&readme, ".git/config", true);
    check(&readme, "project/.git/", true);
    check(&readme, "project/.git/objects/ab/cd", true);
    check(&readme, "project/.gitignore", false);
    check(&readme, "a.TMP", false);
    check(&readme, "a.tmp.txt", false);
}

#[test]
fn a_pattern_without_a_slash_holds_at_any_level_and_for_all_below() {
    check(&["node_modules"], "node_modules/", true);
    check(&["node_modules"], "web/node_modules/react/index.js", true);
    check(&["node_modules"], "node_modules.txt", false);
    check(&["?.txt"], "deep/a.txt", true);
    check(&["?.txt"], "ab.txt", false);
    check(&["[ab].txt"], "b.txt", true);
    check(&["*"], "anything", true);
    check(&["**"], "any/thing", true);
}

#[test]
fn a_slash_at_the_end_means_directories() {
    check(&["build/"], "build/", true);
    check(&["build/"], "build", false);
    check(&["build/"], "deep/build/out", true);
    check(&["build/**"], "build/", true);
    check(&["/*"], "anything", true);
    check(&["/*/"], "directory/", true);
    check(&["/*/"], "file", false);
}

#[test]
fn a_slash_before_the_end_ties_to_the_root() {
    check(&["/top"], "top", true);
    check(&["/top"], "deep/top", false);
    check(&["src/gen"], "src/gen/a.rs", true);
    check(&["src/gen"], "deep/src/gen", false);
    check(&["**/gen/x"], "deep/gen/x", true);
    check(&["src/*.rs"], "src/a.rs", true);
    check(&["src/*.rs"], "src/deep/a.rs", false);
    check(&["src/**/a.rs"], "src/very/deep/a.rs", true);
    check(&["/build/*"], "deep/build/out", false);
}

#[test]
fn the_last_match_decides_and_nothing_comes_back_below_what_is_left_out() {
    check(&["*.log", "!keep.log"], "keep.log", false);
    check(&["!keep.log", "*.log"], "keep.log", true);
    check(&["build", "!build/keep"], "build/keep", true);
    check(&["build/*", "!build/keep"], "build/keep", false);
    check(&["build/*", "!build/keep"], "build/", false);
    check(&["build/*", "!build/keep"], "build/other", true);
    check(&["build/*", "!build/keep"], "deep/build/other", true);
    check(&["\\!odd"], "!odd", true);
}

#[test]
fn with_patterns_to_include_nothing_else_takes_part() {
    check_both(&[], &["*.txt"], "deep/a.txt", false);
    check_both(&[], &["*.txt"], "a.pdf", true);
    check_both(&[], &["*.txt"], "deep/", false);
    check_both(&[], &["docs/"], "docs/a.pdf", false);
    check_both(&["*.tmp"], &["docs/"], "docs/a.tmp", true);
}

#[test]
fn names_may_be_any_bytes() {
    let filter = Filter::new(&["*.tmp", "a?b"], &[]).unwrap();
    let named = |bytes: &[u8]| filter.excludes(Path::new(OsStr::from_bytes(bytes)), false);
    assert!(named(b"\xff\xfe.tmp"));
    assert!(named(b"a\xffb"));
    assert!(!named(b"\xff\xfe"));
}

#[test]
fn what_means_nothing_is_an_error_that_quotes_it() {
    for bad in ["", "/", "!", "[", "a{b", "../up", "a//b", "./a"] {
        let error = Filter::new(&[bad], &[]).unwrap_err();
        assert!(error.to_string().contains(&format!("{bad:?}")), "{error}");
    }
}

#[test]
fn the_pattern_that_decided_is_told() {
    let filter = Filter::new(&["*.log", "!keep.log"], &[]).unwrap();
    assert_eq!(filter.why(Path::new("a.log"), false), Some("*.log"));
    assert_eq!(filter.why(Path::new("keep.log"), false), Some("!keep.log"));
    assert_eq!(filter.why(Path::new("a.txt"), false), None);
    let picky = Filter::new(&[], &["*.txt"]).unwrap();
    assert_eq!(picky.why(Path::new("a.txt"), false), Some("*.txt"));
}

#[test]
fn filters_are_equal_by_their_patterns() {
    let filter = Filter::new(&["a"], &["b"]).unwrap();
    assert_eq!(filter, Filter::new(&["a"], &["b"]).unwrap());
    assert_ne!(filter, Filter::new(&["a"], &[]).unwrap());
    assert_eq!(
        format!("{filter:?}"),
        r#"Filter { exclude: ["a"], include: ["b"] }"#
    );
}

proptest! {
    #[test]
    fn whatever_is_below_an_excluded_directory_is_excluded(
        patterns in prop::collection::vec("!?/?[ab*]{1,3}(/[ab*]{1,2})?/?", 0..4),
        parts in prop::collection::vec("[ab]{1,2}", 2..5),
    ) {
        let Ok(filter) = Filter::new(&patterns, &[]) else { return Ok(()) };
        let path: std::path::PathBuf = parts.iter().collect();
        let parent = path.parent().unwrap();
        if filter.excludes(parent, true) {
            prop_assert!(filter.excludes(&path, false));
        } else {
            prop_assert_eq!(filter.excludes(&path, false), filter.leaves_out(&path, false));
        }
    }

    #[test]
    fn no_pattern_makes_it_panic(pattern in "\\PC{0,12}", path in "[a-z/]{0,12}") {
        if let Ok(filter) = Filter::new(&[&pattern], &[]) {
            let path = Path::new(path.trim_matches('/'));
            prop_assert!(filter.why(path, false).is_none_or(|why| why == pattern));
        }
    }
}
