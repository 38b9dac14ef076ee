use std::{
    fs::{self, File},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};

use super::open;
use crate::Error;

/// How often a lock file that somebody deletes meanwhile is made anew.
const ATTEMPTS: usize = 10;
/// Notes are padded to one length and overwritten in place, so that a full disk can refuse
/// the first note in a file at most.
const NOTE_LENGTH: usize = 64;

/// An exclusive `flock` on a file; whoever holds it lives, for the system ends it with the process.
///
/// The file itself stays, with mode 0600, and its presence means nothing; it is empty or holds
/// the [note](Self::set_note) of its last holder.
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

    /// Returns whether somebody holds the lock, this process included, without taking it away.
    ///
    /// For an instant nobody else can take it, so whoever takes it should try again for a while.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegular`] when something else than a file stands at `path`, and
    /// [`Error::Io`] when it cannot be opened or examined. A missing file is a free lock.
    pub fn is_held(path: &Path) -> Result<bool, Error> {
        let file = match super::open_nofollow(path) {
            Err(error) if error.is_not_found() => return Ok(false),
            file => file?,
        };
        match fs2::FileExt::try_lock_shared(&file) {
            Ok(()) => Ok(false),
            Err(error) if is_contended(&error) => Ok(true),
            Err(error) => Err(Error::io(path, "examine the lock", error)),
        }
    }

    /// Writes a short line into the lock file, for others to read with [`Self::note`].
    ///
    /// It stays when the lock is released, so it should say whose it is.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the file cannot be written, or the note is not one line of at most
    /// 63 bytes.
    pub fn set_note(&self, note: &str) -> Result<(), Error> {
        if note.len() >= NOTE_LENGTH || note.contains('\n') {
            let source = io::Error::from(io::ErrorKind::InvalidInput);
            return Err(Error::io(&self.path, "write a note into", source));
        }
        let line = format!("{note:<width$}\n", width = NOTE_LENGTH - 1);
        self.file
            .write_all_at(line.as_bytes(), 0)
            .map_err(|error| Error::io(&self.path, "write a note into", error))
    }

    /// Returns the note in a lock file without the padding; empty when there is none.
    ///
    /// Between taking a lock and writing the note the holder before is still named there.
    ///
    /// # Errors
    ///
    /// [`Error::NotRegular`] and [`Error::Io`], for which [`Error::is_not_found`] may hold.
    pub fn note(path: &Path) -> Result<String, Error> {
        let mut bytes = [0; NOTE_LENGTH];
        let file = super::open_nofollow(path)?;
        let read = file
            .read_at(&mut bytes, 0)
            .map_err(|error| Error::io(path, "read", error))?;
        let text = String::from_utf8_lossy(&bytes[..read]);
        Ok(text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_end()
            .to_owned())
    }

    /// Returns where the lock file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would do, unless a child process that is just being made shares it.
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
