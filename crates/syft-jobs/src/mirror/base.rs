//! What was the same at both sides of a job of both ways when its last run was over.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{Kind, Meta, NodeId, Options, Time, Tree};

/// What both sides agreed upon, path by path; before the first run that is nothing.
///
/// Against it is told which side changed something, and that what is missing was deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    pub(crate) entries: HashMap<PathBuf, Agreed>,
}

/// A path that was in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) kind: Kind,
    pub(crate) source: Version,
    pub(crate) destination: Version,
}

/// What one side had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) mode: u16,
    pub(crate) size: u64,
    pub(crate) mtime: Time,
}

impl Base {
    /// Returns how many paths are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether nothing was agreed upon yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn get(&self, path: &Path) -> Option<&Agreed> {
        self.entries.get(path)
    }

    /// Returns what is agreed upon after a run, from looks at source and destination before it
    /// and after it.
    ///
    /// What is not in step keeps what was agreed upon about it, and so does what could not be
    /// looked at: it is not taken for deleted.
    #[must_use]
    pub fn after(&self, before: (&Tree, &Tree), after: (&Tree, &Tree), options: &Options) -> Self {
        let mut new = HashMap::new();
        if after.0.is_empty() || after.1.is_empty() {
            return self.clone();
        }
        let mut waiting = vec![(NodeId::ROOT, NodeId::ROOT, PathBuf::new())];
        while let Some((ours, theirs, path)) = waiting.pop() {
            for id in after.0.children(ours) {
                let Some(other) = after.1.child(theirs, after.0.name(id)) else {
                    continue;
                };
                let path = path.join(after.0.name(id));
                if after.0.meta(id).kind == Kind::Directory
                    && after.1.meta(other).kind == Kind::Directory
                {
                    waiting.push((id, other, path.clone()));
                }
                if let Some(agreed) = settle(&path, before, after, (id, other), options) {
                    new.insert(path, agreed);
                }
            }
        }
        for (path, agreed) in &self.entries {
            let is_forgotten = is_gone(after.0, path) && is_gone(after.1, path);
            if !new.contains_key(path) && !is_forgotten {
                new.insert(path.clone(), *agreed);
            }
        }
        Self { entries: new }
    }
}

impl Version {
    pub(crate) fn of(meta: &Meta) -> Self {
        Self {
            mode: meta.mode,
            size: meta.size,
            mtime: meta.mtime,
        }
    }

    /// Returns whether an entry is what it was.
    pub(crate) fn is_still(&self, kind: Kind, now: &Meta, options: &Options) -> bool {
        let same_mode = !options.permissions || kind == Kind::Symlink || self.mode == now.mode;
        let same_content = (self.size, self.mtime) == (now.size, now.mtime);
        kind == now.kind && same_mode && (kind == Kind::Directory || same_content)
    }
}

fn settle(
    path: &Path,
    before: (&Tree, &Tree),
    after: (&Tree, &Tree),
    (ours, theirs): (NodeId, NodeId),
    options: &Options,
) -> Option<Agreed> {
    let (source, destination) = (after.0.meta(ours), after.1.meta(theirs));
    let agree = |source: &Meta, destination: &Meta| {
        let is_file = source.kind == Kind::File;
        let same_file = source.size == destination.size
            && source.mtime.distance(destination.mtime) <= options.modify_window;
        let is_agreed = source.kind == destination.kind
            && source.kind != Kind::Special
            && (!is_file || same_file);
        is_agreed.then(|| Agreed {
            kind: source.kind,
            source: Version::of(source),
            destination: Version::of(destination),
        })
    };
    if source.kind == Kind::Symlink && after.0.target(ours) != after.1.target(theirs) {
        return None;
    }
    agree(source, destination).or_else(|| {
        // One side changed again since it was copied: it did so from what was copied.
        let seen = |tree: &Tree| Some(*tree.meta(tree.find(path)?));
        let file = |meta: &Meta| meta.kind == Kind::File;
        let copied = seen(before.0).filter(file)?;
        let back = seen(before.1).filter(file)?;
        agree(&copied, destination).or_else(|| agree(source, &back))
    })
}

/// Returns whether a path is known not to be there.
fn is_gone(tree: &Tree, path: &Path) -> bool {
    if tree.find(path).is_some() {
        return false;
    }
    let nearest = path.ancestors().skip(1).find_map(|above| tree.find(above));
    nearest.is_none_or(|nearest| !tree.node(nearest).is_partly_unknown)
}
