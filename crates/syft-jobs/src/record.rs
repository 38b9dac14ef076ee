//! What is remembered of a run.

use serde::{Deserialize, Serialize};
use syft_state::Timestamp;

use crate::{JobId, Report, queue::Cause};

/// What is remembered of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its name: 15 of `a`-`z` and `0`-`9`, which is what PocketBase takes as an id.
    pub run_id: String,
    /// What ran.
    pub job: JobId,
    /// Why it ran.
    pub trigger: Cause,
    /// When it began; for one that never did, when that was decided.
    pub started: Timestamp,
    /// When it was over.
    pub finished: Timestamp,
    /// What it did.
    pub report: Report,
}
