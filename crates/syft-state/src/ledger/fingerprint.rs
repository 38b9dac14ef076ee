use std::{fs::Metadata, io, os::unix::fs::MetadataExt, path::Path};

use crate::Error;

/// Tells one content of a file from the next without reading it.
///
/// Since Linux 6.13 every change after a look has a time of its own. Before that, a change
/// within the same clock tick (at most 10 ms) that keeps the length goes unnoticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    device: u64,
    inode: u64,
    pub(super) length: u64,
    pub(super) modified: (i64, i64),
    changed: (i64, i64),
}

impl From<&Metadata> for Fingerprint {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Fingerprint {
    /// Returns the fingerprint of what stands at the path, and nothing if nothing does.
    pub(super) fn at(path: &Path) -> Result<Option<Self>, Error> {
        match std::fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some(Self::from(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(path, "examine", error)),
        }
    }

    /// Returns whether the content is the same, whatever happened to the file's name.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        (self.length, self.modified) == (other.length, other.modified)
    }
}
