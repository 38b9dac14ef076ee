//! Turning `log` into `log.1`, `log.1` into `log.2` and so on, by the crate `file-rotate`.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::OpenOptionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use file_rotate::{
    ContentLimit, FileRotate, SuffixInfo,
    compression::Compression,
    suffix::{AppendCount, SuffixScheme},
};
use rustix::fs::OFlags;

use super::{compress::compressed, rotated};

/// Makes room for a new file at `log`: afterwards there are at most `kept` rotated ones, the
/// newest of which is `log.1`, and an empty file stands at `log`.
///
/// The crate only moves files. It writes nothing of ours, because its writer drops what it is
/// given while it has no file, and leaves half a line behind on a full disk.
pub(super) fn rotate(log: &Path, kept: usize) -> io::Result<()> {
    let turn = || {
        let scheme = Numbered(AppendCount::new(kept));
        let (limit, compression) = (ContentLimit::None, Compression::None);
        FileRotate::new(log, scheme, limit, compression, Some(options())).rotate()
    };
    // The crate asserts that nobody moves or removes files at the same time. People do.
    catch_unwind(AssertUnwindSafe(turn))
        .unwrap_or_else(|_| Err(io::Error::other("its files were moved by somebody else")))
}

/// A file of the owner alone, to which lines are appended; no link is followed, no pipe waited for.
pub(super) fn options() -> fs::OpenOptions {
    let guarded = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = fs::OpenOptions::new();
    options
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(guarded.bits().cast_signed());
    options
}

/// The numbers of `file-rotate`, looked up so that no directory and no file can cause a panic.
struct Numbered(AppendCount);

impl SuffixScheme for Numbered {
    type Repr = usize;

    fn rotate_file(
        &mut self,
        log: &Path,
        newest: Option<&usize>,
        suffix: &Option<usize>,
    ) -> io::Result<usize> {
        self.0.rotate_file(log, newest, suffix)
    }

    fn parse(&self, suffix: &str) -> Option<usize> {
        self.0.parse(suffix)
    }

    fn too_old(&self, suffix: &usize, index: usize) -> bool {
        self.0.too_old(suffix, index)
    }

    /// Links that lead nowhere are left out, and overwritten; of a number's two files the plain
    /// one counts, for that was there before the compressed one was whole.
    fn scan_suffixes(&self, log: &Path) -> BTreeSet<SuffixInfo<usize>> {
        let is_there = |suffix| {
            let plain = rotated(log, suffix).exists();
            let compressed = !plain && compressed(log, suffix).exists();
            (plain || compressed).then_some(SuffixInfo { suffix, compressed })
        };
        (1..).map_while(is_there).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn listing(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let text = fs::read_to_string(&path).unwrap_or_else(|_| "-".to_owned());
                let name = path.file_name().unwrap().to_str().unwrap();
                format!("{name}={text}")
            })
            .collect();
        names.sort();
        names
    }

    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fn put(directory: &Path, names: &[&str]) {
        for name in names {
            fs::write(directory.join(name), name.trim_start_matches("log")).unwrap();
        }
    }

    #[track_caller]
    fn check(before: &[&str], after: &[&str]) {
        let directory = tempfile::tempdir().unwrap();
        put(directory.path(), before);
        rotate(&directory.path().join("log"), 3).unwrap();
        assert_eq!(listing(directory.path()), after);
    }

    #[test]
    fn files_move_up_and_the_oldest_goes() {
        check(&["log"], &["log.1=", "log="]);
        check(
            &["log", "log.1", "log.2", "log.3"],
            &["log.1=", "log.2=.1", "log.3=.2", "log="],
        );
    }

    #[test]
    fn what_people_did_to_the_files_causes_no_panic() {
        // A gap is closed; the older ones stay where they are until they are reached.
        check(&["log", "log.2"], &["log.1=", "log.2=.2", "log="]);
        check(
            &["log", "log.1", "log.1.gz", "log.01"],
            &["log.01=.01", "log.1.gz=.1.gz", "log.1=", "log.2=.1", "log="],
        );
    }

    #[test]
    fn links_and_directories_cause_no_panic() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        put(directory.path(), &["log"]);
        symlink("/nowhere", rotated(&log, 1)).unwrap();
        fs::create_dir(rotated(&log, 2)).unwrap();
        rotate(&log, 3).unwrap();
        assert!(rotated(&log, 1).symlink_metadata().unwrap().is_file());
        for _ in 0..5 {
            drop(rotate(&log, 3));
        }
        assert_eq!(fs::read(&log).unwrap(), b"");
    }

    #[test]
    fn without_a_directory_it_fails() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("gone/log");
        #[expect(clippy::disallowed_methods, reason = "a test's own files")]
        fs::write(directory.path().join("gone"), "a file").unwrap();
        rotate(&log, 3).unwrap_err();
    }
}
