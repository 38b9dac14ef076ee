//! Several names of one file.

use std::collections::HashMap;

use super::{
    Work,
    draft::{Draft, VisitId, on_destination},
    verdict::{Judge, Verdict},
};
use crate::mirror::NodeId;

/// A name of a file that has more than one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    pub(super) source: NodeId,
    pub(super) over: Option<NodeId>,
    pub(super) visit: VisitId,
    /// How it differs: it is missing, holds something else, or other attributes.
    pub(super) state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    InStep,
    Attributes,
    Different,
}

impl State {
    /// There is none where it cannot be said.
    pub(super) fn of(verdict: &Verdict) -> Option<Self> {
        match verdict {
            Verdict::InStep => Some(Self::InStep),
            Verdict::Attributes => Some(Self::Attributes),
            Verdict::Content => Some(Self::Different),
            Verdict::Unknown(_) => None,
        }
    }
}

/// Plans all names of all files that have several: one is copied, the others are made from it.
pub(super) fn plan(judge: &Judge<'_>, names: Vec<Name>, draft: &mut Draft) {
    let mut groups: Vec<Vec<Name>> = Vec::new();
    let mut known = HashMap::new();
    for name in names {
        let meta = judge.source.meta(name.source);
        let group = *known.entry((meta.dev, meta.ino)).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push(name),
            None => groups.push(vec![name]),
        }
    }
    for group in groups {
        plan_one(judge, &group, draft);
    }
}

fn plan_one(judge: &Judge<'_>, group: &[Name], draft: &mut Draft) {
    let best = group.iter().min_by_key(|name| match name.state {
        State::InStep => 0,
        State::Attributes => 1,
        State::Different => 2,
    });
    let Some(&first) = best else {
        return;
    };
    let inode = |name: &Name| {
        name.over.map(|over| {
            let meta = judge.destination.meta(over);
            (meta.dev, meta.ino)
        })
    };
    let has_same_inode = |name: &&Name| inode(name).is_some() && inode(name) == inode(&first);
    let shared = group.iter().filter(has_same_inode).count();
    let state = match (first.state, first.over) {
        // Other names of the old file would change with it: it gets a file of its own.
        (State::Attributes, Some(over))
            if usize::try_from(judge.destination.meta(over).links) != Ok(shared) =>
        {
            State::Different
        }
        (state, _) => state,
    };
    set(judge, first, state, draft);
    for name in group {
        if name.source == first.source {
            continue;
        }
        if state != State::Different && has_same_inode(&name) {
            draft.skipped += 1;
        } else {
            let link = Work::HardLink(first.source);
            draft.push(on_destination(link, Some(name.source), name.over));
            draft.finish(name.visit);
        }
    }
}

fn set(judge: &Judge<'_>, name: Name, state: State, draft: &mut Draft) {
    let work = match state {
        State::InStep => {
            draft.skipped += 1;
            return;
        }
        State::Attributes => Work::SetAttributes,
        State::Different => {
            draft.bytes += judge.source.meta(name.source).size;
            draft.finish(name.visit);
            Work::CopyFile
        }
    };
    draft.push(on_destination(work, Some(name.source), name.over));
}
