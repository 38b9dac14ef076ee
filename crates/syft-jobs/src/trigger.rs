//! Changes of files that make a job due.
//!
//! A [`Debounce`] decides when a burst of changes is over. What is watched, and how, is told by a
//! [`WatcherSpec`]; the [service](crate::service) watches.

mod debounce;
mod kinds;

use std::{path::PathBuf, time::Duration};

pub use self::{
    debounce::Debounce,
    kinds::{EventKind, EventKinds},
};
use crate::{Filter, JobId};

/// The name of a watcher, which is made like that of a job.
pub type WatcherId = JobId;

/// A tree whose changes make a job due.
#[derive(Clone, Debug, PartialEq)]
pub struct WatcherSpec {
    /// Its name in commands, logs and metrics.
    pub id: WatcherId,
    /// Its name for people.
    pub name: String,
    /// What is watched: a directory, or one file; an absolute path.
    pub path: PathBuf,
    /// The job that is due.
    pub job: JobId,
    /// Whether it watches at all.
    pub enabled: bool,
    /// Whether it watches what is below the directories in it, too.
    pub recursive: bool,
    /// The job is due when there was no change for so long; when changes never cease, after ten
    /// times as long, but not before ten seconds.
    pub debounce: Duration,
    /// The changes that count.
    pub events: EventKinds,
    /// Paths whose changes do not count, relative to what is watched.
    pub ignore: Filter,
    /// The job is due at most so often in a second; what comes more often counts together.
    pub max_events_per_second: Option<u32>,
}
