//! One error type for everything that is reached over the network.

use std::time::Duration;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause below an [`Error`], kept for the log.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Says what went wrong by what the caller can do about it.
///
/// `what` names the thing or the call, as `file 1AbC` or `drive.files.list`. No variant
/// ever holds a token, a request body or an answer's body.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such thing, or this account may not know of it.
    #[error("{what} was not found")]
    NotFound {
        /// The thing that was looked for.
        what: String,
    },
    /// The credentials are missing, revoked or of another account: a person must act.
    #[error("{what} is not authorised: {reason}")]
    Unauthenticated {
        /// The token file, or the call where there is none.
        what: String,
        /// What happened, and the command to run.
        reason: String,
    },
    /// The account is known but may not do this.
    #[error("{what} was refused: {reason}")]
    PermissionDenied {
        /// The call.
        what: String,
        /// The server's reason word, as `insufficientFilePermissions`.
        reason: String,
    },
    /// Too many calls; the whole client should slow down.
    #[error("{what} was refused because of too many calls")]
    RateLimited {
        /// The call.
        what: String,
        /// How long the server asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// The content is larger than the caller was willing to read.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// The thing that was read.
        what: String,
        /// The caller's limit in bytes.
        limit: u64,
    },
    /// The cursor is no longer valid: list everything anew.
    #[error("the position in the change feed is no longer known to the server")]
    CursorExpired,
    /// A thing of this id exists already.
    #[error("{what} exists already")]
    AlreadyExists {
        /// The thing that was to be created.
        what: String,
    },
    /// The server cannot be reached or cannot answer now: trying again later may help.
    #[error("{what} is not available now: {reason}")]
    Unavailable {
        /// The call.
        what: String,
        /// What was seen instead of an answer.
        reason: String,
        /// The cause, where there is one.
        #[source]
        source: Option<Source>,
    },
    /// The request may or may not have been carried out, and asking again could do it twice.
    #[error("{what} may or may not have been carried out: {reason}")]
    Ambiguous {
        /// The call.
        what: String,
        /// What was seen instead of an answer.
        reason: String,
    },
    /// The server does not understand or accept the request: trying again cannot help.
    #[error("{what} was rejected: {reason}")]
    Rejected {
        /// The call.
        what: String,
        /// The server's reason.
        reason: String,
    },
    /// The answer is not what the server's documentation promises.
    #[error("the answer to {what} makes no sense: {reason}")]
    Garbled {
        /// The call.
        what: String,
        /// The first thing that is wrong with it.
        reason: String,
    },
    /// A file of ours cannot be read or written.
    #[error("cannot access {}", path.display())]
    Local {
        /// The file.
        path: std::path::PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file of ours does not hold what it should.
    #[error("{} is not usable: {reason}", path.display())]
    BadFile {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
}

impl Error {
    /// Returns whether the same call may succeed later without anybody doing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::Garbled { .. }
        )
    }
}
