//! Why an attempt brought no usable answer, and whether it may be made again.

use std::error::Error as StdError;

use crate::error::{Error, Source};

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
    if let Some(tls) = cause::<rustls::Error>(error) {
        return match tls {
            rustls::Error::InvalidCertificate(problem) => format!(
                "its certificate is not trusted ({problem:?}); behind a proxy that opens TLS, \
                 name the proxy's CA in SSL_CERT_FILE"
            ),
            other => format!("TLS failed: {other}"),
        };
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

/// Returns the innermost cause of type `T`, looking into I/O errors that wrap another error.
fn cause<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut found = None;
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(current) = next {
        found = current.downcast_ref::<T>().or(found);
        next = match current.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => current.source(),
        };
    }
    found
}
