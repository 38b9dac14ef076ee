//! What can be wrong with a job.

use std::{io, path::PathBuf};

/// Says why a job cannot be described, or cannot run at all.
///
/// What goes wrong with one file of a run is a [`FileError`](crate::mirror::FileError) of its
/// report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that is not 1 to 64 of `A-Z a-z 0-9 . _ -`.
    #[error("{0:?} is no id: 1 to 64 letters, digits, dots, underscores and hyphens")]
    InvalidId(String),
    /// A pattern of a filter that means nothing.
    #[error("the pattern {pattern:?} means nothing: {reason}")]
    InvalidPattern {
        /// As it was written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A kind of change that there is not.
    #[error("{0:?} is no event: create, write, remove, rename, chmod or all")]
    InvalidEvent(String),
    /// A schedule that means nothing or is never due.
    #[error("{text:?} is no schedule: {reason}")]
    InvalidSchedule {
        /// As it was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Source and destination are the same tree, or one is within the other.
    #[error("{source_path} and {destination_path} are the same or one is within the other", source_path = .source_path.display(), destination_path = .destination_path.display())]
    Overlap {
        /// Where the job reads.
        source_path: PathBuf,
        /// Where the job writes.
        destination_path: PathBuf,
    },
    /// A whole tree cannot be looked at, or a needed directory cannot be made.
    #[error("cannot {action} {path}", path = .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried, as a verb.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A run would change so much that it is held until somebody insists.
    #[error("{0}")]
    Held(crate::mirror::Held),
    /// The record of what was synchronised cannot be used.
    #[error(transparent)]
    Store(#[from] syft_state::Error),
}
