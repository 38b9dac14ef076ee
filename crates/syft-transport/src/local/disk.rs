//! The directories of a hub, whose links are never followed.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use syft_state::{Email, fs::read_capped};

use super::{
    record::{Record, is_file_name},
    tree::Tree,
};
use crate::{
    drive::{EntryKind, FileId},
    error::{Error, Result},
};

/// Links are not followed, and a pipe that was planted must not hold us.
pub(super) const OPEN_FLAGS: i32 = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .bits()
    .cast_signed();
const MAX_RECORD: u64 = 16 << 20;

/// Reads every record of a hub.
pub(super) fn load(hub: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    for (owner, directory) in owners(&hub.join("entries"))? {
        for (name, path) in names(&directory)? {
            let Some(id) = name.strip_suffix(".json").filter(|id| is_file_name(id)) else {
                continue;
            };
            let record = read_record(&path, &FileId::new(id), &owner)?;
            if tree.record(&record.id).is_some() {
                return Err(broken(&path, "another account owns an entry of this id"));
            }
            tree.put(record);
        }
    }
    Ok(tree)
}

/// Reads one record and checks it against its path.
pub(super) fn read_record(path: &Path, id: &FileId, owner: &Email) -> Result<Record> {
    let bytes = read_capped(path, MAX_RECORD)?;
    let record: Record = serde_json::from_slice(&bytes)
        .map_err(|error| broken(path, format!("it is not a record of an entry: {error}")))?;
    // T9: whose entry it is comes from the directory; a record cannot claim another owner.
    if record.owner != *owner || record.id != *id {
        return Err(broken(path, "its id and owner are not those of its path"));
    }
    if (record.kind == EntryKind::File) != record.size.is_some() {
        return Err(broken(path, "a file has a size and a folder has none"));
    }
    Ok(record)
}

/// Returns the directories that are named like accounts.
pub(super) fn owners(directory: &Path) -> Result<Vec<(Email, PathBuf)>> {
    let mut owners = Vec::new();
    for (name, path) in names(directory)? {
        let about = path.symlink_metadata();
        let is_dir = about.map_err(|error| cannot(&path, error))?.is_dir();
        if let Ok(owner) = name.parse::<Email>() {
            if !is_dir {
                return Err(broken(&path, "it is not a directory"));
            }
            owners.push((owner, path));
        }
    }
    Ok(owners)
}

/// Returns the names in a directory that are text, as all of ours are.
pub(super) fn names(directory: &Path) -> Result<Vec<(String, PathBuf)>> {
    let read = || -> io::Result<Vec<(String, PathBuf)>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                names.push((name, entry.path()));
            }
        }
        Ok(names)
    };
    read().map_err(|error| cannot(directory, error))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|directory| directory.sync_all());
    synced.map_err(|error| cannot(path, error))
}

pub(super) fn exists(path: &Path) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(cannot(path, error)),
    }
}

pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot(path, error)),
        _ => Ok(()),
    }
}

pub(super) fn cannot(path: &Path, source: io::Error) -> Error {
    Error::Local {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn broken(path: &Path, reason: impl Into<String>) -> Error {
    Error::BadFile {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

impl From<syft_state::fs::Error> for Error {
    fn from(error: syft_state::fs::Error) -> Self {
        use syft_state::fs::Error as Cause;
        match error {
            Cause::Io { path, source, .. } => Self::Local { path, source },
            Cause::NotRegular { path, what } => Self::BadFile {
                path,
                reason: format!("it is {what}, not a regular file: move it away"),
            },
            other => Self::Local {
                path: other.path().to_owned(),
                source: io::Error::other(other),
            },
        }
    }
}
