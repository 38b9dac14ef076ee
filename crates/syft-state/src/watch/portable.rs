//! Events of systems other than Linux.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode},
};

use super::{Change, Depth, Detail, Hint, Scope};

/// The system's own watch, for as long as it is kept.
#[derive(Debug)]
pub(super) struct Watching {
    _watcher: RecommendedWatcher,
}

/// Watches a directory and everything below it.
pub(super) fn watch(
    root: &Path,
    scope: Scope,
    tell: impl Fn(Hint) + Send + 'static,
) -> io::Result<Watching> {
    let mode = match scope.depth {
        Depth::Tree => RecursiveMode::Recursive,
        Depth::Directory => RecursiveMode::NonRecursive,
    };
    let watched = root.to_owned();
    let mut moves = Moves::default();
    let handler = move |event| {
        if moves.will_be_told_as_one(&event) {
            return;
        }
        let hints = match scope.detail {
            Detail::Content => hints(event),
            Detail::All => detailed(event, &watched),
        };
        let is_left_out = |path| is_skipped(&scope, &watched, path);
        let is_wanted = |hint: &Hint| !place(hint).is_some_and(is_left_out);
        hints.into_iter().filter(is_wanted).for_each(&tell);
    };
    let mut watcher = notify::recommended_watcher(handler).map_err(into_io)?;
    watcher.watch(root, mode).map_err(into_io)?;
    Ok(Watching { _watcher: watcher })
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

/// Reads an event as hints that tell all.
fn detailed(event: notify::Result<Event>, root: &Path) -> Vec<Hint> {
    let Ok(known) = &event else {
        return hints(event);
    };
    let each = |hint: fn(PathBuf) -> Hint| known.paths.iter().cloned().map(hint).collect();
    match known.kind {
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
            if known.paths.iter().any(|path| path == root) && root.symlink_metadata().is_err() =>
        {
            vec![Hint::Lost]
        }
        EventKind::Remove(_) => each(removed),
        EventKind::Modify(ModifyKind::Metadata(_)) => each(Hint::Attributes),
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => each(Hint::Arrived),
        EventKind::Modify(ModifyKind::Name(RenameMode::From)) => each(Hint::Departed),
        _ => hints(event),
    }
}

/// Returns where something happened.
fn place(hint: &Hint) -> Option<&Path> {
    match hint {
        Hint::File { path, .. }
        | Hint::Renamed { to: path, .. }
        | Hint::Directory(path)
        | Hint::Arrived(path)
        | Hint::Departed(path)
        | Hint::Attributes(path) => Some(path),
        Hint::Everything | Hint::Lost | Hint::Limited => None,
    }
}

/// Returns whether something is in a directory that is left out.
fn is_skipped(scope: &Scope, root: &Path, path: &Path) -> bool {
    let above = path.ancestors().skip(1);
    above
        .take_while(|directory| *directory != root && directory.starts_with(root))
        .any(|directory| scope.skips(directory))
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

fn into_io(error: notify::Error) -> io::Error {
    match error.kind {
        notify::ErrorKind::Io(error) => error,
        notify::ErrorKind::PathNotFound => io::ErrorKind::NotFound.into(),
        _ => io::Error::other(error.to_string()),
    }
}
