//! Closed files become smaller, beside the writing of the open one.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
};

use flate2::{Compression, write::GzEncoder};
use rustix::fs::OFlags;

use super::rotated;

/// The newest of the closed files that is compressed.
const FIRST: usize = 2;

/// Returns where a closed file is when it is compressed.
pub(super) fn compressed(log: &Path, number: usize) -> PathBuf {
    with_suffix(&rotated(log, number), ".gz")
}

/// Compresses on a thread of its own what is to be compressed, if there is something.
///
/// Nobody may rotate the files meanwhile.
pub(super) fn begin(log: &Path, kept: usize) -> Option<JoinHandle<()>> {
    let files: Vec<usize> = (FIRST..=kept)
        .filter(|number| rotated(log, *number).is_file())
        .collect();
    if files.is_empty() {
        return None;
    }
    let log = log.to_owned();
    let work = move || {
        for number in files {
            // One that cannot be compressed stays readable as it is.
            drop(compress(&log, number));
        }
    };
    // Without a thread they are compressed after a later rotation.
    thread::Builder::new()
        .name("log-compress".to_owned())
        .spawn(work)
        .ok()
}

/// Puts the compressed file in the place of the plain one, whole or not at all.
fn compress(log: &Path, number: usize) -> io::Result<()> {
    let plain = rotated(log, number);
    let target = compressed(log, number);
    let unfinished = with_suffix(&target, ".tmp");
    let outcome = write(&plain, &unfinished).and_then(|()| fs::rename(&unfinished, &target));
    if outcome.is_ok() {
        return fs::remove_file(&plain);
    }
    drop(fs::remove_file(&unfinished));
    outcome
}

fn write(plain: &Path, target: &Path) -> io::Result<()> {
    let mut plain = syft_state::fs::open_nofollow(plain).map_err(io::Error::other)?;
    // One that a crash left.
    drop(fs::remove_file(target));
    let target = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(target)?;
    let mut encoder = GzEncoder::new(target, Compression::default());
    io::copy(&mut plain, &mut encoder)?;
    let target = encoder.finish()?;
    target.set_modified(plain.metadata()?.modified()?)?;
    target.sync_all()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::{super::numbered, *};

    #[expect(clippy::disallowed_methods, reason = "a test's own files")]
    fn put(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn unpacked(path: &Path) -> String {
        let mut text = String::new();
        let mut decoder = GzDecoder::new(File::open(path).unwrap());
        decoder.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn closed_files_are_compressed_and_move_up_compressed() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        for number in 0..6 {
            put(&log, &format!("file {number}\n"));
            numbered::rotate(&log, 4).unwrap();
            if let Some(thread) = begin(&log, 4) {
                thread.join().unwrap();
            }
        }
        let expected = ["log", "log.1", "log.2.gz", "log.3.gz", "log.4.gz"];
        assert_eq!(names(directory.path()), expected);
        assert_eq!(fs::read_to_string(rotated(&log, 1)).unwrap(), "file 5\n");
        assert_eq!(unpacked(&compressed(&log, 2)), "file 4\n");
        assert_eq!(unpacked(&compressed(&log, 4)), "file 2\n");
    }

    #[test]
    fn what_a_crash_left_half_done_is_done_again() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        for name in ["log", "log.1", "log.2", "log.2.gz", "log.2.gz.tmp"] {
            put(&directory.path().join(name), name);
        }
        begin(&log, 4).unwrap().join().unwrap();
        assert_eq!(names(directory.path()), ["log", "log.1", "log.2.gz"]);
        assert_eq!(unpacked(&compressed(&log, 2)), "log.2");
    }

    #[test]
    fn a_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("log");
        put(&directory.path().join("private"), "secret");
        std::os::unix::fs::symlink("private", rotated(&log, 2)).unwrap();
        begin(&log, 4).unwrap().join().unwrap();
        assert!(rotated(&log, 2).is_symlink());
        assert_eq!(names(directory.path()), ["log.2", "private"]);
    }
}
