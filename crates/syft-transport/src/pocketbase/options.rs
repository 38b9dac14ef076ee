//! How a server is reached, and who listens to the calls.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use reqwest::Url;
use secrecy::SecretString;

use crate::{http::Retry, webhook::origin};

/// How a server is reached, and as whom.
#[derive(Clone)]
pub struct Options {
    /// The address of the server, `http` or `https`, without the part from `/api` on.
    pub url: Url,
    /// Who logs in: an e-mail address, or what else the auth collection takes. `None` calls as a
    /// guest.
    pub identity: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
    /// The auth collection of the account; `None` is that of the superusers, or admins.
    pub auth_collection: Option<String>,
    /// How long an attempt to call may take.
    pub timeout: Duration,
    /// How long a call may take with all its attempts.
    pub whole_timeout: Duration,
    /// How failed calls are repeated.
    pub retry: Retry,
    /// Whether a certificate has to be valid.
    pub verify_certificates: bool,
    /// Certificate authorities that are trusted besides the platform's, as PEM files.
    pub extra_roots: Vec<PathBuf>,
    /// Who hears of each call.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Options {
    /// Calls a server as a guest, with the usual patience.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            identity: None,
            password: None,
            auth_collection: None,
            timeout: Duration::from_secs(30),
            whole_timeout: Duration::from_secs(60),
            retry: Retry::default(),
            verify_certificates: true,
            extra_roots: Vec::new(),
            observer: None,
        }
    }
}

/// An address may hold a password, too.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("url", &origin(&self.url))
            .field("auth_collection", &self.auth_collection)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// Hears of each attempt to call the server, as for metrics.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Takes note of a call; it must not block.
    fn call(&self, call: &Call<'_>);
}

/// One attempt to call the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    /// The method, as `GET`.
    pub method: &'a str,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long it took until the head of the answer was there, or none came.
    pub took: Duration,
    /// Whether there was no connection, or it broke.
    pub connection_error: bool,
}
