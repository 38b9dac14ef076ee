//! Proposals: what a data scientist's client puts into a data owner's inbox.
//!
//! A message is a gzip stream of a tar archive with one file, `proposed_file_changes.json`;
//! for encrypted peers it is an envelope instead, of which only the data owner's client
//! has the key. Everything in it is hostile, so all of it is bounded (T6) and nothing of
//! it is unpacked to disk.
//!
//! ```
//! use syft_monitor::proposal::{Limits, Parsed, parse};
//!
//! let parsed = parse(&b"SYC envelope"[..], &Limits::default())?;
//! assert!(matches!(parsed, Parsed::Encrypted));
//! # Ok::<(), syft_monitor::proposal::ProposalError>(())
//! ```

mod archive;
mod changes;
mod submissions;

use std::io;

use syft_state::RelPath;

pub use archive::parse;
pub use submissions::{Submission, details_of, submissions};

/// The only member of an archive that clients look at.
pub const MEMBER: &str = "proposed_file_changes.json";

/// How much of a message is looked at.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Length of the message in bytes.
    pub compressed: u64,
    /// Length of what it expands to in bytes.
    pub expanded: u64,
    /// How many times longer than the message its first eight MiB and more may be.
    pub ratio: u64,
    /// Number of archive members.
    pub members: usize,
    /// Number of proposed file changes.
    pub changes: usize,
    /// Number of jobs submitted at once.
    pub jobs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            compressed: 32 << 20,
            expanded: 128 << 20,
            ratio: 100,
            members: 100,
            changes: 10_000,
            jobs: 100,
        }
    }
}

/// What a message turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// No gzip stream: only the data owner's client can decrypt it.
    Encrypted,
    /// Readable.
    Proposal(Proposal),
}

/// A proposal to change files in a datasite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Who the message says wrote it: a claim (T9), cut to a printable length.
    pub sender: String,
    /// The changes in their order; those with an impossible path are left out.
    pub changes: Vec<Change>,
}

/// One file of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where in the datasite, with `/` between its parts (T10).
    pub path: RelPath,
    /// Length of the new content in bytes.
    pub length: u64,
    /// Whether the file is to be removed.
    pub is_deleted: bool,
    /// The content of the `config.yaml` of a job, unless it is too long to be one.
    pub config: Option<String>,
}

/// Says why a message is no readable proposal; messages hold nothing that its author wrote.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalError {
    /// The source failed, not the message: read it again later.
    #[error("cannot read the message")]
    Read(#[source] io::Error),
    /// It goes beyond one of [`Limits`].
    #[error("the message has more than {limit} {what}")]
    TooLarge {
        /// What there is too much of, with its unit.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
    },
    /// It has no byte.
    #[error("the message is empty")]
    Empty,
    /// It is cut off or damaged, or was no archive.
    #[error("the archive is damaged")]
    Archive(#[source] io::Error),
    /// The archive does not hold [`MEMBER`] as a regular file.
    #[error("the archive holds no regular file {MEMBER}")]
    NoProposal,
    /// It holds [`MEMBER`] more than once, so that readers disagree about what it says.
    #[error("the archive holds {MEMBER} more than once")]
    Ambiguous,
    /// The file in it does not say what a proposal must.
    #[error("{MEMBER} is not a proposal (line {}, column {})", .0.line(), .0.column())]
    Content(#[source] serde_json::Error),
}

impl ProposalError {
    /// Returns whether reading the same message again cannot help.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        !matches!(self, Self::Read(_))
    }
}

#[cfg(test)]
mod tests;
