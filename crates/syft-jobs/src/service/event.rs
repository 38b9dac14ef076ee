//! What a service says of what it does.

use serde::Serialize;

use crate::{JobId, RunRecord, queue::Cause, trigger::WatcherId};

/// Something that a service did, or would not do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A run waits for its turn.
    Queued {
        /// The run's name.
        run_id: String,
        /// What will run.
        job: JobId,
        /// Why.
        cause: Cause,
    },
    /// A job is wanted that waits already: one run is enough.
    Coalesced {
        /// The name of the run that waits.
        run_id: String,
        /// What will run.
        job: JobId,
        /// Why it was wanted again.
        cause: Cause,
    },
    /// A run begins.
    Started {
        /// The run's name.
        run_id: String,
        /// What runs.
        job: JobId,
        /// Why.
        cause: Cause,
    },
    /// A run is over.
    Finished(RunRecord),
    /// A run will not be.
    Refused {
        /// What should have run.
        job: JobId,
        /// Why it should.
        cause: Cause,
        /// Why it does not.
        why: Refused,
    },
    /// A run was missed, as while the machine slept, and is not made up for.
    Missed {
        /// What should have run.
        job: JobId,
    },
    /// The system tells a watcher of changes.
    WatcherArmed {
        /// Which one.
        watcher: WatcherId,
        /// The job that changes make due.
        job: JobId,
    },
    /// A watcher looks for changes itself, as the system does not tell of them.
    WatcherPolling {
        /// Which one.
        watcher: WatcherId,
        /// The job that changes make due.
        job: JobId,
        /// Why, and what helps.
        why: String,
    },
    /// What a watcher watches is gone or cannot be watched; it is looked for.
    WatcherLost {
        /// Which one.
        watcher: WatcherId,
        /// The job that changes make due.
        job: JobId,
        /// What is wrong.
        why: String,
    },
    /// A watcher is no more.
    WatcherOff {
        /// Which one.
        watcher: WatcherId,
    },
    /// What a run did could not be written down.
    NotRecorded {
        /// The run's name.
        run_id: String,
        /// Why not.
        why: String,
    },
}

/// Why a job does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refused {
    /// There is no such job.
    #[error("there is no such job")]
    Unknown,
    /// It is disabled.
    #[error("the job is disabled")]
    Disabled,
    /// As many runs wait as may.
    #[error("too many runs wait already")]
    QueueFull,
    /// Nothing runs until the service is resumed.
    #[error("the service is paused")]
    Paused,
    /// The service ends.
    #[error("the service is stopping")]
    Stopping,
}

impl Event {
    /// Returns the name of what happened, which is also its `event` when serialised.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Coalesced { .. } => "coalesced",
            Self::Started { .. } => "started",
            Self::Finished(_) => "finished",
            Self::Refused { .. } => "refused",
            Self::Missed { .. } => "missed",
            Self::WatcherArmed { .. } => "watcher_armed",
            Self::WatcherPolling { .. } => "watcher_polling",
            Self::WatcherLost { .. } => "watcher_lost",
            Self::WatcherOff { .. } => "watcher_off",
            Self::NotRecorded { .. } => "not_recorded",
        }
    }
}
