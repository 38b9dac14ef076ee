//! The daemon, as those see it who answer for it.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;
use syft_jobs::JobId;

/// What the daemon tells and does for others; every value is JSON without secrets.
#[async_trait]
pub(crate) trait Backend: fmt::Debug + Send + Sync + 'static {
    /// Brings up to date what is counted, before it is shown.
    fn count(&self) {}
    /// Returns what keeps the daemon from making progress; nothing means that it is well.
    fn ills(&self) -> Vec<String>;
    /// Returns what the daemon lacks for its work; nothing means that it is ready.
    fn lacks(&self) -> Vec<String>;
    /// Returns `jobs`, `watchers`, `queue`, `pocketbase`, `telemetry` and `config`.
    fn status(&self) -> Value;
    fn jobs(&self) -> Value;
    fn queue(&self) -> Value;
    /// Returns the configuration in force, with secrets left out.
    fn config(&self) -> Value;
    /// Returns runs, newest first.
    async fn runs(&self, job: Option<&JobId>, limit: usize) -> Result<Value, Refusal>;
    /// Returns a run that is over, waits or runs.
    async fn run(&self, id: &str) -> Result<Option<Value>, Refusal>;
    /// Begins to do something, and returns the name of the run that it leads to, if to one.
    async fn command(&self, command: Command) -> Result<Option<String>, Refusal>;
}

/// What somebody wants of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Begin no runs.
    Pause,
    /// Begin runs again.
    Resume,
    /// End.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Run a job now.
    Trigger {
        job: JobId,
        /// Only tell what it would do.
        dry_run: bool,
        /// Even when it would be held.
        force: bool,
    },
}

/// Why the daemon does not, in words for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such thing.
    Unknown(String),
    /// Not in this state, such as a job that is disabled.
    Conflict(String),
    /// Not now, such as a full queue.
    Busy(String),
    /// Something is broken.
    Failed(String),
}
