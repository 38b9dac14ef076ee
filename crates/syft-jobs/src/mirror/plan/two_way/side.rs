//! What one side has, against what was agreed upon.

use std::path::Path;

use super::{Here, Side, Ways, delete};
use crate::mirror::{Kind, NodeId, Tree, base::Agreed};

impl Ways<'_> {
    /// Returns whether source and destination are not what was agreed upon.
    pub(super) fn changed(&self, ours: NodeId, theirs: NodeId, path: &Path) -> [bool; 2] {
        let Some(agreed) = self.base.get(path) else {
            return [true, true];
        };
        [(Side::Source, ours), (Side::Destination, theirs)]
            .map(|(side, id)| !self.is_still(agreed, Here { side, id }))
    }

    pub(super) fn is_still(&self, agreed: &Agreed, here: Here) -> bool {
        let version = match here.side {
            Side::Source => &agreed.source,
            Side::Destination => &agreed.destination,
        };
        let now = self.tree(here.side).meta(here.id);
        version.is_still(agreed.kind, now, self.judge.options)
    }

    /// Returns whether an entry and everything in it is what was agreed upon.
    pub(super) fn is_untouched(&self, here: Here, path: &Path) -> bool {
        let tree = self.tree(here.side);
        let mut waiting = vec![(here.id, path.to_owned())];
        while let Some((id, path)) = waiting.pop() {
            let agreed = self.base.get(&path);
            if !agreed.is_some_and(|agreed| self.is_still(agreed, Here { id, ..here })) {
                return false;
            }
            waiting.extend(tree.children(id).map(|id| (id, path.join(tree.name(id)))));
        }
        true
    }

    pub(super) fn newer(&self, ours: NodeId, theirs: NodeId) -> Side {
        let (source, destination) = (
            self.judge.source.meta(ours),
            self.judge.destination.meta(theirs),
        );
        if destination.mtime > source.mtime {
            Side::Destination
        } else {
            Side::Source
        }
    }

    pub(super) fn takes_part(&self, here: Here, path: &Path) -> bool {
        let tree = self.tree(here.side);
        let node = tree.node(here.id);
        let is_directory = node.meta.kind == Kind::Directory;
        (is_directory || !node.is_partly_unknown)
            && delete::takes_part(tree, here.id, self.judge.options)
            && !self.judge.source.rules.leave_out(path, is_directory)
    }

    pub(super) fn may_go(&self, here: Here) -> bool {
        let rules = &self.judge.source.rules;
        delete::may_go(self.tree(here.side), here.id, self.judge.options, rules)
    }

    pub(super) fn tree(&self, side: Side) -> &Tree {
        match side {
            Side::Source => self.judge.source,
            Side::Destination => self.judge.destination,
        }
    }
}
