//! What one side deleted, and the other still has.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use super::{Here, Outcome, Side, Ways, Work, taken_away};
use crate::mirror::{Kind, NodeId};

/// An entry below something that the other side deleted.
struct Remnant {
    id: NodeId,
    path: PathBuf,
    /// It is new, or was changed since: a change weighs more than a deletion.
    is_changed: bool,
}

impl Ways<'_> {
    /// Plans that what the other side deleted goes here, too, but comes back there where it was
    /// changed here meanwhile.
    pub(super) fn vanish(&mut self, here: Here, path: &Path) {
        let remnants = self.remnants(here, path);
        let tree = self.tree(here.side);
        let mut wanted = HashSet::new();
        let mut kept = HashSet::new();
        let mut doomed = Vec::new();
        for Remnant { id, is_changed, .. } in remnants.iter().rev() {
            let (id, parent) = (*id, tree.parent(*id));
            if *is_changed || wanted.contains(&id) {
                wanted.insert(id);
                if id != here.id {
                    wanted.insert(parent);
                }
            }
            let may_go = self.judge.options.delete && self.may_go(Here { id, ..here });
            if wanted.contains(&id) || kept.contains(&id) || !may_go {
                kept.extend([id, parent]);
            } else {
                doomed.push(id);
            }
        }
        let stay = remnants.len() - doomed.len();
        for id in doomed {
            self.draft
                .push(taken_away(Work::Delete, Here { id, ..here }));
        }
        self.draft.skipped += (stay - wanted.len()) as u64;
        for Remnant {
            id,
            path,
            is_changed,
        } in remnants
        {
            if !wanted.contains(&id) {
                continue;
            }
            let here = Here { id, ..here };
            let is_directory = self.tree(here.side).meta(id).kind == Kind::Directory;
            if is_changed && !is_directory && self.base.get(&path).is_some() {
                let outcome = match here.side {
                    Side::Source => Outcome::SourceWins,
                    Side::Destination => Outcome::DestinationWins,
                };
                self.draft.conflict(path.clone(), outcome);
            }
            self.make(here, &path);
        }
    }

    /// Lists an entry and everything in it, parents before children.
    fn remnants(&self, here: Here, path: &Path) -> Vec<Remnant> {
        let tree = self.tree(here.side);
        let mut all = Vec::new();
        let mut waiting = vec![(here.id, path.to_owned())];
        while let Some((id, path)) = waiting.pop() {
            let here = Here { id, ..here };
            let meta = tree.meta(id);
            let agreed = self.base.get(&path);
            let is_still = agreed.is_some_and(|agreed| self.is_still(agreed, here));
            let takes_part = self.takes_part(here, &path) && meta.kind != Kind::Special;
            waiting.extend(tree.children(id).map(|id| (id, path.join(tree.name(id)))));
            all.push(Remnant {
                id,
                path,
                is_changed: takes_part && !is_still,
            });
        }
        all
    }
}
