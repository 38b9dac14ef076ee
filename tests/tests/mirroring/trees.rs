//! Trees of every kind of entry, odd names and odd times.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{FileExt as _, symlink},
    },
    path::{Path, PathBuf},
};

use rustix::fs::{AtFlags, CWD, Mode, Timespec, Timestamps};

use crate::random::Random;

const NAMES: [&[u8]; 16] = [
    b"a",
    b"b",
    b"B",
    b"notes.txt",
    b"with space",
    b"-rf",
    b".hidden",
    b"*",
    b"new\nline",
    b"\xff\xfe",
    "\u{fc}ber".as_bytes(),
    "u\u{308}ber".as_bytes(),
    b"back\\slash",
    b"'quote\"",
    b"CON",
    b"end.",
];
const MODES: [u32; 9] = [
    0o644, 0o600, 0o755, 0o444, 0o400, 0o4755, 0o2755, 0o666, 0o000,
];
const DIRECTORY_MODES: [u32; 5] = [0o755, 0o700, 0o555, 0o1777, 0o2775];
/// A day in 2020; times spread around it.
const ABOUT: i64 = 1_600_000_000;
const DEEPEST: usize = 4;

/// Fills a directory with at most so many entries.
pub(crate) fn grow(root: &Path, entries: usize, random: &mut Random) {
    fs::create_dir_all(root).unwrap();
    let mut directories = vec![(root.to_owned(), 0)];
    let mut files = Vec::new();
    for _ in 0..entries {
        let (parent, depth) = directories[random.below(directories.len())].clone();
        let path = parent.join(name(random));
        if fs::symlink_metadata(&path).is_ok() {
            continue;
        }
        match random.below(10) {
            0 | 1 if depth < DEEPEST => {
                fs::create_dir(&path).unwrap();
                directories.push((path, depth + 1));
            }
            2 => make_link(&path, random),
            3 if !files.is_empty() => {
                let first: &PathBuf = &files[random.below(files.len())];
                fs::hard_link(first, &path).unwrap();
            }
            _ => {
                make_file(&path, random);
                files.push(path);
            }
        }
    }
    for (directory, _) in directories.iter().rev() {
        let mode = DIRECTORY_MODES[random.below(DIRECTORY_MODES.len())];
        set_mode(directory, mode);
        touch(directory, random);
    }
}

pub(crate) fn name(random: &mut Random) -> PathBuf {
    if random.one_in(20) {
        return OsStr::from_bytes(&vec![b'x'; 255]).into();
    }
    let mut name = random.pick(&NAMES).to_vec();
    if random.one_in(2) {
        name.extend(random.below(10).to_string().bytes());
    }
    OsStr::from_bytes(&name).into()
}

pub(crate) fn make_link(path: &Path, random: &mut Random) {
    let target = random.pick(&[
        "a",
        "../b",
        "nowhere/at all",
        "/etc/hostname",
        ".",
        "\u{fc}",
    ]);
    symlink(target, path).unwrap();
    touch(path, random);
}

pub(crate) fn make_file(path: &Path, random: &mut Random) {
    let file = File::create_new(path).unwrap();
    match random.below(8) {
        0 => {}
        1 => make_sparse(&file, random),
        2 => {
            let length = 100_000 + random.below(300_000);
            file.write_all_at(&random.bytes(length), 0).unwrap();
        }
        _ => {
            let length = random.below(9000);
            file.write_all_at(&random.bytes(length), 0).unwrap();
        }
    }
    drop(file);
    set_mode(path, MODES[random.below(MODES.len())]);
    touch(path, random);
}

fn make_sparse(file: &File, random: &mut Random) {
    let length = 4096 * (1 + random.below(100)) as u64;
    file.set_len(length).unwrap();
    for _ in 0..random.below(3) {
        let at = random.next() % length;
        let stored = random.below(5000);
        let bytes = random.bytes(stored);
        file.write_all_at(&bytes, at).unwrap();
    }
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    rustix::fs::chmod(path, Mode::from_raw_mode(mode)).unwrap();
}

/// Gives something a time of its own; two of them are never within one second.
pub(crate) fn touch(path: &Path, random: &mut Random) {
    let spread = i64::try_from(random.below(4_000_000_000)).unwrap();
    let time = Timespec {
        tv_sec: ABOUT - 2_000_000_000 + spread,
        tv_nsec: i64::try_from(random.below(1_000_000_000)).unwrap(),
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}
