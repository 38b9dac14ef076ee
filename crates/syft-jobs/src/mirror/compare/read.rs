//! Reads files of a tree, and notices when they are not what was seen.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    path::Path,
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::{Comparison, digest::Hasher};
use crate::{
    Error,
    mirror::{FileError, Meta, NodeId, Tree, execute::Failure, tree::open_beneath},
    store::Digest,
};

/// How much is read at once, in bytes.
pub(super) const CHUNK: usize = 1 << 18;

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A tree whose files are read.
pub(super) struct Reader<'a> {
    tree: &'a Tree,
    root: OwnedFd,
    /// Links on the way are followed, as they were when the tree was looked at.
    is_followed: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(root: &Path, tree: &'a Tree, is_followed: bool) -> Result<Self, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(root, flags, Mode::empty());
        let root = opened.map_err(|errno| Error::Io {
            path: root.to_owned(),
            action: "open",
            source: errno.into(),
        })?;
        Ok(Self {
            tree,
            root,
            is_followed,
        })
    }

    /// Makes the digest of a file.
    pub(super) fn digest(
        &self,
        id: NodeId,
        comparison: Comparison,
        chunk: &mut [u8],
    ) -> Result<Digest, FileError> {
        let mut hasher = Hasher::new(comparison).ok_or_else(|| self.failure(id, Errno::INVAL))?;
        let mut file = self.open(id)?;
        loop {
            match self.read(id, &mut file, chunk)? {
                0 => break,
                read => hasher.update(&chunk[..read]),
            }
        }
        self.check(id, &file)?;
        Ok(hasher.finish())
    }

    /// Opens a file that is what was seen.
    pub(super) fn open(&self, id: NodeId) -> Result<File, FileError> {
        let opened = if self.is_followed {
            rustix::fs::openat(&self.root, self.tree.path(id), FLAGS, Mode::empty())
        } else {
            let directory = self.tree.path(self.tree.parent(id));
            open_beneath(&self.root, &directory).and_then(|directory| {
                let flags = FLAGS | OFlags::NOFOLLOW;
                rustix::fs::openat(&directory, self.tree.name(id), flags, Mode::empty())
            })
        };
        let file = File::from(opened.map_err(|errno| self.failure(id, errno))?);
        self.check(id, &file)?;
        Ok(file)
    }

    /// Fills as much of a chunk as there is; a file that grows does not make this go on for ever.
    pub(super) fn read(
        &self,
        id: NodeId,
        file: &mut File,
        chunk: &mut [u8],
    ) -> Result<usize, FileError> {
        let mut filled = 0;
        while filled < chunk.len() {
            match file.read(&mut chunk[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                    return Err(self.failure(id, errno));
                }
            }
        }
        if filled == chunk.len() {
            self.check(id, file)?;
        }
        Ok(filled)
    }

    /// Makes sure that a file is what was seen.
    pub(super) fn check(&self, id: NodeId, file: &File) -> Result<(), FileError> {
        let stat = rustix::fs::fstat(file).map_err(|errno| self.failure(id, errno))?;
        let (now, seen) = (Meta::from(&stat), self.tree.meta(id));
        let version = |meta: &Meta| (meta.kind, meta.dev, meta.ino, meta.size, meta.mtime);
        if version(&now) == version(seen) {
            Ok(())
        } else {
            Err(Failure::changed_during_copy(1).at(self.tree.path(id)))
        }
    }

    fn failure(&self, id: NodeId, errno: Errno) -> FileError {
        Failure::of("read", errno).at(self.tree.path(id))
    }
}
