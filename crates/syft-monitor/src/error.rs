//! What stops a monitor.

use std::path::PathBuf;

use syft_state::{Email, ledger};

/// A trouble that a person must mend before the monitor can go on.
///
/// Everything else, as a Drive that does not answer, is part of a [`Round`](crate::Round).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ledger cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// Another program works with the ledger for too long.
    #[error(
        "another program holds the lock of {}: stop it, or give this one its own `state_path`",
        path.display()
    )]
    Locked {
        /// The ledger.
        path: PathBuf,
    },
    /// The ledger belongs to another account.
    #[error(
        "{} belongs to {found}, not to {expected}: set `state_path` to another file, or move this one away",
        path.display()
    )]
    OtherAccount {
        /// The ledger.
        path: PathBuf,
        /// Whose it is.
        found: Email,
        /// Whose it should be.
        expected: Email,
    },
    /// The mail about a granted peer was sent before, or is waiting.
    #[error(
        "{ds} has been told already, or the mail is waiting to be sent: see `syft-notify state show`"
    )]
    AlreadyTold {
        /// The peer.
        ds: Email,
    },
    /// The peer owns no inbox folder for this account.
    #[error("{ds} has not asked to become a peer of this account; those who have: {known}")]
    UnknownPeer {
        /// The peer.
        ds: Email,
        /// Those who have.
        known: String,
    },
    /// It could not be looked up whether the peer owns an inbox folder.
    #[error("it cannot be checked now whether {ds} has asked to become a peer")]
    PeerUnverified {
        /// The peer.
        ds: Email,
        /// Why.
        source: syft_transport::Error,
    },
    /// The monitor runs already, or has ended.
    #[error("the monitor is {0}")]
    NotPossible(&'static str),
}

/// Returns an error with its causes in one line; what a cause repeats is left out.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text = format!("{text}: {next_text}");
        }
        cause = next.source();
    }
    text
}
