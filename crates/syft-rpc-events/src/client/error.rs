use std::{io, path::PathBuf};

use super::Reply;
use crate::message::MessageError;

/// Says what became of a call that has no answer, or not the one that was hoped for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The address is none of an endpoint.
    #[error("{0:?} is not the address of an endpoint")]
    BadAddress(String),
    /// The request is larger than anything that travels.
    #[error("the request is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes of the file.
        limit: usize,
    },
    /// The body cannot be written as JSON.
    #[error("the body cannot be written as JSON")]
    Body(#[source] serde_json::Error),
    /// The files of the call cannot be written or read.
    #[error("cannot use {}", path.display())]
    Files {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The relay has refused the request: the sender may not write there.
    #[error("the relay has refused the request: is the app running, and may you call it?")]
    Rejected,
    /// Nobody answered in time.
    #[error("the request expired before anybody answered")]
    Expired,
    /// The request has vanished without an answer.
    #[error("the request has vanished without an answer")]
    Gone,
    /// The patience of the caller is over; the request is still there.
    #[error("no answer yet")]
    Timeout,
    /// There is an answer that cannot be read; its file is left where it is.
    #[error("the answer cannot be read")]
    Malformed(#[source] MessageError),
    /// The answer is no success.
    #[error("the answer is {}: {}", .0.status, .0.text())]
    Refused(Box<Reply>),
    /// The body of the answer is not what it should be.
    #[error("the body of the answer is not what it should be")]
    Unexpected(#[source] serde_json::Error),
}

impl CallError {
    /// Returns the status by which Python's callers know this outcome.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Rejected => 403,
            Self::Gone => 404,
            Self::Expired => 419,
            Self::Timeout => 408,
            Self::Refused(reply) => reply.status.code(),
            _ => 500,
        }
    }
}
