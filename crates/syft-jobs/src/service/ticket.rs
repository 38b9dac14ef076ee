//! A run that somebody asked for.

use syft_state::Timestamp;
use tokio::sync::oneshot;

use crate::{JobId, Report, RunRecord, Status, queue::Cause};

/// A run that somebody asked for; dropping it changes nothing.
#[derive(Debug)]
pub struct Ticket {
    pub(super) run_id: String,
    pub(super) job: JobId,
    pub(super) cause: Cause,
    pub(super) asked: Timestamp,
    pub(super) done: oneshot::Receiver<RunRecord>,
}

impl Ticket {
    /// Returns the name of the run, which is that of another one when that is enough.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.run_id
    }

    /// Waits until the run is over; one that will not be any more is skipped.
    pub async fn wait(self) -> RunRecord {
        match self.done.await {
            Ok(record) => record,
            Err(_) => never(self.run_id, self.job, self.cause, self.asked),
        }
    }
}

/// Returns what is known of a run that will not be any more.
fn never(run_id: String, job: JobId, trigger: Cause, at: Timestamp) -> RunRecord {
    RunRecord {
        run_id,
        job,
        trigger,
        started: at,
        finished: at,
        report: Report::of_failure(Status::Skipped, "the job was taken away before it began"),
    }
}
