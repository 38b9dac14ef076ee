use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use super::open;
use crate::Error;

/// How often a lock file that somebody deletes meanwhile is made anew.
const ATTEMPTS: usize = 10;

/// An exclusive `flock` on a file; whoever holds it lives, for the system ends it with the process.
///
/// The file itself stays, empty and with mode 0600, and its presence means nothing.
/// Python's `fcntl.flock` on the same file excludes us and is excluded.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes the lock if nobody else holds it; never waits.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegular`] when something else than a file stands at `path`, and
    /// [`Error::Io`] when it cannot be made or locked.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, Error> {
        for _ in 0..ATTEMPTS {
            let file = open_or_create(path)?;
            match fs2::FileExt::try_lock_exclusive(&file) {
                Ok(()) => {}
                Err(error) if is_contended(&error) => return Ok(None),
                Err(error) => return Err(Error::io(path, "lock", error)),
            }
            // A lock on a file that has lost its name excludes nobody.
            if is_at(&file, path) {
                return Ok(Some(Self {
                    path: path.to_owned(),
                    file,
                }));
            }
        }
        Err(Error::Contended {
            path: path.to_owned(),
        })
    }

    /// Returns where the lock file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would do, unless a child process has inherited it.
        if let Err(error) = fs2::FileExt::unlock(&self.file) {
            tracing::warn!("cannot unlock {}: {error}", self.path.display());
        }
    }
}

fn open_or_create(path: &Path) -> Result<File, Error> {
    let flags = OFlags::RDWR | OFlags::CREATE | open::GUARDED;
    let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)
        .map_err(|errno| open::failure(path, "open the lock file", errno))?;
    open::regular(File::from(file), path)
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn is_contended(error: &io::Error) -> bool {
    error.raw_os_error() == fs2::lock_contended_error().raw_os_error()
}

/// Locks a file that this process has just created; file systems without locks are tolerated.
pub(super) fn hold(file: &File) {
    if let Err(error) = fs2::FileExt::lock_exclusive(file) {
        tracing::debug!("cannot lock a temporary file: {error}");
    }
}

/// Returns whether the lock on the file was free and is now ours.
pub(super) fn try_hold(file: &File) -> bool {
    fs2::FileExt::try_lock_exclusive(file).is_ok()
}
