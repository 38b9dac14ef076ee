//! The plan of a mirror: the destination becomes what the source is.

use std::collections::HashSet;

use super::{
    Outcome, Plan, Side, Work, delete,
    draft::{Draft, VisitId, on_destination},
    links::{self, Name, State},
    verdict::{Judge, Verdict},
};
use crate::mirror::{
    Conflicts, ErrorKind, FileError, Kind, NodeId, Options, Symlinks, Tree, compare::Same,
    plan::aside,
};

/// Decides how the destination becomes what the source is.
pub(super) fn plan(source: &Tree, destination: &Tree, options: &Options, same: &dyn Same) -> Plan {
    if source.is_empty() || destination.is_empty() {
        return Plan::default();
    }
    let mut mirror = Mirror {
        judge: Judge {
            source,
            destination,
            options,
            same,
        },
        wanted: wanted(source, options),
        draft: Draft::default(),
        names: Vec::new(),
        waiting: Vec::new(),
    };
    let problems = source.problems.iter().chain(&destination.problems);
    mirror.draft.errors.extend(problems.cloned());
    mirror.draft.skipped = source.left_out;
    mirror.enter(NodeId::ROOT, Some(NodeId::ROOT));
    while let Some(pair) = mirror.waiting.pop() {
        mirror.directory(&pair);
    }
    let Mirror {
        judge,
        names,
        mut draft,
        ..
    } = mirror;
    links::plan(&judge, names, &mut draft);
    let percent = options.delete_limit_percent;
    let held = draft.hold(Side::Destination, source, destination, percent);
    draft.finished(held)
}

struct Mirror<'a> {
    judge: Judge<'a>,
    /// Which directories take part, where that depends on what is in them.
    wanted: Option<Vec<bool>>,
    draft: Draft,
    /// Names of files that have several, which are planned when all are known.
    names: Vec<Name>,
    waiting: Vec<Pair>,
}

/// A directory of the source and what there is of it at the destination.
struct Pair {
    source: NodeId,
    destination: Option<NodeId>,
    visit: VisitId,
}

impl Mirror<'_> {
    /// Has a directory looked into later.
    fn enter(&mut self, source: NodeId, destination: Option<NodeId>) {
        let is_in_step = destination.is_some_and(|destination| {
            let (model, copy) = (
                self.judge.source.meta(source),
                self.judge.destination.meta(destination),
            );
            self.judge.same_attributes(model, copy)
        });
        let finish = on_destination(Work::FinishDirectory, Some(source), destination);
        let visit = self.draft.visit(finish, !is_in_step);
        if is_in_step {
            self.draft.skipped += 1;
        }
        self.waiting.push(Pair {
            source,
            destination,
            visit,
        });
    }

    fn directory(&mut self, pair: &Pair) {
        let Judge {
            source,
            destination,
            ..
        } = self.judge;
        if pair
            .destination
            .is_some_and(|id| destination.node(id).is_partly_unknown)
        {
            // What is there is not known, so nothing is written over it.
            self.draft.skipped += u64::from(source.node(pair.source).children);
            return;
        }
        let mut theirs = pair
            .destination
            .into_iter()
            .flat_map(|id| destination.children(id))
            .peekable();
        let mut folded = HashSet::new();
        for id in source.children(pair.source) {
            let name = source.name(id);
            while let Some(extra) = theirs.next_if(|&their| destination.name(their) < name) {
                self.extra(extra, pair);
            }
            let over = theirs.next_if(|&their| destination.name(their) == name);
            if destination.folds_case && !folded.insert(name.to_string_lossy().to_lowercase()) {
                self.fail(
                    id,
                    ErrorKind::BadName,
                    "another name here differs from it in case alone, and the destination takes both for one",
                );
                continue;
            }
            self.entry(id, over, pair);
        }
        for extra in theirs {
            self.extra(extra, pair);
        }
    }

    /// Something that only the destination has.
    fn extra(&mut self, id: NodeId, pair: &Pair) {
        let Judge {
            source,
            destination,
            options,
            ..
        } = self.judge;
        let is_unknown = source.node(pair.source).is_partly_unknown;
        if !options.delete || is_unknown || !self.may_go(id) && destination.node(id).children == 0 {
            self.draft.skipped += 1;
            return;
        }
        let (doomed, stay) = delete::doomed(destination, id, |id| self.may_go(id));
        if doomed.last() == Some(&id) {
            self.draft.finish(pair.visit);
        }
        self.draft.skipped += stay;
        for id in doomed {
            self.draft
                .push(on_destination(Work::Delete, None, Some(id)));
        }
    }

    /// Something that the source has.
    fn entry(&mut self, id: NodeId, over: Option<NodeId>, pair: &Pair) {
        let Judge {
            source,
            destination,
            options,
            ..
        } = self.judge;
        let node = source.node(id);
        let is_known = |over: NodeId| {
            let node = destination.node(over);
            !node.is_partly_unknown || node.meta.kind == Kind::Directory
        };
        if !over.is_none_or(is_known)
            || !delete::takes_part(source, id, options)
            || !self.is_wanted(id) && over.is_none()
        {
            self.draft.skipped += 1;
            return;
        }
        match node.meta.kind {
            Kind::Special if node.is_partly_unknown => self.draft.skipped += 1,
            Kind::Special => self.fail(
                id,
                ErrorKind::SpecialFile,
                "a fifo, a socket or a device is never copied",
            ),
            Kind::Directory if is_root_of(destination, source, id) => self.fail(
                id,
                ErrorKind::Guard,
                "it is the destination itself, which is not copied into itself",
            ),
            Kind::Directory => self.subdirectory(id, over, pair),
            Kind::File | Kind::Symlink => self.leaf(id, over, pair),
        }
    }

    fn subdirectory(&mut self, id: NodeId, over: Option<NodeId>, pair: &Pair) {
        let same = over.filter(|&over| self.kind(over) == Kind::Directory);
        if same.is_none() {
            if let Some(over) = over
                && !self.make_room(id, over)
            {
                return;
            }
            self.push(Work::MakeDirectory, id, None, pair);
        }
        self.enter(id, same);
    }

    fn leaf(&mut self, id: NodeId, over: Option<NodeId>, pair: &Pair) {
        let Some(over) = over else {
            return self.make(id, None, State::Different, pair);
        };
        if matches!(self.kind(over), Kind::Directory | Kind::Special) {
            if self.make_room(id, over) {
                self.make(id, None, State::Different, pair);
            }
            return;
        }
        if self.kind(over) == Kind::Symlink && self.judge.options.symlinks == Symlinks::Skip {
            let why = "the destination has a link there, and links take no part";
            return self.fail(id, ErrorKind::TypeClash, why);
        }
        let verdict = self.judge.compare(id, over);
        let Some(state) = State::of(&verdict) else {
            if let Verdict::Unknown(error) = verdict {
                self.draft.errors.push(error);
            }
            return;
        };
        if state == State::Different
            && let Some(outcome) = self.judge.conflict(id, over)
        {
            self.draft.conflict(self.judge.source.path(id), outcome);
            match outcome {
                Outcome::SourceWins => {}
                Outcome::BothKept => self.push(Work::KeepAside, id, Some(over), pair),
                _ => {
                    self.draft.skipped += 1;
                    return;
                }
            }
        }
        self.make(id, Some(over), state, pair);
    }

    /// Plans a file or a link whose way is free.
    fn make(&mut self, id: NodeId, over: Option<NodeId>, state: State, pair: &Pair) {
        let meta = self.judge.source.meta(id);
        if self.judge.options.hard_links && meta.kind == Kind::File && meta.links > 1 {
            self.names.push(Name {
                source: id,
                over,
                visit: pair.visit,
                state,
            });
            return;
        }
        let has_other_names = over.is_some_and(|over| {
            let copy = self.judge.destination.meta(over);
            copy.kind == Kind::File && copy.links > 1
        });
        match state {
            State::InStep => self.draft.skipped += 1,
            // Its other names would change with it: it gets a file of its own.
            State::Attributes if !has_other_names => {
                let set = on_destination(Work::SetAttributes, Some(id), over);
                self.draft.push(set);
            }
            _ if meta.kind == Kind::Symlink => self.push(Work::MakeSymlink, id, over, pair),
            _ => {
                self.draft.bytes += meta.size;
                self.push(Work::CopyFile, id, over, pair);
            }
        }
    }

    /// Plans that what stands in the way goes, if it may.
    fn make_room(&mut self, id: NodeId, over: NodeId) -> bool {
        let (doomed, stay) = delete::doomed(self.judge.destination, over, |id| self.may_go(id));
        let what = match self.kind(over) {
            Kind::Directory => "a directory",
            Kind::File => "a file",
            Kind::Symlink => "a link",
            Kind::Special => "a fifo, a socket or a device",
        };
        if !self.judge.options.delete {
            let why = format!("the destination has {what} there, and nothing may be deleted");
            self.fail(id, ErrorKind::TypeClash, &why);
            return false;
        }
        if stay > 0 {
            let why = format!("the destination has {what} there with something in it that stays");
            self.fail(id, ErrorKind::TypeClash, &why);
            return false;
        }
        for id in doomed {
            self.draft
                .push(on_destination(Work::MakeRoom, None, Some(id)));
        }
        true
    }

    /// Plans something that changes what is in a directory.
    fn push(&mut self, work: Work, id: NodeId, over: Option<NodeId>, pair: &Pair) {
        self.draft.push(on_destination(work, Some(id), over));
        self.draft.finish(pair.visit);
    }

    fn may_go(&self, id: NodeId) -> bool {
        let Judge {
            source,
            destination,
            options,
            ..
        } = self.judge;
        delete::may_go(destination, id, options, &source.rules)
            && !is_root_of(source, destination, id)
            && !(options.conflicts == Conflicts::Copy && aside::is_aside(destination.name(id)))
    }

    fn is_wanted(&self, id: NodeId) -> bool {
        let wanted = self.wanted.as_ref();
        wanted.is_none_or(|wanted| wanted[id.0 as usize])
    }

    fn kind(&self, over: NodeId) -> Kind {
        self.judge.destination.meta(over).kind
    }

    fn fail(&mut self, id: NodeId, kind: ErrorKind, message: &str) {
        self.draft.errors.push(FileError {
            path: self.judge.source.path(id),
            kind,
            message: message.to_owned(),
        });
    }
}

/// Returns whether an entry of one tree is the root of the other, as by a mount or a link.
fn is_root_of(other: &Tree, tree: &Tree, id: NodeId) -> bool {
    let (root, meta) = (other.meta(NodeId::ROOT), tree.meta(id));
    meta.ino != 0 && (root.dev, root.ino) == (meta.dev, meta.ino)
}

/// Finds out which entries take part where only what is included does: a directory that is not
/// takes part when something in it does.
fn wanted(tree: &Tree, options: &Options) -> Option<Vec<bool>> {
    let filter = &options.filter;
    if !filter.has_includes() {
        return None;
    }
    let mut wanted = vec![false; tree.len()];
    for id in tree.ids() {
        let is_directory = tree.meta(id).kind == Kind::Directory;
        wanted[id.0 as usize] = !is_directory
            || wanted[tree.parent(id).0 as usize]
            || filter.includes(&tree.path(id), true);
    }
    for id in tree.ids().collect::<Vec<_>>().into_iter().rev() {
        wanted[tree.parent(id).0 as usize] |= wanted[id.0 as usize];
    }
    Some(wanted)
}
