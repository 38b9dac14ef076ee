//! Hints that something changed below a directory.
//!
//! A hint is never more than a reason to look: the system may lose events, join them or report
//! them late, and a directory that is made and filled at once is filled before it can be
//! watched. Whoever needs to be sure sweeps from time to time, too.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode},
};

use crate::Error;

/// A reason to look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// Something is at this path, new or with another content.
    File {
        /// Where.
        path: PathBuf,
        /// What seems to have happened.
        change: Change,
    },
    /// Something took another name, both of which are watched.
    Renamed {
        /// Its name before.
        from: PathBuf,
        /// Its name now.
        to: PathBuf,
    },
    /// A directory is there whose content nobody has reported: look at all of it, now and once
    /// more a moment later.
    Directory(PathBuf),
    /// Events were lost, or the watch is broken: look at everything.
    Everything,
}

/// What seems to have happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It was made, or moved here from where nobody watches.
    Created,
    /// Its content changed.
    Modified,
    /// A writer has closed it.
    Written,
    /// It was removed, or moved to where nobody watches.
    Removed,
}

/// A watch over a directory and everything below it, for as long as it is kept.
#[derive(Debug)]
pub struct TreeWatch {
    _watcher: RecommendedWatcher,
}

impl TreeWatch {
    /// Watches a directory; `tell` is called from a thread of the watch and must not wait.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], also when the system's limit of watches is reached.
    pub fn new(root: &Path, tell: impl Fn(Hint) + Send + 'static) -> Result<Self, Error> {
        let failed = |error: notify::Error| Error::io(root, "watch", into_io(error));
        let mut moves = Moves::default();
        let handler = move |event| {
            if moves.will_be_told_as_one(&event) {
                return;
            }
            hints(event).into_iter().for_each(&tell);
        };
        let mut watcher = notify::recommended_watcher(handler).map_err(failed)?;
        watcher
            .watch(root, RecursiveMode::Recursive)
            .map_err(failed)?;
        Ok(Self { _watcher: watcher })
    }
}

/// The moves under way: their two halves are told first, and then both together.
#[derive(Default)]
struct Moves(VecDeque<usize>);

impl Moves {
    /// No more moves are under way at once.
    const MOST: usize = 256;

    /// Returns whether this is the arrival of something whose departure was told, too.
    fn will_be_told_as_one(&mut self, event: &notify::Result<Event>) -> bool {
        let Ok(event) = event else { return false };
        let Some(cookie) = event.attrs.tracker() else {
            return false;
        };
        match event.kind {
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                if self.0.len() == Self::MOST {
                    self.0.pop_front();
                }
                self.0.push_back(cookie);
                false
            }
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => self.0.contains(&cookie),
            _ => false,
        }
    }
}

/// Reads an event as hints; those that our own reading causes are none.
fn hints(event: notify::Result<Event>) -> Vec<Hint> {
    let event = match event {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!("the watch is broken: {error}");
            return vec![Hint::Everything];
        }
    };
    if event.need_rescan() {
        return vec![Hint::Everything];
    }
    let each = |hint: fn(PathBuf) -> Hint| event.paths.iter().cloned().map(hint).collect();
    match event.kind {
        EventKind::Create(CreateKind::Folder) => each(Hint::Directory),
        EventKind::Create(_) => each(created),
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => match &event.paths[..] {
            [from, to] => vec![Hint::Renamed {
                from: from.clone(),
                to: to.clone(),
            }],
            _ => vec![Hint::Everything],
        },
        // What moved in may be a directory; looking at it tells.
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => each(arrived),
        EventKind::Modify(ModifyKind::Name(_)) => each(vanished_or_arrived),
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any | ModifyKind::Other) => {
            each(modified)
        }
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => each(written),
        EventKind::Remove(RemoveKind::Folder) => Vec::new(),
        EventKind::Remove(_) => each(removed),
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => Vec::new(),
        EventKind::Any | EventKind::Other => vec![Hint::Everything],
    }
}

fn file(path: PathBuf, change: Change) -> Hint {
    Hint::File { path, change }
}

fn created(path: PathBuf) -> Hint {
    file(path, Change::Created)
}

fn modified(path: PathBuf) -> Hint {
    file(path, Change::Modified)
}

fn written(path: PathBuf) -> Hint {
    file(path, Change::Written)
}

fn removed(path: PathBuf) -> Hint {
    file(path, Change::Removed)
}

fn arrived(path: PathBuf) -> Hint {
    if is_directory(&path) {
        Hint::Directory(path)
    } else {
        file(path, Change::Created)
    }
}

/// Some systems do not tell whether a name was taken or given up.
fn vanished_or_arrived(path: PathBuf) -> Hint {
    match path.symlink_metadata() {
        Ok(_) => arrived(path),
        Err(_) => file(path, Change::Removed),
    }
}

fn is_directory(path: &Path) -> bool {
    path.symlink_metadata()
        .is_ok_and(|metadata| metadata.is_dir())
}

fn into_io(error: notify::Error) -> std::io::Error {
    match error.kind {
        notify::ErrorKind::Io(error) => error,
        notify::ErrorKind::PathNotFound => std::io::ErrorKind::NotFound.into(),
        _ => std::io::Error::other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    /// Waits until something for which `is_it` holds is told.
    #[track_caller]
    fn wait_for(told: &mpsc::Receiver<Hint>, is_it: impl Fn(&Hint) -> bool) {
        let mut seen = Vec::new();
        loop {
            match told.recv_timeout(Duration::from_secs(20)) {
                Ok(hint) if is_it(&hint) => return,
                Ok(hint) => seen.push(hint),
                Err(_) => panic!("only {seen:?}"),
            }
        }
    }

    #[test]
    fn tells_what_happens_below_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let (tell, told) = mpsc::channel();
        let _watch = TreeWatch::new(&root, move |hint| drop(tell.send(hint))).unwrap();

        let deep = root.join("a");
        std::fs::create_dir(&deep).unwrap();
        wait_for(&told, |hint| *hint == Hint::Directory(deep.clone()));

        let file = root.join("file");
        std::fs::File::create(&file).unwrap();
        let is_at = |hint: &Hint, path: &Path, wanted: Change| matches!(hint, Hint::File { path: at, change } if at == path && *change == wanted);
        wait_for(&told, |hint| is_at(hint, &file, Change::Created));
        wait_for(&told, |hint| is_at(hint, &file, Change::Written));

        let renamed = root.join("renamed");
        std::fs::rename(&file, &renamed).unwrap();
        wait_for(&told, |hint| {
            *hint
                == Hint::Renamed {
                    from: file.clone(),
                    to: renamed.clone(),
                }
        });
        std::fs::remove_file(&renamed).unwrap();
        wait_for(&told, |hint| is_at(hint, &renamed, Change::Removed));

        // A directory that comes with its content is told as one.
        let full = outside.path().join("full");
        std::fs::create_dir(&full).unwrap();
        std::fs::File::create(full.join("inside")).unwrap();
        let arrived = root.join("full");
        if std::fs::rename(&full, &arrived).is_ok() {
            wait_for(&told, |hint| *hint == Hint::Directory(arrived.clone()));
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = TreeWatch::new(&dir.path().join("none"), |_| {}).unwrap_err();
        assert!(error.is_not_found(), "{error}");
    }
}
