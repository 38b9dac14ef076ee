//! Why an attempt brought no usable answer, and whether it may be made again.

use crate::{
    error::{Error, Source},
    tls::{self, cause},
};

/// A failed attempt.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the caller is told.
    pub(crate) error: Error,
    /// Whether the server may have carried the request out all the same.
    pub(crate) maybe_done: bool,
}

impl Failure {
    /// The server cannot have carried the request out.
    pub(crate) fn refused(error: Error) -> Self {
        Self {
            error,
            maybe_done: false,
        }
    }

    /// The server may have carried the request out.
    pub(crate) fn unclear(error: Error) -> Self {
        Self {
            error,
            maybe_done: true,
        }
    }

    /// Returns the failure of a connection during `what`.
    pub(crate) fn of_connection(what: &str, error: reqwest::Error) -> Self {
        let reason = reason(&error);
        let refused = error.is_connect() || error.is_builder();
        // A URL may hold a session key.
        let source: Source = Box::new(error.without_url());
        let error = Error::Unavailable {
            what: what.to_owned(),
            reason,
            source: Some(source),
        };
        Self {
            error,
            maybe_done: !refused,
        }
    }

    /// Returns what a caller is told about a request that must not be carried out twice.
    pub(crate) fn once_only(self) -> Error {
        match self.error {
            Error::Unavailable { what, reason, .. } | Error::Garbled { what, reason }
                if self.maybe_done =>
            {
                Error::Ambiguous { what, reason }
            }
            error => error,
        }
    }
}

fn reason(error: &reqwest::Error) -> String {
    if let Some(error) = cause::<rustls::Error>(error) {
        return tls::reason(error);
    }
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    match cause::<std::io::Error>(error) {
        Some(io) => format!("the connection failed: {io}"),
        None if error.is_connect() => "there is no connection".to_owned(),
        None => "the connection broke".to_owned(),
    }
}
