//! What is remembered from run to run: digests, merge bases, the history of runs.

/// What is remembered from run to run.
#[derive(Debug)]
pub struct Store {}
