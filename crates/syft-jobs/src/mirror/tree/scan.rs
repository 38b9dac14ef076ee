//! Looks at everything below a directory.

use std::{
    ffi::{CStr, OsStr},
    fs::File,
    io::{self, Read},
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard},
    thread,
};

use rustix::{
    fs::{AtFlags, Dir, Mode, OFlags},
    io::Errno,
};

use super::{Kind, Listing, Meta, NodeId, Rules, Tree, open_beneath};
use crate::{
    Error,
    mirror::{
        Direction, ErrorKind, FileError, Options, Symlinks, copy::temporary, execute::Failure,
        plan::Side,
    },
};

/// Two suffice: the system's own locks leave little to gain with more.
const THREADS: usize = 2;

/// Looks at everything below a directory that takes part.
///
/// What a filter leaves out is not entered. Links are looked at, never through, but for those of
/// the source where the options say so. What cannot be looked at is a problem of the tree. Files
/// of this program's own that have no final name yet are no entries but
/// [leftovers](Tree::leftovers).
///
/// # Errors
///
/// [`Error::Io`] when the root is missing, is no directory, or cannot be read.
pub fn scan(root: &Path, side: Side, options: &Options) -> Result<Tree, Error> {
    let failed = |action, errno: Errno| Error::Io {
        path: root.to_owned(),
        action,
        source: errno.into(),
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::open(root, flags, Mode::empty()).map_err(|errno| failed("open", errno))?;
    let stat = rustix::fs::fstat(&fd).map_err(|errno| failed("look at", errno))?;
    let meta = Meta::from(&stat);
    let look = Look {
        is_followed: side == Side::Source
            && options.symlinks == Symlinks::Follow
            && options.direction == Direction::OneWay,
        keeps_rules: side == Side::Source && options.respect_gitignore,
        device: meta.dev,
        root: fd,
        options,
    };
    let tree = look.at_everything(meta).ok_or_else(|| Error::Io {
        path: root.to_owned(),
        action: "count all that is in",
        source: io::ErrorKind::FileTooLarge.into(),
    })?;
    match tree.problems.first() {
        Some(problem) if tree.len() == 1 => Err(Error::Io {
            path: root.to_owned(),
            action: "read",
            source: io::Error::other(problem.message.clone()),
        }),
        _ => Ok(tree),
    }
}

/// What holds for a whole look.
struct Look<'a> {
    root: OwnedFd,
    device: u64,
    options: &'a Options,
    is_followed: bool,
    keeps_rules: bool,
}

/// A directory that is known and not yet looked into.
#[derive(Debug)]
struct Task {
    id: NodeId,
    path: PathBuf,
    dev: u64,
    ino: u64,
    /// Devices and inodes of the directories above, while links are followed.
    above: Vec<(u64, u64)>,
}

/// What the threads of one look share.
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    tree: Tree,
    tasks: Vec<Task>,
    /// How many threads may still find further tasks.
    busy: usize,
    is_too_large: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|error| error.into_inner())
    }
}

impl Look<'_> {
    /// There is no tree when there are more entries than it can count.
    fn at_everything(&self, meta: Meta) -> Option<Tree> {
        let first = Task {
            id: NodeId::ROOT,
            path: PathBuf::new(),
            dev: meta.dev,
            ino: meta.ino,
            above: Vec::new(),
        };
        let shared = Shared {
            state: Mutex::new(State {
                tree: Tree::of_root(meta),
                tasks: vec![first],
                busy: 0,
                is_too_large: false,
            }),
            changed: Condvar::new(),
        };
        thread::scope(|scope| {
            for _ in 1..THREADS {
                scope.spawn(|| self.work(&shared));
            }
            self.work(&shared);
        });
        let state = shared.state.into_inner();
        let mut state = state.unwrap_or_else(|error| error.into_inner());
        if state.is_too_large {
            return None;
        }
        state.tree.nodes.shrink_to_fit();
        state.tree.text.shrink_to_fit();
        Some(state.tree)
    }

    fn work(&self, shared: &Shared) {
        let mut found = Found::default();
        let mut state = shared.lock();
        loop {
            if let Some(task) = state.tasks.pop() {
                state.busy += 1;
                let rules = (self.keeps_rules).then(|| state.tree.rules.clone());
                drop(state);
                found.clear();
                self.list(&task, &rules.unwrap_or_default(), &mut found);
                state = shared.lock();
                state.busy -= 1;
                state.take_in(task, &mut found, self.is_followed);
                shared.changed.notify_all();
            } else if state.busy == 0 {
                return;
            } else {
                let waiting = shared.changed.wait(state);
                state = waiting.unwrap_or_else(|error| error.into_inner());
            }
        }
    }

    /// Reads one directory into `found`.
    fn list(&self, task: &Task, rules: &Rules, found: &mut Found) {
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
        if self.options.ignore_hidden && bytes.starts_with(b".") {
            found.listing.left_out += 1;
            return;
        }
        let meta = match rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Meta::from(&stat),
            Err(Errno::NOENT) => return,
            Err(errno) => return found.unknown(bytes, failure(path, errno)),
        };
        if bytes.starts_with(temporary::PREFIX.as_bytes()) && meta.kind == Kind::File {
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

/// What was found in one directory.
#[derive(Default)]
struct Found {
    listing: Listing,
    problems: Vec<FileError>,
    leftovers: Vec<PathBuf>,
    rules: Option<String>,
}

impl Found {
    fn clear(&mut self) {
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

impl State {
    fn take_in(&mut self, task: Task, found: &mut Found, is_followed: bool) {
        let Ok(new) = self.tree.adopt(task.id, &mut found.listing) else {
            self.is_too_large = true;
            self.tasks.clear();
            return;
        };
        self.tree.problems.append(&mut found.problems);
        self.tree.leftovers.append(&mut found.leftovers);
        if let Some(text) = &found.rules {
            self.tree.rules.add(&task.path, text);
        }
        // The last is looked at first: that keeps few directories waiting.
        for id in new.rev().map(NodeId) {
            let meta = *self.tree.meta(id);
            if meta.kind != Kind::Directory {
                continue;
            }
            let mut above = Vec::new();
            if is_followed {
                above.clone_from(&task.above);
                above.push((task.dev, task.ino));
            }
            self.tasks.push(Task {
                id,
                path: task.path.join(self.tree.name(id)),
                dev: meta.dev,
                ino: meta.ino,
                above,
            });
        }
    }
}

#[cfg(test)]
mod tests;
