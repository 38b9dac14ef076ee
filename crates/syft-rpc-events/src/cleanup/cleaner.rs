//! Deletes what is due.

use std::{io, time::Duration};

use syft_state::{Email, Timestamp};

use super::{
    plan::{Due, Policy, Root, plan},
    stats::{Kind, Removal, Run},
    survey::survey,
};
use crate::{
    claims::Claims,
    layout::{AppPaths, Workspace, response_to},
    tree::{Directory, Tree},
};

/// A request that a server is busy with is tried so often, with this pause.
const CLAIM_LOOKS: u32 = 10;
const CLAIM_PAUSE: Duration = Duration::from_millis(5);

/// Whoever cleans up after one app.
#[derive(Debug)]
pub(super) struct Cleaner {
    rpc: Tree,
    staging: Tree,
    policy: Policy,
    is_dry: bool,
    claims: Claims,
}

/// What became of a file that was due.
enum Fate {
    Deleted,
    /// It has changed, is handled right now, or is gone.
    Spared,
    Failed,
}

impl Cleaner {
    pub(super) fn new(
        workspace: &Workspace,
        app: &AppPaths,
        policy: Policy,
        is_dry: bool,
        claims: Claims,
    ) -> Self {
        Self {
            rpc: Tree::new(app.rpc(), workspace.staging()),
            staging: Tree::new(workspace.staging(), workspace.staging()),
            policy,
            is_dry,
            claims,
        }
    }

    /// Looks for what is due at a time, and deletes it; whatever fails is counted.
    pub(super) fn run(&self, now: Timestamp) -> Run {
        let survey = survey(&self.rpc, &self.staging, now, self.policy);
        let due = plan(&survey.seen, now, self.policy);
        let mut run = Run {
            removed: Vec::new(),
            errors: survey.errors,
            is_dry: self.is_dry,
        };
        let mut open = Open::default();
        let mut spared = None;
        for due in due {
            // An answer stays with its request.
            if due.kind == Kind::Response && spared.as_ref() == Some(&due.path) {
                continue;
            }
            let fate = if self.is_dry {
                Fate::Deleted
            } else {
                self.delete(&due, &mut open)
            };
            match fate {
                Fate::Deleted => run.removed.push(self.removal(due)),
                Fate::Spared => spared = response_to(&due.path),
                Fate::Failed => {
                    run.errors += 1;
                    spared = response_to(&due.path);
                }
            }
        }
        run
    }

    fn delete(&self, due: &Due, open: &mut Open) -> Fate {
        let (path, name) = due.path.rsplit_once('/').unwrap_or(("", &due.path));
        let outcome = open
            .directory(self.tree(due.root), due.root, path)
            .and_then(|directory| match due.kind {
                Kind::Request => self.remove_unclaimed(directory, name, due),
                _ => remove(directory, name, due),
            });
        match outcome {
            Ok(true) => Fate::Deleted,
            Ok(false) => Fate::Spared,
            Err(error) if is_no_fault(&error) => Fate::Spared,
            Err(error) => {
                tracing::warn!("cannot delete {:?}: {error}", due.path);
                Fate::Failed
            }
        }
    }

    /// Removes a request unless a server goes on to be busy with it.
    ///
    /// Mostly it only looks at it, as at all files when it starts; that is over in an instant.
    fn remove_unclaimed(&self, directory: &Directory, name: &str, due: &Due) -> io::Result<bool> {
        for _ in 0..CLAIM_LOOKS {
            // The look in it is for a request that took the place of an old one with its id.
            let removed = self
                .claims
                .unless_held(&due.path, || remove(directory, name, due));
            match removed {
                Some(outcome) => return outcome,
                None => std::thread::sleep(CLAIM_PAUSE),
            }
        }
        Ok(false)
    }

    fn tree(&self, root: Root) -> &Tree {
        match root {
            Root::Rpc => &self.rpc,
            Root::Staging => &self.staging,
        }
    }

    fn removal(&self, due: Due) -> Removal {
        let bytes = match due.kind {
            Kind::Directory => 0,
            _ => due.print.length(),
        };
        Removal {
            path: self.tree(due.root).root().join(&due.path),
            kind: due.kind,
            sender: sender_of(&due),
            bytes,
        }
    }
}

/// The directory that was last needed: what is due is sorted by directories.
#[derive(Debug, Default)]
struct Open(Option<(Root, String, Directory)>);

impl Open {
    fn directory(&mut self, tree: &Tree, root: Root, path: &str) -> io::Result<&Directory> {
        let is_open = matches!(&self.0, Some((of, open, _)) if *of == root && open == path);
        if !is_open {
            self.0 = Some((root, path.to_owned(), tree.directory(path)?));
        }
        let open = self.0.as_ref().map(|(_, _, directory)| directory);
        open.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Deletes a file if it is as it was seen.
fn remove(directory: &Directory, name: &str, due: &Due) -> io::Result<bool> {
    if directory.look(name)? != due.print {
        return Ok(false);
    }
    match due.kind {
        Kind::Directory => directory.remove_directory(name)?,
        _ => directory.remove(name)?,
    }
    Ok(true)
}

/// Somebody was faster, or has put something into an empty directory.
fn is_no_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{DirectoryNotEmpty, NotFound};
    matches!(error.kind(), NotFound | DirectoryNotEmpty)
}

/// Returns whose directory a file is in; an empty directory is its own sender's.
fn sender_of(due: &Due) -> Option<Email> {
    let mut segments = due.path.rsplit('/');
    if due.kind != Kind::Directory {
        segments.next();
    }
    segments.next()?.parse().ok()
}
