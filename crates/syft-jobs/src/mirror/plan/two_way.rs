//! The plan of a job of both ways: each side gets what the other changed.

use std::path::{Path, PathBuf};

use super::{
    Action, Outcome, Plan, Side, Work, delete,
    draft::{Draft, VisitId},
    verdict::{Judge, Verdict},
};
use crate::mirror::{
    Conflicts, ErrorKind, FileError, Kind, NodeId, Options, Tree, base::Base, compare::Same,
};

mod side;
mod vanish;

/// Decides how both sides become the same.
pub(super) fn plan(
    source: &Tree,
    destination: &Tree,
    options: &Options,
    same: &dyn Same,
    base: &Base,
) -> Plan {
    if source.is_empty() || destination.is_empty() {
        return Plan::default();
    }
    // Without times nobody could tell who changed something.
    let options = &Options {
        timestamps: true,
        ..options.clone()
    };
    let mut ways = Ways {
        judge: Judge {
            source,
            destination,
            options,
            same,
        },
        base,
        draft: Draft::default(),
        waiting: vec![(NodeId::ROOT, NodeId::ROOT, PathBuf::new())],
    };
    let problems = source.problems.iter().chain(&destination.problems);
    ways.draft.errors.extend(problems.cloned());
    ways.draft.skipped = source.left_out;
    while let Some((ours, theirs, path)) = ways.waiting.pop() {
        ways.directory(ours, theirs, &path);
    }
    let percent = options.delete_limit_percent;
    let hold = |on, model, tree| ways.draft.hold(on, model, tree, percent);
    let held = hold(Side::Destination, source, destination)
        .or_else(|| hold(Side::Source, destination, source));
    ways.draft.finished(held)
}

struct Ways<'a> {
    judge: Judge<'a>,
    base: &'a Base,
    draft: Draft,
    /// Directories that both sides have.
    waiting: Vec<(NodeId, NodeId, PathBuf)>,
}

/// An entry of one side.
#[derive(Clone, Copy, Debug)]
struct Here {
    side: Side,
    id: NodeId,
}

impl Ways<'_> {
    fn directory(&mut self, ours: NodeId, theirs: NodeId, path: &Path) {
        let Judge {
            source,
            destination,
            ..
        } = self.judge;
        let is_unknown = |tree: &Tree, id| tree.node(id).is_partly_unknown;
        if is_unknown(source, ours) || is_unknown(destination, theirs) {
            // What is missing may be there, and what is there may be new or old.
            self.draft.skipped += u64::from(source.node(ours).children);
            return;
        }
        let mut others = destination.children(theirs).peekable();
        for id in source.children(ours) {
            let name = source.name(id);
            while let Some(other) = others.next_if(|&other| destination.name(other) < name) {
                self.entry(None, Some(other), &path.join(destination.name(other)));
            }
            let other = others.next_if(|&other| destination.name(other) == name);
            self.entry(Some(id), other, &path.join(name));
        }
        for other in others {
            self.entry(None, Some(other), &path.join(destination.name(other)));
        }
    }

    fn entry(&mut self, ours: Option<NodeId>, theirs: Option<NodeId>, path: &Path) {
        let here = |side, id: Option<NodeId>| id.map(|id| Here { side, id });
        let both = [here(Side::Source, ours), here(Side::Destination, theirs)];
        for here in both.into_iter().flatten() {
            let node = self.tree(here.side).node(here.id);
            if node.meta.kind == Kind::Special && !node.is_partly_unknown {
                let why = "a fifo, a socket or a device is never copied";
                return self.fail(path, ErrorKind::SpecialFile, why);
            }
            if !self.takes_part(here, path) {
                self.draft.skipped += 1;
                return;
            }
        }
        match both {
            [Some(ours), Some(theirs)] => self.both(ours.id, theirs.id, path),
            [Some(here), None] | [None, Some(here)] if self.base.get(path).is_some() => {
                self.vanish(here, path);
            }
            [Some(here), None] | [None, Some(here)] => self.appear(here),
            [None, None] => {}
        }
    }

    fn both(&mut self, ours: NodeId, theirs: NodeId, path: &Path) {
        let (source, destination) = (
            self.judge.source.meta(ours),
            self.judge.destination.meta(theirs),
        );
        let is_directory = [source, destination].map(|meta| meta.kind == Kind::Directory);
        match is_directory {
            [true, true] => self.directories(ours, theirs, path),
            [false, false] => self.leaves(ours, theirs, path),
            _ => self.clash(ours, theirs, path),
        }
    }

    /// Times of directories are nobody's wish; their permissions are.
    fn directories(&mut self, ours: NodeId, theirs: NodeId, path: &Path) {
        let (source, destination) = (
            self.judge.source.meta(ours),
            self.judge.destination.meta(theirs),
        );
        if self.judge.options.permissions && source.mode != destination.mode {
            let only_theirs = self.changed(ours, theirs, path) == [false, true];
            let winner = if only_theirs {
                Side::Destination
            } else {
                Side::Source
            };
            let finish = self.action(Work::FinishDirectory, winner, ours, theirs);
            self.draft.visit(finish, true);
        } else {
            self.draft.skipped += 1;
        }
        self.waiting.push((ours, theirs, path.to_owned()));
    }

    fn leaves(&mut self, ours: NodeId, theirs: NodeId, path: &Path) {
        let verdict = self.judge.compare(ours, theirs);
        let winner = match self.changed(ours, theirs, path) {
            [true, false] => Some(Side::Source),
            [false, true] => Some(Side::Destination),
            _ => None,
        };
        match verdict {
            Verdict::InStep => self.draft.skipped += 1,
            Verdict::Unknown(error) => self.draft.errors.push(error),
            Verdict::Attributes => {
                let winner = winner.unwrap_or_else(|| self.newer(ours, theirs));
                self.replace(Work::SetAttributes, winner, ours, theirs);
            }
            Verdict::Content => match winner {
                Some(winner) => self.replace(Work::CopyFile, winner, ours, theirs),
                None => self.conflict(ours, theirs, path),
            },
        }
    }

    fn conflict(&mut self, ours: NodeId, theirs: NodeId, path: &Path) {
        let (source, destination) = (
            self.judge.source.meta(ours),
            self.judge.destination.meta(theirs),
        );
        let winner = match self.judge.options.conflicts {
            Conflicts::Source => Some(Side::Source),
            Conflicts::Destination => Some(Side::Destination),
            Conflicts::Newer | Conflicts::Copy => Some(self.newer(ours, theirs)),
            Conflicts::Larger if destination.size > source.size => Some(Side::Destination),
            Conflicts::Larger => Some(Side::Source),
            Conflicts::Manual | Conflicts::Skip => None,
        };
        let Some(winner) = winner else {
            let is_manual = self.judge.options.conflicts == Conflicts::Manual;
            let outcome = if is_manual {
                Outcome::Undecided
            } else {
                Outcome::Left
            };
            self.draft.conflict(path.to_owned(), outcome);
            self.draft.skipped += 1;
            return;
        };
        let outcome = match (self.judge.options.conflicts, winner) {
            (Conflicts::Copy, _) => Outcome::BothKept,
            (_, Side::Source) => Outcome::SourceWins,
            (_, Side::Destination) => Outcome::DestinationWins,
        };
        self.draft.conflict(path.to_owned(), outcome);
        if outcome == Outcome::BothKept {
            let aside = self.action(Work::KeepAside, winner, ours, theirs);
            self.draft.push(aside);
        }
        self.replace(Work::CopyFile, winner, ours, theirs);
    }

    /// A directory on one side and something else on the other.
    fn clash(&mut self, ours: NodeId, theirs: NodeId, path: &Path) {
        let sides = [(Side::Source, ours), (Side::Destination, theirs)];
        let heres = sides.map(|(side, id)| Here { side, id });
        let untouched = heres.map(|here| self.is_untouched(here, path));
        let (winner, loser) = match untouched {
            [false, true] => (heres[0], heres[1]),
            [true, false] => (heres[1], heres[0]),
            _ => {
                let why = "one side has a directory there and the other has not, and both are new";
                return self.fail(path, ErrorKind::TypeClash, why);
            }
        };
        if !self.judge.options.delete {
            let why =
                "one side has a directory there and the other has not, and nothing may be deleted";
            return self.fail(path, ErrorKind::TypeClash, why);
        }
        let may_go = |id| self.may_go(Here { id, ..loser });
        let (doomed, stay) = delete::doomed(self.tree(loser.side), loser.id, may_go);
        if stay > 0 {
            let why = "something that stays is in a directory that the other side has not";
            return self.fail(path, ErrorKind::TypeClash, why);
        }
        for id in doomed {
            self.draft
                .push(taken_away(Work::MakeRoom, Here { id, ..loser }));
        }
        self.appear(winner);
    }

    /// Plans that something of one side comes to the other, with everything in it.
    fn appear(&mut self, here: Here) {
        let mut waiting = vec![here.id];
        while let Some(id) = waiting.pop() {
            let here = Here { id, ..here };
            let path = self.tree(here.side).path(id);
            if !self.takes_part(here, &path) {
                self.draft.skipped += 1;
                continue;
            }
            if self.make(here, &path).is_some() {
                waiting.extend(self.tree(here.side).children(id));
            }
        }
    }

    /// Plans one entry at the other side, where there is none; returns a directory's visit.
    fn make(&mut self, here: Here, path: &Path) -> Option<VisitId> {
        let meta = *self.tree(here.side).meta(here.id);
        let action = |work| Action {
            work,
            on: here.side.other(),
            from: Some(here.id),
            over: None,
        };
        match meta.kind {
            Kind::Directory => {
                self.draft.push(action(Work::MakeDirectory));
                Some(self.draft.visit(action(Work::FinishDirectory), true))
            }
            Kind::File => {
                self.draft.bytes += meta.size;
                self.draft.push(action(Work::CopyFile));
                None
            }
            Kind::Symlink => {
                self.draft.push(action(Work::MakeSymlink));
                None
            }
            Kind::Special => {
                let why = "a fifo, a socket or a device is never copied";
                self.fail(path, ErrorKind::SpecialFile, why);
                None
            }
        }
    }

    /// Plans that one side gets what the winner has.
    fn replace(&mut self, work: Work, winner: Side, ours: NodeId, theirs: NodeId) {
        let action = self.action(work, winner, ours, theirs);
        let model = |id| *self.tree(winner).meta(id);
        let Some(model) = action.from.map(model) else {
            return;
        };
        let loser = |id| *self.tree(winner.other()).meta(id);
        let has_other_names = action
            .over
            .map(loser)
            .is_some_and(|loser| loser.kind == Kind::File && loser.links > 1);
        let work = match (work, model.kind) {
            // Its other names would change with it: it gets a file of its own.
            (Work::SetAttributes, _) if !has_other_names => work,
            (_, Kind::Symlink) => Work::MakeSymlink,
            _ => {
                self.draft.bytes += model.size;
                Work::CopyFile
            }
        };
        self.draft.push(Action { work, ..action });
    }

    fn action(&self, work: Work, winner: Side, ours: NodeId, theirs: NodeId) -> Action {
        let (from, over) = match winner {
            Side::Source => (ours, theirs),
            Side::Destination => (theirs, ours),
        };
        Action {
            work,
            on: winner.other(),
            from: Some(from),
            over: Some(over),
        }
    }

    fn fail(&mut self, path: &Path, kind: ErrorKind, message: &str) {
        self.draft.errors.push(FileError {
            path: path.to_owned(),
            kind,
            message: message.to_owned(),
        });
    }
}

fn taken_away(work: Work, here: Here) -> Action {
    Action {
        work,
        on: here.side,
        from: None,
        over: Some(here.id),
    }
}
