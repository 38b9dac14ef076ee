//! A plan that is being made.

use std::path::PathBuf;

use crate::mirror::{
    Action, FileError, Held, NodeId, Plan, Tree,
    plan::{Conflict, Outcome, Side, Work},
};

/// Collects actions in any order; the plan has them in theirs.
#[derive(Debug, Default)]
pub(super) struct Draft {
    rooms: Vec<Action>,
    directories: Vec<Action>,
    files: Vec<Action>,
    links: Vec<Action>,
    deletions: Vec<Action>,
    pub(super) bytes: u64,
    pub(super) skipped: u64,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) errors: Vec<FileError>,
    visits: Vec<Visit>,
}

/// A directory on its way through the plan.
#[derive(Debug)]
struct Visit {
    finish: Action,
    is_needed: bool,
}

/// The place of a directory in the order of visits.
#[derive(Clone, Copy, Debug)]
pub(super) struct VisitId(usize);

impl Draft {
    pub(super) fn push(&mut self, action: Action) {
        match action.work {
            Work::MakeRoom | Work::KeepAside => self.rooms.push(action),
            Work::MakeDirectory => self.directories.push(action),
            Work::CopyFile | Work::MakeSymlink | Work::SetAttributes => self.files.push(action),
            Work::HardLink(_) => self.links.push(action),
            Work::Delete => self.deletions.push(action),
            Work::FinishDirectory => {}
        }
    }

    /// Notes a directory, before everything that is in it.
    pub(super) fn visit(&mut self, finish: Action, is_needed: bool) -> VisitId {
        self.visits.push(Visit { finish, is_needed });
        VisitId(self.visits.len() - 1)
    }

    /// Has a directory finished when all else is done.
    pub(super) fn finish(&mut self, visit: VisitId) {
        self.visits[visit.0].is_needed = true;
    }

    pub(super) fn conflict(&mut self, path: PathBuf, outcome: Outcome) {
        self.conflicts.push(Conflict { path, outcome });
    }

    /// Returns how many entries of a side would go.
    fn deletions(&self, on: Side) -> usize {
        let doomed = self.rooms.iter().chain(&self.deletions);
        doomed
            .filter(|action| action.on == on && action.work != Work::KeepAside)
            .count()
    }

    /// Returns why this must not be carried out on a side as it is.
    pub(super) fn hold(&self, on: Side, model: &Tree, tree: &Tree, percent: u8) -> Option<Held> {
        let deletions = self.deletions(on);
        let of = tree.len().saturating_sub(1);
        if deletions == 0 {
            None
        } else if model.len() <= 1 {
            Some(Held::SourceEmpty { on, deletions })
        } else if deletions.saturating_mul(100) > of.saturating_mul(usize::from(percent)) {
            Some(Held::TooManyDeletions {
                on,
                deletions,
                of,
                limit_percent: percent,
            })
        } else {
            None
        }
    }

    /// Puts everything in its order.
    pub(super) fn finished(mut self, held: Option<Held>) -> Plan {
        let mut actions = self.rooms;
        actions.append(&mut self.directories);
        actions.append(&mut self.files);
        actions.append(&mut self.links);
        actions.append(&mut self.deletions);
        let needed = self.visits.iter().rev().filter(|visit| visit.is_needed);
        actions.extend(needed.map(|visit| visit.finish));
        actions.shrink_to_fit();
        Plan {
            actions,
            bytes: self.bytes,
            skipped: self.skipped,
            conflicts: self.conflicts,
            errors: self.errors,
            held,
        }
    }
}

/// An action on the destination.
pub(super) fn on_destination(work: Work, from: Option<NodeId>, over: Option<NodeId>) -> Action {
    Action {
        work,
        on: Side::Destination,
        from,
        over,
    }
}
