//! Which job runs now, which waits, and which is refused.
//!
//! A [`Queue`] decides and does nothing: it is pushed to, asked what may [start](Queue::start),
//! and told what is [finished](Queue::finish).

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::VecDeque,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{JobId, mirror::Insist};

/// The jobs that wait and those that run.
#[derive(Clone, Debug)]
pub struct Queue {
    limit: usize,
    /// Oldest first.
    waiting: VecDeque<Entry>,
    running: Vec<Entry>,
}

/// A run that waits or runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name that the run has from now on.
    pub run_id: String,
    /// What runs.
    pub job: JobId,
    /// Those of a higher one start first.
    pub priority: i32,
    /// The trees that it writes; no other run may write in them, below or above them meanwhile.
    pub writes: Vec<PathBuf>,
    /// Whether it takes the place of a run of the same job that waits already.
    pub overlap: Overlap,
    /// What was asked for.
    pub request: Request,
}

/// Why and how a job is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Why.
    pub cause: Cause,
    /// Plans and changes nothing.
    pub dry_run: bool,
    /// Whether a plan is carried out that would be held.
    pub insist: Insist,
}

/// What made a job run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It was due.
    Schedule,
    /// Files changed.
    FileWatcher,
    /// Somebody wanted it.
    Manual,
    /// The configuration changed.
    ConfigReload,
}

/// What happens to a run when the same job waits already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// One run is enough for both.
    Coalesce,
    /// Each time counts.
    Repeat,
}

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pushed {
    /// It waits.
    Queued,
    /// A run that waits already is enough; this is its name.
    Coalesced(String),
    /// As many wait as may.
    Refused,
}

impl Queue {
    /// Makes an empty queue in which so many runs may wait, at least one.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            waiting: VecDeque::new(),
            running: Vec::new(),
        }
    }

    /// Lets a run wait, unless one that waits does the same or too many wait.
    ///
    /// A run that goes on already is none that waits: it may have passed what has changed since.
    pub fn push(&mut self, entry: Entry) -> Pushed {
        if entry.overlap == Overlap::Coalesce
            && let Some(other) = self.waiting.iter_mut().find(|it| it.does_the_same(&entry))
        {
            other.priority = other.priority.max(entry.priority);
            return Pushed::Coalesced(other.run_id.clone());
        }
        if self.waiting.len() >= self.limit {
            return Pushed::Refused;
        }
        self.waiting.push_back(entry);
        Pushed::Queued
    }

    /// Takes the next run that may start while no more than so many run: of the highest priority
    /// the one that waits longest, among those that do not get in the way of a running one.
    ///
    /// What has to wait for its trees is overtaken only by what leaves them alone.
    pub fn start(&mut self, most_running: usize) -> Option<Entry> {
        if self.running.len() >= most_running.max(1) {
            return None;
        }
        let mut order: Vec<usize> = (0..self.waiting.len()).collect();
        order.sort_by_key(|index| Reverse(self.waiting[*index].priority));
        let mut ahead: Vec<&Entry> = self.running.iter().collect();
        let index = order.into_iter().find(|index| {
            let entry = &self.waiting[*index];
            let is_free = !ahead.iter().any(|it| it.is_in_the_way_of(entry));
            ahead.push(entry);
            is_free
        })?;
        let entry = self.waiting.remove(index)?;
        self.running.push(entry.clone());
        Some(entry)
    }

    /// Notes that a run is over; returns what it was.
    pub fn finish(&mut self, run_id: &str) -> Option<Entry> {
        let index = self.running.iter().position(|it| it.run_id == run_id)?;
        Some(self.running.swap_remove(index))
    }

    /// Takes the runs out that wait and that `is_unwanted` names.
    pub fn remove(&mut self, is_unwanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let (out, stay) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<VecDeque<_>, _>(is_unwanted);
        self.waiting = stay;
        out.into()
    }

    /// Notes what a job that waits will write, and how urgent it is, when that has changed.
    pub fn amend(&mut self, job: &JobId, priority: i32, writes: &[PathBuf]) {
        for entry in self.waiting.iter_mut().filter(|it| it.job == *job) {
            entry.priority = priority;
            writes.clone_into(&mut entry.writes);
        }
    }

    /// Iterates over the runs that wait, the oldest first.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.waiting.iter()
    }

    /// Iterates over the runs that go on.
    pub fn running(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.running.iter()
    }
}

impl Entry {
    fn does_the_same(&self, other: &Self) -> bool {
        let kind = |it: &Self| (it.request.dry_run, it.request.insist);
        self.job == other.job && kind(self) == kind(other)
    }

    fn is_in_the_way_of(&self, other: &Self) -> bool {
        self.job == other.job
            || self.writes.iter().any(|mine| {
                let mut others = other.writes.iter();
                others.any(|theirs| are_nested(mine, theirs))
            })
    }
}

/// Returns whether one path is the other, or is above it.
fn are_nested(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

impl Request {
    /// Returns a request for an ordinary run.
    #[must_use]
    pub fn new(cause: Cause) -> Self {
        Self {
            cause,
            dry_run: false,
            insist: Insist::No,
        }
    }
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 4] = [
        Self::Schedule,
        Self::FileWatcher,
        Self::Manual,
        Self::ConfigReload,
    ];

    /// Returns its name in metrics and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::FileWatcher => "file_watcher",
            Self::Manual => "manual",
            Self::ConfigReload => "config_reload",
        }
    }
}
