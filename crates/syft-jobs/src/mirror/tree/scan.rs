//! Looks at everything below a directory.

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard},
    thread,
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::{Kind, Meta, NodeId, Tree};
use crate::{
    Error,
    mirror::{Direction, Options, Symlinks, plan::Side},
};

mod list;

use list::Found;

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
