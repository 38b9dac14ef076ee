//! Files, locks and reads on a real file system.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        net::UnixListener,
    },
    path::Path,
};

use syft_state::{
    Error,
    fs::{Lock, create_private_dir, open_nofollow, read_capped, write_atomic, write_fleeting},
};

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_file_is_replaced_with_its_mode() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token.json");
    for write in [write_atomic, write_fleeting] {
        for (content, bits) in [("one", 0o600), ("two", 0o666), ("", 0o640)] {
            write(&path, content.as_bytes(), bits).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert_eq!(mode(&path), bits);
        }
    }
    assert_eq!(names(dir.path()), ["token.json"]);
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (path, aim) = (dir.path().join("link"), dir.path().join("aim"));
    write_atomic(&aim, b"untouched", 0o600).unwrap();
    symlink(&aim, &path).unwrap();
    write_atomic(&path, b"new", 0o600).unwrap();
    assert_eq!(fs::read(&aim).unwrap(), b"untouched");
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

#[test]
fn leftovers_of_dead_writers_go_and_others_stay() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    let stale = dir.path().join(".x.tmp-3");
    let live = dir.path().join(".x.tmp-0");
    for leftover in [&stale, &live] {
        write_atomic(leftover, b"half", 0o600).unwrap();
    }
    write_atomic(&dir.path().join(".y.tmp-0"), b"of another file", 0o600).unwrap();
    let writer = fs::File::open(&live).unwrap();
    fs2::FileExt::lock_exclusive(&writer).unwrap();
    write_atomic(&path, b"whole", 0o600).unwrap();
    assert_eq!(names(dir.path()), [".x.tmp-0", ".y.tmp-0", "x"]);
    drop(writer);
    write_atomic(&path, b"whole", 0o600).unwrap();
    assert_eq!(names(dir.path()), [".y.tmp-0", "x"]);
}

#[test]
fn the_longest_name_can_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let name = "n".repeat(255);
    write_atomic(&dir.path().join(&name), b"x", 0o600).unwrap();
    assert_eq!(names(dir.path()), [name]);
}

#[test]
fn many_writers_leave_one_whole_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    std::thread::scope(|scope| {
        for letter in b'a'..b'g' {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..50 {
                    write_atomic(path, &[letter; 5000], 0o600).unwrap();
                    let read = read_capped(path, 10_000).unwrap();
                    assert!(read.len() == 5000 && read.iter().all(|byte| *byte == read[0]));
                }
            });
        }
    });
    assert_eq!(names(dir.path()), ["x"]);
}

#[test]
fn what_is_no_file_is_named_and_never_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    #[track_caller]
    fn check(path: &Path, what: &str) {
        for error in [
            open_nofollow(path).unwrap_err(),
            Lock::try_acquire(path).unwrap_err(),
        ] {
            assert!(matches!(error, Error::NotRegular { .. }), "{error:?}");
            assert!(error.to_string().contains(what), "{error}");
            assert!(
                error.to_string().contains(path.to_str().unwrap()),
                "{error}"
            );
        }
    }
    rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RWXU).unwrap();
    check(&at("pipe"), "pipe");
    check(dir.path(), "a directory");
    write_atomic(&at("file"), b"", 0o600).unwrap();
    symlink(at("file"), at("link")).unwrap();
    check(&at("link"), "a symbolic link");
    let socket = UnixListener::bind(at("socket")).unwrap();
    check(&at("socket"), "a socket");
    drop(socket);
    check(Path::new("/dev/null"), "a device");
}

#[test]
fn reads_end_at_their_limit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x");
    write_atomic(&path, b"12345", 0o600).unwrap();
    assert_eq!(read_capped(&path, 5).unwrap(), b"12345");
    let error = read_capped(&path, 4).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 4, .. }), "{error}");
    // Its length says nothing: the limit holds for what comes.
    assert!(read_capped(Path::new("/proc/self/maps"), 10).is_err());
    assert!(
        read_capped(&dir.path().join("none"), 4)
            .unwrap_err()
            .is_not_found()
    );
}

#[test]
fn a_lock_excludes_while_it_lives() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.lock");
    let lock = Lock::try_acquire(&path).unwrap().unwrap();
    assert_eq!(mode(&path), 0o600);
    assert!(Lock::try_acquire(&path).unwrap().is_none());
    drop(lock);
    assert!(path.exists());
    let lock = Lock::try_acquire(&path).unwrap().unwrap();
    assert_eq!(lock.path(), path);
}

#[test]
fn private_directories_are_private() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/b");
    create_private_dir(&path).unwrap();
    create_private_dir(&path).unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o700, 0o700));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    create_private_dir(&path).unwrap();
    assert_eq!(mode(&path), 0o755);
    write_atomic(&path.join("file"), b"", 0o600).unwrap();
    assert!(create_private_dir(&path.join("file")).is_err());
}
