//! Changes of files that make a job due.
//!
//! A [`Debounce`] decides when a burst of changes is over. What is watched, and how, is told by a
//! [`WatcherSpec`]; the [service](crate::service) watches.

mod debounce;
mod kinds;
mod poll;
mod sieve;
mod system;
mod watch;

use std::{path::PathBuf, time::Duration};

pub(crate) use self::watch::{News, Watching, watch};
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Job, Options, Schedule, job::Timing};

    /// Makes a job of two trees that runs by hand.
    pub(crate) fn job(source: impl Into<PathBuf>, destination: impl Into<PathBuf>) -> Job {
        Job {
            id: "job".parse().unwrap(),
            name: "Job".to_owned(),
            source: source.into(),
            destination: destination.into(),
            enabled: true,
            schedule: Schedule::Manual,
            timing: Timing::default(),
            priority: 0,
            tags: Vec::new(),
            options: Options::default(),
        }
    }

    /// Makes a watcher of a whole tree for that job.
    pub(crate) fn spec(path: impl Into<PathBuf>) -> WatcherSpec {
        WatcherSpec {
            id: "watcher".parse().unwrap(),
            name: "Watcher".to_owned(),
            path: path.into(),
            job: "job".parse().unwrap(),
            enabled: true,
            recursive: true,
            debounce: Duration::from_millis(20),
            events: EventKinds::default(),
            ignore: Filter::default(),
            max_events_per_second: None,
        }
    }
}
