//! The directories that inotify watches for us: where each one is, and which are below it.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{
        Dir, FileType, Mode, OFlags,
        inotify::{self, WatchFlags},
    },
    io::Errno,
};

use super::{Depth, Detail, Scope};

/// What our own reading causes is not asked for: it would wake us for nothing.
const EVENTS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::MOVE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::ONLYDIR);

/// What is asked for besides when all is told.
const DETAILS: WatchFlags = WatchFlags::ATTRIB
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

/// The number that the system gives to a watched directory.
pub(super) type Id = i32;

/// A tree of watched directories. A move within it costs nothing, however much is below.
#[derive(Debug)]
pub(super) struct Watched {
    inotify: Arc<OwnedFd>,
    root: PathBuf,
    scope: Scope,
    events: WatchFlags,
    root_id: Id,
    places: HashMap<Id, Place>,
}

#[derive(Debug, Default)]
struct Place {
    /// The directory that it is in and its name there; none for the root.
    parent: Option<(Id, OsString)>,
    below: HashMap<OsString, Id>,
}

/// Why not everything is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The system's limit of watches is reached.
    Limit,
    /// What is there and what was told of it do not fit: events are behind.
    Confused,
}

impl Watched {
    /// Watches a directory and everything below it.
    pub(super) fn new(inotify: Arc<OwnedFd>, root: &Path, scope: &Scope) -> Result<Self, Errno> {
        let events = match scope.detail {
            Detail::Content => EVENTS,
            Detail::All => EVENTS | DETAILS,
        };
        let id = inotify::add_watch(&inotify, root, events)?;
        let mut watched = Self {
            inotify,
            root: root.to_owned(),
            scope: scope.clone(),
            events,
            root_id: id,
            places: HashMap::from([(id, Place::default())]),
        };
        match watched.add_below(id) {
            Err(Trouble::Limit) => Err(Errno::NOSPC),
            // Somebody moves directories about right now, of which events will tell.
            Ok(()) | Err(Trouble::Confused) => Ok(watched),
        }
    }

    /// Returns the path of a directory, or of something in it.
    pub(super) fn path(&self, id: Id, name: &OsStr) -> Option<PathBuf> {
        let mut names = vec![name];
        let mut place = self.places.get(&id)?;
        while let Some((parent, name)) = &place.parent {
            names.push(name);
            place = self.places.get(parent)?;
        }
        let length = names.iter().map(|name| name.len() + 1).sum::<usize>();
        let mut path = PathBuf::with_capacity(self.root.as_os_str().len() + length);
        path.push(&self.root);
        path.extend(names.iter().rev());
        Some(path)
    }

    /// Returns whether a number is that of the directory that everything is below.
    pub(super) fn is_root(&self, id: Id) -> bool {
        id == self.root_id
    }

    /// Watches a directory that is new, and what is below it.
    ///
    /// What cannot be watched because it has vanished or is not ours to read is left out.
    pub(super) fn add(&mut self, parent: Id, name: &OsStr) -> Result<(), Trouble> {
        match self.add_one(parent, name)? {
            Some(id) => self.add_below(id),
            None => Ok(()),
        }
    }

    /// Notes that a directory has another place; returns whether it was known.
    pub(super) fn rename(&mut self, from: (Id, &OsStr), to: (Id, &OsStr)) -> Result<bool, Trouble> {
        let place = self.places.get_mut(&from.0);
        let Some(id) = place.and_then(|place| place.below.remove(from.1)) else {
            return Ok(false);
        };
        self.put(id, to.0, to.1)?;
        Ok(true)
    }

    /// Forgets a directory that was moved to where nobody watches, and what is below it.
    pub(super) fn release(&mut self, parent: Id, name: &OsStr) {
        let place = self.places.get_mut(&parent);
        let mut waiting: Vec<Id> = place
            .and_then(|place| place.below.remove(name))
            .into_iter()
            .collect();
        while let Some(id) = waiting.pop() {
            // One that has been removed meanwhile is not watched any more.
            inotify::remove_watch(&self.inotify, id).ok();
            let place = self.places.remove(&id);
            waiting.extend(
                place
                    .into_iter()
                    .flat_map(|place| place.below.into_values()),
            );
        }
    }

    /// Forgets a directory that the system does not watch any more.
    pub(super) fn forget(&mut self, id: Id) {
        let Some((parent, name)) = self.places.remove(&id).and_then(|place| place.parent) else {
            return;
        };
        if let Some(parent) = self.places.get_mut(&parent)
            && parent.below.get(&name) == Some(&id)
        {
            parent.below.remove(&name);
        }
    }

    fn add_one(&mut self, parent: Id, name: &OsStr) -> Result<Option<Id>, Trouble> {
        if self.scope.depth == Depth::Directory {
            return Ok(None);
        }
        let path = self.path(parent, name);
        let Some(path) = path.filter(|path| !self.scope.skips(path)) else {
            return Ok(None);
        };
        match inotify::add_watch(&self.inotify, &path, self.events | WatchFlags::DONT_FOLLOW) {
            Ok(id) => self.put(id, parent, name).map(|()| Some(id)),
            Err(Errno::NOSPC | Errno::NOMEM) => Err(Trouble::Limit),
            Err(_) => Ok(None),
        }
    }

    fn add_below(&mut self, top: Id) -> Result<(), Trouble> {
        let mut waiting = vec![top];
        if self.scope.depth == Depth::Directory {
            return Ok(());
        }
        while let Some(id) = waiting.pop() {
            for name in self.directories_in(id) {
                waiting.extend(self.add_one(id, &name)?);
            }
        }
        Ok(())
    }

    /// Lists the directories in a watched one; what cannot be listed has vanished.
    fn directories_in(&self, id: Id) -> Vec<OsString> {
        let follow = if self.places.get(&id).is_some_and(|it| it.parent.is_none()) {
            OFlags::empty()
        } else {
            OFlags::NOFOLLOW
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | follow;
        let Some(path) = self.path(id, OsStr::new("")) else {
            return Vec::new();
        };
        let open = rustix::fs::open(path, flags, Mode::empty());
        let entries = open.and_then(Dir::new).into_iter().flatten();
        entries
            .filter_map(Result::ok)
            // Some file systems do not tell what it is; a file cannot be watched as a directory.
            .filter(|it| matches!(it.file_type(), FileType::Directory | FileType::Unknown))
            .map(|it| OsStr::from_bytes(it.file_name().to_bytes()).to_owned())
            .filter(|name| name != "." && name != "..")
            .collect()
    }

    /// Puts a directory into its place; one that is known already has moved.
    fn put(&mut self, id: Id, parent: Id, name: &OsStr) -> Result<(), Trouble> {
        let mut above = Some(parent);
        while let Some(other) = above {
            // Events are behind: the tree as it is and as it was told to be do not fit.
            if other == id {
                return Err(Trouble::Confused);
            }
            let place = self.places.get(&other).ok_or(Trouble::Confused)?;
            above = place.parent.as_ref().map(|(parent, _)| *parent);
        }
        let before = self.places.entry(id).or_default().parent.take();
        if let Some((parent, name)) = before
            && let Some(parent) = self.places.get_mut(&parent)
            && parent.below.get(&name) == Some(&id)
        {
            parent.below.remove(&name);
        }
        if let Some(place) = self.places.get_mut(&id) {
            place.parent = Some((parent, name.to_owned()));
        }
        if let Some(parent) = self.places.get_mut(&parent) {
            parent.below.insert(name.to_owned(), id);
        }
        Ok(())
    }
}
