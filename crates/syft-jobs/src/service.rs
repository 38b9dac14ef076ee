//! All of it together, as one thing that is started, fed and stopped.
//!
//! A [`Service`] runs jobs when they are due, when files change, and when somebody wants it. It
//! lives on a tokio runtime, sleeps while there is nothing to do, and says what it does as
//! [`Event`]s.
//!
//! ```
//! use std::sync::Arc;
//! use syft_jobs::{
//!     Job, JobId, Options, Schedule, Service, Status,
//!     job::Timing,
//!     queue::{Cause, Request},
//!     service::{Settings, Setup},
//!     store::Store,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let home = home.path();
//! # std::fs::create_dir(home.join("papers"))?;
//! let papers: JobId = "papers".parse()?;
//! let job = Job {
//!     id: papers.clone(),
//!     name: "Papers".to_owned(),
//!     source: home.join("papers"),
//!     destination: home.join("backup"),
//!     enabled: true,
//!     schedule: Schedule::cron("30 2 * * *", chrono_tz::Europe::Berlin)?,
//!     timing: Timing::default(),
//!     priority: 0,
//!     tags: Vec::new(),
//!     options: Options::default(),
//! };
//! let setup = Setup { jobs: vec![job], watchers: Vec::new() };
//! let store = Arc::new(Store::in_memory());
//! let service = Service::start(setup, Settings::default(), store, |event| {
//!     tracing::info!("{}", event.kind());
//! });
//! let ticket = service.trigger(&papers, Request::new(Cause::Manual)).await?;
//! assert_eq!(ticket.wait().await.report.status, Status::Success);
//! service.stop(std::time::Duration::from_secs(10)).await;
//! # Ok(())
//! # }
//! ```

mod agenda;
mod event;
mod meter;
mod name;
mod run;
mod setup;
mod shared;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod ticket;
mod watchers;

use std::{fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};

use self::shared::Shared;
pub use self::{
    event::{Event, Refused},
    meter::ProgressNow,
    snapshot::{JobState, RunningNow, Snapshot, WaitingNow, Watch, WatcherState},
    ticket::Ticket,
};
use crate::{
    Job, JobId, Report,
    mirror::{self, Context},
    queue::Request,
    store::Store,
    trigger::WatcherSpec,
};

/// What runs jobs, until it is stopped or dropped.
#[derive(Debug)]
pub struct Service {
    shared: Arc<Shared>,
}

/// How much a service does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// So many jobs run at the same time, at least one.
    pub max_concurrent_syncs: usize,
    /// All of them together do so many file operations at the same time, at least one.
    pub max_file_operations: usize,
    /// So many runs wait, at least one; more are refused.
    pub queue_size: usize,
}

/// What a service does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// The jobs; of two with the same id the last one counts.
    pub jobs: Vec<Job>,
    /// The watchers; of two with the same id the last one counts.
    pub watchers: Vec<WatcherSpec>,
}

/// Carries a job out.
type Runner = dyn Fn(&Job, &Context<'_>) -> Report + Send + Sync;

/// What a service is given of the world.
pub(crate) struct Surroundings {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    pub(crate) run: Box<Runner>,
    pub(crate) listener: Box<dyn Fn(&Event) + Send + Sync>,
}

impl Service {
    /// Starts to run jobs on the current tokio runtime; `listener` hears each event in order, and
    /// must not wait.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn start(
        setup: Setup,
        settings: Settings,
        store: Arc<Store>,
        listener: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "here is where the service's time comes from"
        )]
        let clock = Box::new(Utc::now);
        let surroundings = Surroundings {
            store,
            clock,
            run: Box::new(mirror::run),
            listener: Box::new(listener),
        };
        Self::start_in(setup, settings, surroundings)
    }

    pub(crate) fn start_in(setup: Setup, settings: Settings, surroundings: Surroundings) -> Self {
        let shared = Arc::new(Shared::new(settings, surroundings));
        shared.replace(setup);
        tokio::spawn(Arc::clone(&shared).work());
        Self { shared }
    }

    /// Takes another setup: only what changed is planned anew, what runs goes on as it was, and
    /// what is gone does not run any more.
    pub async fn replace(&self, setup: Setup) {
        let shared = Arc::clone(&self.shared);
        let replaced = tokio::task::spawn_blocking(move || shared.replace(setup)).await;
        replaced.expect("a setup is taken without a panic");
    }

    /// Asks for a run of a job; it begins when it may, which the ticket tells.
    ///
    /// # Errors
    ///
    /// [`Refused`] when it will not run.
    #[expect(clippy::unused_async, reason = "that it does not wait is not promised")]
    pub async fn trigger(&self, job: &JobId, request: Request) -> Result<Ticket, Refused> {
        self.shared.trigger(job, request)
    }

    /// Returns what is going on.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Lets no further run begin; those that go on finish. What is wanted by changes of files
    /// meanwhile waits.
    pub fn pause(&self) {
        self.shared.set_paused(true);
    }

    /// Lets runs begin again.
    pub fn resume(&self) {
        self.shared.set_paused(false);
    }

    /// Ends: nothing begins any more, and each run ends after the file that it is at. Returns the
    /// jobs that did not within the grace, whose threads go on.
    pub async fn stop(&self, grace: Duration) -> Vec<JobId> {
        self.shared.stop(grace).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_concurrent_syncs: 4,
            max_file_operations: 100,
            queue_size: 1000,
        }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}
