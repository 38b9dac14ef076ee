use std::{
    fs::{DirBuilder, File},
    io::Read,
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use rustix::{
    fs::{FileType, Mode, OFlags},
    io::Errno,
};

use crate::Error;

/// No link is followed, no pipe waited for, no terminal adopted, nothing handed to children.
pub(super) const GUARDED: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Opens a regular file for reading.
///
/// A symbolic link at `path` is not followed, and a pipe or device cannot make this wait.
///
/// # Errors
///
/// [`Error::NotRegular`], or [`Error::Io`], for which [`Error::is_not_found`] may hold.
pub fn open_nofollow(path: &Path) -> Result<File, Error> {
    let file = rustix::fs::open(path, OFlags::RDONLY | GUARDED, Mode::empty())
        .map_err(|errno| failure(path, "open", errno))?;
    regular(File::from(file), path)
}

/// Reads a regular file of at most `limit` bytes, as [`open_nofollow`] opens it.
///
/// # Errors
///
/// [`Error::TooLarge`] when there is more, and those of [`open_nofollow`].
pub fn read_capped(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    read_open(&open_nofollow(path)?, path, limit)
}

pub(crate) fn read_open(file: &File, path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let too_large = || Error::TooLarge {
        path: path.to_owned(),
        limit,
    };
    let length = file
        .metadata()
        .map_err(|error| Error::io(path, "examine", error))?
        .len();
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0).saturating_add(1));
    let mut limited = file.take(limit.saturating_add(1));
    limited
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(path, "read", error))?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

/// Creates a directory, and those above it that are missing, for its owner alone (0700).
///
/// One that exists is left as it is.
///
/// # Errors
///
/// [`Error::Io`], also when something else than a directory stands there.
pub fn create_private_dir(path: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| Error::io(path, "create the directory", error))
}

pub(super) fn regular(file: File, path: &Path) -> Result<File, Error> {
    let stat = rustix::fs::fstat(&file).map_err(|errno| Error::io(path, "examine", errno))?;
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(file),
        FileType::Directory => "a directory",
        FileType::Fifo => "a pipe",
        _ => "a device",
    };
    Err(Error::NotRegular {
        path: path.to_owned(),
        what,
    })
}

pub(super) fn failure(path: &Path, action: &'static str, errno: Errno) -> Error {
    let special = |what| Error::NotRegular {
        path: path.to_owned(),
        what,
    };
    match errno {
        Errno::LOOP => special("a symbolic link"),
        Errno::ISDIR => special("a directory"),
        Errno::NXIO => special("a socket or a pipe"),
        errno => Error::io(path, action, errno),
    }
}
