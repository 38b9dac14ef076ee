use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, IoSlice, Write},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::lock;
use crate::Error;

/// So many processes may write one file at the same time.
const SLOTS: usize = 8;
/// Longer names are replaced by a hash in the temporary name, which must stay below 255 bytes.
const MAX_NAME: usize = 230;
/// Linux's IOV_MAX.
const MAX_SLICES: usize = 1024;

/// Replaces the file at `path` by one with this content and mode, completely or not at all.
///
/// The content is on the disk when this returns: the file is synced before it takes its name,
/// and the directory after that. The mode holds whatever the umask is, and at no time is it
/// wider. A symbolic link at `path` is replaced, not followed.
///
/// # Errors
///
/// [`Error::Io`] names `path`; then the old content is still there.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut new = Replacement::create(path, mode)?;
    new.write(&mut [IoSlice::new(bytes)])?;
    new.take_place()?;
    sync_parent(path)
}

/// Replaces a file as [`write_atomic`] does, but does not wait for the disk.
///
/// Readers see the old content or the new, whenever this process dies. If the machine dies,
/// either may be lost, which suits files that only say what a running program does now.
///
/// # Errors
///
/// [`Error::Io`] names `path`; then the old content is still there.
pub fn write_fleeting(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut new = Replacement::create(path, mode)?;
    new.write_unsynced(&mut [IoSlice::new(bytes)])?;
    new.take_place()
}

/// A file that is being written to take the place of another one.
///
/// It is locked while it exists, so that a leftover of a process that died can be told from
/// the work of one that lives. Dropped before [`Self::take_place`] it vanishes.
#[derive(Debug)]
pub(crate) struct Replacement {
    file: File,
    temp: PathBuf,
    target: PathBuf,
    /// Whether the temporary name is this file's.
    is_named: bool,
}

impl Replacement {
    /// Creates the temporary file beside `target` and removes those that dead processes left.
    pub(crate) fn create(target: &Path, mode: u32) -> Result<Self, Error> {
        sweep(target)?;
        for slot in 0..SLOTS {
            let temp = temp_path(target, slot)?;
            let file = match create_new(&temp, mode) {
                Ok(file) => file,
                Err(Errno::EXIST) => continue,
                Err(errno) => {
                    return Err(Error::io(target, "create a temporary file beside", errno));
                }
            };
            lock::hold(&file);
            let mut new = Self {
                file,
                temp,
                target: target.to_owned(),
                is_named: true,
            };
            // Between creation and lock a sweep may have taken it for a leftover; then the
            // name may be somebody else's by now.
            new.is_named = new.metadata()?.nlink() > 0;
            if new.is_named {
                new.set_mode(mode)?;
                return Ok(new);
            }
        }
        Err(Error::Contended {
            path: target.to_owned(),
        })
    }

    /// Writes the slices one after the other and waits until they are on the disk.
    pub(crate) fn write(&mut self, slices: &mut [IoSlice<'_>]) -> Result<(), Error> {
        self.write_unsynced(slices)?;
        self.file
            .sync_all()
            .map_err(|error| self.failure("write", error))
    }

    fn write_unsynced(&mut self, mut slices: &mut [IoSlice<'_>]) -> Result<(), Error> {
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            let count = slices.len().min(MAX_SLICES);
            match self.file.write_vectored(&slices[..count]) {
                Ok(0) => return Err(self.failure("write", io::ErrorKind::WriteZero.into())),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failure("write", error)),
            }
        }
        Ok(())
    }

    /// Gives the file its name; the caller syncs the directory.
    pub(crate) fn take_place(&mut self) -> Result<(), Error> {
        fs::rename(&self.temp, &self.target).map_err(|error| self.failure("replace", error))?;
        self.is_named = false;
        Ok(())
    }

    /// Returns what the system says about the open file, whatever its name.
    pub(crate) fn metadata(&self) -> Result<fs::Metadata, Error> {
        self.file
            .metadata()
            .map_err(|error| self.failure("examine", error))
    }

    /// The umask may have taken away bits that the mode asks for.
    fn set_mode(&self, mode: u32) -> Result<(), Error> {
        if self.metadata()?.mode() & 0o777 == mode & 0o777 {
            return Ok(());
        }
        rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode & 0o777))
            .map_err(|errno| self.failure("set the mode of", errno.into()))
    }

    fn failure(&self, action: &'static str, source: io::Error) -> Error {
        Error::io(&self.target, action, source)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if self.is_named {
            remove(&self.temp);
        }
    }
}

/// Removes temporary files of `target` whose writers are dead.
pub(crate) fn sweep(target: &Path) -> Result<(), Error> {
    for slot in 0..SLOTS {
        let temp = temp_path(target, slot)?;
        if fs::symlink_metadata(&temp).is_ok() {
            sweep_one(&temp);
        }
    }
    Ok(())
}

/// The lock is the liveness test. While we hold it nobody else renames or removes the file,
/// so comparing the name with the open file is enough.
fn sweep_one(temp: &Path) {
    let Ok(file) = super::open_nofollow(temp) else {
        return;
    };
    if !lock::try_hold(&file) {
        return;
    }
    let (Ok(open), Ok(named)) = (file.metadata(), fs::symlink_metadata(temp)) else {
        return;
    };
    if (open.dev(), open.ino()) == (named.dev(), named.ino()) {
        tracing::debug!(
            "removing {}, which a process left that died",
            temp.display()
        );
        remove(temp);
    }
}

/// Waits until the directory entry of `path` is on the disk.
pub(crate) fn sync_parent(path: &Path) -> Result<(), Error> {
    let parent = parent_of(path);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let synced = rustix::fs::open(parent, flags, Mode::empty()).and_then(rustix::fs::fsync);
    match synced {
        // Some network file systems cannot do this; their renames are synchronous.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(errno) => Err(Error::io(parent, "sync the directory", errno)),
    }
}

fn create_new(path: &Path, mode: u32) -> Result<File, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::from_raw_mode(mode & 0o777)).map(File::from)
}

fn temp_path(target: &Path, slot: usize) -> Result<PathBuf, Error> {
    let Some(name) = target.file_name() else {
        return Err(Error::io(target, "write", io::ErrorKind::InvalidInput));
    };
    let mut temp = OsString::from(".");
    if name.len() > MAX_NAME {
        temp.push(blake3::hash(name.as_bytes()).to_hex().as_str());
    } else {
        temp.push(name);
    }
    temp.push(format!(".tmp-{slot}"));
    Ok(parent_of(target).join(temp))
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(
                "cannot remove the temporary file {}: {error}",
                path.display()
            );
        }
        _ => {}
    }
}
