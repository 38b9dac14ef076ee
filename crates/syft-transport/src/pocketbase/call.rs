//! One way for every call: the pause after failures, the token, the repetition.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::{Method, Url, header::HeaderValue};
use tokio::time::{Instant, timeout};

use super::{
    Options, answer,
    breaker::Breaker,
    many::Batches,
    options::{Call, Observer},
    session::Session,
};
use crate::{
    error::{Error, Result},
    http::{self, Answer, Failure, Operation, Proxies, Repeat, Reply, Request},
    webhook::{is_loopback, origin},
};

/// What all clones of a client share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) root: Url,
    /// The address as it may be shown.
    pub(super) place: String,
    pub(super) session: Session,
    pub(super) batches: Batches,
    /// For one answer that never ends, whose silence means nothing.
    pub(super) listening: http::Client,
    http: http::Client,
    whole_timeout: Duration,
    breaker: Mutex<Breaker>,
    observer: Option<Arc<dyn Observer>>,
}

/// PocketBase ends a connection of events after five minutes without one (B4.2).
const LONGEST_SILENCE: Duration = Duration::from_secs(6 * 60);
/// And in any case after thirty.
const LONGEST_LISTENING: Duration = Duration::from_secs(35 * 60);

impl Core {
    pub(super) fn new(options: Options, session: Session) -> Result<Self> {
        let place = format!("PocketBase at {}", origin(&options.url));
        let is_web = matches!(options.url.scheme(), "http" | "https");
        if !is_web || options.url.cannot_be_a_base() {
            return Err(Error::Rejected {
                what: place,
                reason: "its address must begin with https:// or http://".to_owned(),
            });
        }
        if options.url.scheme() == "http" && !is_loopback(&options.url) {
            tracing::warn!(%place, "passwords and records go over the network in clear");
        }
        let (http, listening) = connections(&options)?;
        Ok(Self {
            root: options.url,
            place,
            session,
            batches: Batches::default(),
            listening,
            http,
            whole_timeout: options.whole_timeout,
            breaker: Mutex::default(),
            observer: options.observer,
        })
    }

    /// Begins a request to `/api/…`.
    pub(super) fn request(&self, operation: Operation, method: Method, path: &[&str]) -> Request {
        let mut url = self.root.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.path_segments_mut()
            .expect("`new` takes no other address")
            .pop_if_empty()
            .push("api")
            .extend(path);
        Request::new(operation, method, url)
    }

    /// Calls with our token, again where that helps; the answer is a success.
    pub(super) async fn call(&self, request: &Request) -> Result<Answer> {
        self.guarded(async {
            let attempt = || async {
                let answer = self.authorised(request).await?;
                answer::check(&request.what, answer)
            };
            let retry = self.http.retry();
            let result = retry.run(request.repeat, attempt).await;
            result.map_err(|failure| match request.repeat {
                Repeat::Safe => failure,
                Repeat::OnlyIfRefused => Failure::refused(failure.once_only()),
            })
        })
        .await
    }

    /// Makes one attempt with our token, and another if it turns out not to be good any more.
    async fn authorised(&self, request: &Request) -> Result<Answer, Failure> {
        let token = self.session.token(self).await?;
        let header = token.as_ref().map(|token| &token.header);
        let answer = self.exchange(request, header).await?;
        let Some(token) = token.filter(|_| answer::could_be_for_a_guest(&answer)) else {
            return Ok(answer);
        };
        match self.session.doubt(self, &token).await? {
            Some(other) => self.exchange(request, Some(&other.header)).await,
            None => Ok(answer),
        }
    }

    /// Makes sure that an empty list was not what a guest may see.
    ///
    /// Returns whether it was, so that the caller asks again.
    pub(super) async fn was_taken_for_a_guest(&self) -> Result<bool> {
        self.guarded(async {
            let Some(token) = self.session.token(self).await? else {
                return Ok(false);
            };
            Ok(self.session.doubt(self, &token).await?.is_some())
        })
        .await
    }

    /// Makes attempts that may reach the server twice, unless the server is being spared.
    pub(super) async fn repeated<T, A>(&self, attempt: impl FnMut() -> A) -> Result<T>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        let retry = self.http.retry();
        self.guarded(retry.run(Repeat::Safe, attempt)).await
    }

    /// Does something unless the server is being spared, and notes whether it answered.
    pub(super) async fn guarded<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T> {
        let wait = self.breaker().poll(Instant::now());
        if let Some(wait) = wait {
            return Err(Error::Unavailable {
                what: self.place.clone(),
                reason: format!(
                    "it failed several times; the next attempt is in {} s",
                    wait.as_secs().max(1)
                ),
                source: None,
            });
        }
        let result = match timeout(self.whole_timeout, work).await {
            Ok(result) => result.map_err(|failure| failure.error),
            Err(_) => Err(Error::Unavailable {
                what: self.place.clone(),
                reason: "it took too long, with all attempts".to_owned(),
                source: None,
            }),
        };
        match &result {
            Err(Error::Unavailable { .. } | Error::Ambiguous { .. }) => {
                self.breaker().failed(Instant::now());
            }
            _ => self.breaker().answered(),
        }
        result
    }

    /// Makes one attempt, whatever the status.
    pub(super) async fn exchange(
        &self,
        request: &Request,
        token: Option<&HeaderValue>,
    ) -> Result<Answer, Failure> {
        self.send(&self.http, request, token).await?.collect().await
    }

    /// Makes one attempt and tells the observer.
    pub(super) async fn send(
        &self,
        http: &http::Client,
        request: &Request,
        token: Option<&HeaderValue>,
    ) -> Result<Reply, Failure> {
        let start = Instant::now();
        let result = http.send(request, token).await;
        if let Some(observer) = &self.observer {
            observer.call(&Call {
                method: request.method.as_str(),
                status: result.as_ref().ok().map(|reply| reply.status().as_u16()),
                took: start.elapsed(),
                connection_error: result.is_err(),
            });
        }
        result
    }

    /// Notes that the server is there again.
    pub(super) fn answered(&self) {
        self.breaker().answered();
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // No panic can happen while the lock is held.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the connections for calls, and those for listening.
fn connections(options: &Options) -> Result<(http::Client, http::Client)> {
    let calls = http::Options {
        extra_roots: options.extra_roots.clone(),
        verify_certificates: options.verify_certificates,
        proxies: match is_loopback(&options.url) {
            true => Proxies::Never,
            false => Proxies::System,
        },
        connect_timeout: options.timeout.min(Duration::from_secs(10)),
        idle_timeout: options.timeout,
        call_timeout: options.timeout,
        concurrency: 4,
        retry: options.retry.clone(),
    };
    let listening = http::Options {
        idle_timeout: LONGEST_SILENCE,
        call_timeout: LONGEST_LISTENING,
        ..calls.clone()
    };
    Ok((http::Client::new(calls)?, http::Client::new(listening)?))
}
