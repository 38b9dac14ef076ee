//! Deletes old requests and responses, and what else gathers around them.
//!
//! A request goes with its response when both are older than the expiry, whether it was answered
//! or not. Responses without a request, messages that the Go client has put aside, files that
//! nobody goes on writing and empty directories of senders go by their age on the disk. Nothing is
//! followed, and nothing goes that a server is handling.
//!
//! ```
//! use std::sync::Arc;
//! use syft_rpc_events::{
//!     cleanup::{Callback, CleanupOptions, PeriodicCleanup},
//!     config::ClientConfig,
//!     layout::Workspace,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let config = ClientConfig { data_dir: home.path().to_owned(), email: "alice@example.com".parse()? };
//! let workspace = Workspace::new(&config);
//! let app = workspace.app("my_app", workspace.email())?;
//! let options = CleanupOptions {
//!     interval: "1d".parse()?,
//!     expiry: "30d".parse()?,
//!     on_complete: Some(Callback::new(|stats| println!("{stats}"))),
//!     ..CleanupOptions::default()
//! };
//! let cleanup = PeriodicCleanup::new(&workspace, &app, options);
//! cleanup.start();
//! let stats = cleanup.cleanup_now().await;
//! assert_eq!(stats.last.requests_deleted, 0);
//! cleanup.stop().await;
//! # Ok(())
//! # }
//! ```

mod cleaner;
mod plan;
mod stats;
mod survey;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use syft_state::Timestamp;
use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};
use uuid::Uuid;

pub use stats::{CleanupStats, Counts, Kind, Removal};

use self::{cleaner::Cleaner, plan::Policy, stats::Run};
use crate::{
    claims::Claims,
    interval::Interval,
    layout::{AppPaths, Workspace},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A run that takes longer is not waited for when everything stops.
const PATIENCE: Duration = Duration::from_secs(10);

/// How an app is cleaned up.
#[derive(Clone, Debug)]
pub struct CleanupOptions {
    /// The time from the end of one run to the beginning of the next.
    pub interval: Interval,
    /// How old requests and responses may become.
    pub expiry: Interval,
    /// The interval is made longer by a random time up to this, so that many apps do not all run
    /// at once.
    pub jitter: Duration,
    /// Whether to delete nothing, and only tell what would be.
    pub dry_run: bool,
    /// What is called after each run.
    pub on_complete: Option<Callback>,
}

/// A function that is told what a run has done.
#[derive(Clone)]
pub struct Callback(Arc<dyn Fn(&CleanupStats) + Send + Sync>);

/// Cleans up after one app, again and again or when asked to.
///
/// Whatever goes wrong in a run is counted, and the next run comes. One that is dropped stops.
#[derive(Debug)]
pub struct PeriodicCleanup {
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    task: JoinHandle<()>,
    /// Ends the task when it is dropped.
    stop: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Shared {
    cleaner: Cleaner,
    options: CleanupOptions,
    stats: Mutex<CleanupStats>,
    /// Held by whoever cleans up: runs come one after the other.
    turn: tokio::sync::Mutex<()>,
}

impl Default for CleanupOptions {
    /// Once a day, what is older than 30 days.
    fn default() -> Self {
        let days = |count| Interval::new(DAY * count).expect("it is not zero");
        Self {
            interval: days(1),
            expiry: days(30),
            jitter: Duration::ZERO,
            dry_run: false,
            on_complete: None,
        }
    }
}

impl Callback {
    /// Takes a function; it may block, and delays the next run while it does.
    #[must_use]
    pub fn new(function: impl Fn(&CleanupStats) + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

impl PeriodicCleanup {
    /// Prepares to clean up after an app; nothing runs yet.
    #[must_use]
    pub fn new(workspace: &Workspace, app: &AppPaths, options: CleanupOptions) -> Self {
        Self::sparing(workspace, app, options, Claims::default())
    }

    /// Prepares to clean up after an app without touching what its server handles, which
    /// [`Server::claims`](crate::Server::claims) tells.
    #[must_use]
    pub fn sparing(
        workspace: &Workspace,
        app: &AppPaths,
        options: CleanupOptions,
        claims: Claims,
    ) -> Self {
        let policy = Policy {
            expiry: options.expiry.length(),
        };
        let cleaner = Cleaner::new(workspace, app, policy, options.dry_run, claims);
        Self {
            shared: Arc::new(Shared {
                cleaner,
                options,
                stats: Mutex::default(),
                turn: tokio::sync::Mutex::default(),
            }),
            running: Mutex::default(),
        }
    }

    /// Starts to clean up: at once, and then after each interval. If it runs already, it goes on.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(&self) {
        let mut running = self.running();
        if running.as_ref().is_some_and(Running::is_alive) {
            tracing::warn!("the cleanup runs already");
            return;
        }
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Arc::clone(&self.shared).repeat(stopped));
        *running = Some(Running { task, stop });
    }

    /// Ends the cleanup after the run at hand, for which it waits ten seconds at most.
    ///
    /// It can be started again.
    pub async fn stop(&self) {
        let Some(running) = self.running().take() else {
            return;
        };
        let Running { mut task, stop } = running;
        drop(stop);
        if timeout(PATIENCE, &mut task).await.is_err() {
            tracing::warn!("a cleanup takes long and is not waited for");
            task.abort();
        }
    }

    /// Cleans up now, whether it is started or not, and returns what was done.
    ///
    /// If a run is at hand, this is the next one.
    pub async fn cleanup_now(&self) -> CleanupStats {
        Arc::clone(&self.shared).once().await
    }

    /// Returns what was done so far.
    #[must_use]
    pub fn stats(&self) -> CleanupStats {
        self.shared.stats().clone()
    }

    /// Returns whether it is started.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running().as_ref().is_some_and(Running::is_alive)
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn is_alive(&self) -> bool {
        !self.task.is_finished()
    }
}

impl Shared {
    async fn repeat(self: Arc<Self>, mut stopped: oneshot::Receiver<()>) {
        loop {
            Arc::clone(&self).once().await;
            let interval = self.options.interval.length();
            let pause = interval.saturating_add(jitter(self.options.jitter));
            // The sender is never used: it ends this by being dropped.
            if timeout(pause, &mut stopped).await.is_ok() {
                return;
            }
        }
    }

    async fn once(self: Arc<Self>) -> CleanupStats {
        let turn = self.turn.lock().await;
        let shared = Arc::clone(&self);
        let now = now();
        let run = spawn_blocking(move || shared.cleaner.run(now)).await;
        let run = run.unwrap_or_else(|error| {
            tracing::error!("a cleanup failed: {error}");
            Run {
                errors: 1,
                ..Run::default()
            }
        });
        let stats = {
            let mut stats = self.stats();
            stats.note(run, now);
            stats.clone()
        };
        drop(turn);
        self.tell(stats.clone()).await;
        stats
    }

    async fn tell(&self, stats: CleanupStats) {
        let Some(Callback(function)) = self.options.on_complete.clone() else {
            return;
        };
        let call = move || catch_unwind(AssertUnwindSafe(|| function(&stats)));
        if !matches!(spawn_blocking(call).await, Ok(Ok(()))) {
            tracing::error!("the function that is told of cleanups panicked");
        }
    }

    fn stats(&self) -> MutexGuard<'_, CleanupStats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a random time up to `most`.
fn jitter(most: Duration) -> Duration {
    let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    let (_, random) = Uuid::new_v4().as_u64_pair();
    Duration::from_millis(random % most.saturating_add(1))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the cleanup is the shell that reads the clock"
)]
fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}

#[cfg(test)]
mod tests;
