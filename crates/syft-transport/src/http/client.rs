//! The connections of the program.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Failure, Request, Retry};
use crate::{
    error::{Error, Result},
    tls,
};

/// An answer in JSON is never longer; Drive sends about 600 bytes an entry, 1,000 a page.
const MAX_ANSWER: usize = 16 << 20;
/// Of an answer that is an error, no more is read.
const MAX_ERROR: usize = 64 << 10;

/// How connections are made; [`Options::default`] is right for Google.
#[derive(Clone, Debug)]
pub struct Options {
    /// Certificate authorities that are trusted besides the platform's, as PEM files.
    pub extra_roots: Vec<PathBuf>,
    /// Whether a certificate has to be valid; without it anybody on the way can listen.
    pub verify_certificates: bool,
    /// Whether proxies are used.
    pub proxies: Proxies,
    /// How long a connection may take to open.
    pub connect_timeout: Duration,
    /// How long the other side may be silent.
    pub idle_timeout: Duration,
    /// How long a call may take; downloads and uploads get more time by their size.
    pub call_timeout: Duration,
    /// How many calls may run at once, over all accounts.
    pub concurrency: usize,
    /// How failed calls are repeated.
    pub retry: Retry,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            extra_roots: Vec::new(),
            verify_certificates: true,
            proxies: Proxies::System,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            call_timeout: Duration::from_secs(120),
            concurrency: 8,
            retry: Retry::default(),
        }
    }
}

/// Whether calls go through a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxies {
    /// As `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    System,
    /// Never, as for an emulator on this machine.
    Never,
}

/// The connections of the program; clones share them.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    slots: Arc<Semaphore>,
    options: Arc<Options>,
}

impl Client {
    /// Prepares connections; none is opened yet.
    ///
    /// Fails if a file of [`Options::extra_roots`] cannot be used.
    pub fn new(options: Options) -> Result<Self> {
        let mut tls = tls::config(&options.extra_roots)?;
        if !options.verify_certificates {
            tls::accept_anybody(&mut tls);
        }
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // A resumable upload answers 308 without meaning a redirection (notify.md §1.3).
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.idle_timeout)
            .pool_idle_timeout(Duration::from_secs(90))
            .pool_max_idle_per_host(options.concurrency)
            .user_agent(concat!("syftbox-helpers/", env!("CARGO_PKG_VERSION"), " (gzip)"));
        if options.proxies == Proxies::Never {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|error| Error::Unavailable {
            what: "the network".to_owned(),
            reason: "the HTTP client cannot be set up".to_owned(),
            source: Some(Box::new(error)),
        })?;
        Ok(Self {
            http,
            slots: Arc::new(Semaphore::new(options.concurrency.max(1))),
            options: Arc::new(options),
        })
    }

    pub(crate) fn retry(&self) -> &Retry {
        &self.options.retry
    }

    /// Sends a request once and returns the head of the answer, whatever its status.
    pub(crate) async fn send(
        &self,
        request: &Request,
        authorization: Option<&HeaderValue>,
    ) -> Result<Reply, Failure> {
        let slot = self.slots.clone().acquire_owned().await;
        let slot = slot.expect("the slots are never closed");
        let mut message = self
            .http
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .timeout(self.options.call_timeout + transfer_time(request.expected_bytes()));
        if let Some(authorization) = authorization {
            message = message.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(body) = &request.body {
            message = message.body(body.clone());
        }
        let response = message.send().await;
        let response = response.map_err(|error| Failure::of_connection(&request.what, error))?;
        Ok(Reply {
            what: request.what.clone(),
            response,
            _slot: slot,
        })
    }
}

/// How long so many bytes may take on a slow connection, at 50 kB/s.
fn transfer_time(bytes: u64) -> Duration {
    Duration::from_secs(bytes / 50_000)
}

/// The head of an answer, of any status, whose body is still to come.
#[derive(Debug)]
pub(crate) struct Reply {
    what: String,
    response: reqwest::Response,
    /// A call is over when its body is.
    _slot: OwnedSemaphorePermit,
}

impl Reply {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Returns the whole answer; of an error no more than its beginning.
    pub(crate) async fn collect(mut self) -> Result<Answer, Failure> {
        let status = self.status();
        let limit = if status.is_success() {
            MAX_ANSWER
        } else {
            MAX_ERROR
        };
        let mut body = BytesMut::new();
        loop {
            match self.response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // The status of an error says enough without its text.
                Err(_) if !status.is_success() => break,
                Err(error) => return Err(Failure::of_connection(&self.what, error)),
            }
            if body.len() > limit && status.is_success() {
                return Err(Failure::unclear(Error::Garbled {
                    what: self.what,
                    reason: format!("it is longer than {limit} bytes"),
                }));
            }
            if body.len() > limit {
                body.truncate(limit);
                break;
            }
        }
        Ok(Answer {
            status,
            headers: std::mem::take(self.response.headers_mut()),
            body: body.freeze(),
        })
    }

    /// Returns the body piece by piece.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Bytes, Failure>> + Send + Unpin {
        let Self {
            what,
            response,
            _slot,
        } = self;
        response.bytes_stream().map(move |piece| {
            let _held_to_the_end = &_slot;
            piece.map_err(|error| Failure::of_connection(&what, error))
        })
    }
}

/// A whole answer, of any status.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads the body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let reason = if self.body.is_empty() {
                "it is empty".to_owned()
            } else {
                // The message itself may quote the body.
                format!(
                    "it is not the JSON we know (line {} column {})",
                    error.line(),
                    error.column()
                )
            };
            Failure::unclear(Error::Garbled {
                what: what.to_owned(),
                reason,
            })
        })
    }
}

/// Bodies hold tokens.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
