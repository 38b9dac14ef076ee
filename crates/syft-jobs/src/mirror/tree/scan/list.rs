//! Looks into one directory.

use std::{
    ffi::{CStr, OsStr},
    fs::File,
    io::Read,
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags},
    io::Errno,
};

use super::{Look, Task};
use crate::mirror::{
    ErrorKind, FileError, Kind, Meta,
    copy::temporary,
    execute::Failure,
    tree::{Listing, Rules, open_beneath},
};

/// What was found in one directory.
#[derive(Default)]
pub(super) struct Found {
    pub(super) listing: Listing,
    pub(super) problems: Vec<FileError>,
    pub(super) leftovers: Vec<PathBuf>,
    pub(super) rules: Option<String>,
}

impl Found {
    pub(super) fn clear(&mut self) {
        self.listing.clear();
        self.problems.clear();
        self.leftovers.clear();
        self.rules = None;
    }

    /// Nothing more is known about what is in the directory.
    fn fail(&mut self, path: &Path, errno: Errno) {
        self.listing.is_partly_unknown = true;
        self.problems.push(failure(path, errno));
    }

    /// Nothing but the name is known about an entry.
    fn unknown(&mut self, name: &[u8], error: FileError) {
        self.listing.push_unknown(name);
        self.problems.push(error);
    }
}

impl Look<'_> {
    /// Reads one directory into `found`.
    pub(super) fn list(&self, task: &Task, rules: &Rules, found: &mut Found) {
        let opened = self
            .open(task)
            .and_then(|fd| Ok((Dir::read_from(&fd)?, fd)));
        let (names, fd) = match opened {
            Ok(opened) => opened,
            // It is gone since it was seen: then nothing is in it.
            Err(Errno::NOENT) => return,
            Err(errno) => return found.fail(&task.path, errno),
        };
        let mut rules = rules.clone();
        if self.keeps_rules
            && let Some(text) = read_rules(&fd)
        {
            rules.add(&task.path, &text);
            found.rules = Some(text);
        }
        let mut path = task.path.clone();
        for entry in names {
            let entry = match entry {
                Ok(entry) => entry,
                Err(errno) => {
                    found.fail(&task.path, errno);
                    break;
                }
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            path.push(OsStr::from_bytes(name.to_bytes()));
            self.entry(&fd, task, name, &path, &rules, found);
            path.pop();
        }
    }

    fn open(&self, task: &Task) -> Result<OwnedFd, Errno> {
        if !self.is_followed {
            return open_beneath(&self.root, &task.path);
        }
        let path = match task.path.as_os_str().is_empty() {
            true => Path::new("."),
            false => &task.path,
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.root, path, flags, Mode::empty())?;
        let meta = Meta::from(&rustix::fs::fstat(&fd)?);
        // A link that leads elsewhere by now was not judged.
        match (meta.dev, meta.ino) == (task.dev, task.ino) {
            true => Ok(fd),
            false => Err(Errno::AGAIN),
        }
    }

    fn entry(
        &self,
        fd: &OwnedFd,
        task: &Task,
        name: &CStr,
        path: &Path,
        rules: &Rules,
        found: &mut Found,
    ) {
        let bytes = name.to_bytes();
        let is_ours = bytes.starts_with(temporary::PREFIX.as_bytes());
        // What a killed run left behind is ours to remove, whatever else takes no part.
        if self.options.ignore_hidden && bytes.starts_with(b".") && !is_ours {
            found.listing.left_out += 1;
            return;
        }
        let meta = match rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Meta::from(&stat),
            Err(Errno::NOENT) => return,
            Err(errno) => return found.unknown(bytes, failure(path, errno)),
        };
        if is_ours && matches!(meta.kind, Kind::File | Kind::Symlink) {
            found.leftovers.push(path.to_owned());
            return;
        }
        let meta = match meta.kind {
            Kind::Symlink if self.is_followed => self.followed(fd, task, name, path),
            _ => Ok(meta),
        };
        let is_directory = meta.as_ref().is_ok_and(|meta| meta.kind == Kind::Directory);
        if self.takes_no_part(path, is_directory, rules) {
            found.listing.left_out += 1;
            return;
        }
        match meta {
            Ok(meta) if meta.kind == Kind::Symlink => {
                match rustix::fs::readlinkat(fd, name, Vec::new()) {
                    Ok(target) => found.listing.push(bytes, meta, target.to_bytes()),
                    Err(Errno::NOENT) => {}
                    Err(errno) => found.unknown(bytes, failure(path, errno)),
                }
            }
            Ok(meta) => found.listing.push(bytes, meta, b""),
            Err(error) => found.unknown(bytes, error),
        }
    }

    fn takes_no_part(&self, path: &Path, is_directory: bool, rules: &Rules) -> bool {
        let filter = &self.options.filter;
        filter.leaves_out(path, is_directory)
            || rules.leave_out(path, is_directory)
            || (filter.has_includes() && !is_directory && filter.excludes(path, false))
    }

    /// Looks through a link.
    fn followed(
        &self,
        fd: &OwnedFd,
        task: &Task,
        name: &CStr,
        path: &Path,
    ) -> Result<Meta, FileError> {
        let bad = |message: &str| FileError {
            path: path.to_owned(),
            kind: ErrorKind::BadLink,
            message: message.to_owned(),
        };
        let meta = match rustix::fs::statat(fd, name, AtFlags::empty()) {
            Ok(stat) => Meta::from(&stat),
            Err(Errno::NOENT) => return Err(bad("the link leads nowhere")),
            Err(Errno::LOOP) => return Err(bad("the link leads round and round")),
            Err(errno) => return Err(failure(path, errno)),
        };
        let id = (meta.dev, meta.ino);
        if meta.dev != self.device {
            return Err(bad("the link leads to another file system"));
        }
        if id == (task.dev, task.ino) || task.above.contains(&id) {
            return Err(bad("the link leads back to a directory that it is in"));
        }
        Ok(meta)
    }
}

fn failure(path: &Path, errno: Errno) -> FileError {
    Failure::of("look at", errno).at(path.to_owned())
}

/// Returns the text of a directory's `.gitignore`, if it is a file of sensible size.
fn read_rules(directory: &OwnedFd) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(directory, ".gitignore", flags, Mode::empty()).ok()?;
    let meta = Meta::from(&rustix::fs::fstat(&fd).ok()?);
    if meta.kind != Kind::File {
        return None;
    }
    let mut bytes = Vec::new();
    let mut file = File::from(fd).take(Rules::MAX_BYTES);
    file.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
