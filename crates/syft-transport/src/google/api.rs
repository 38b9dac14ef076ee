//! An authorised, metered, repeating call to one of Google's APIs.

use std::sync::Arc;

use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use super::tokens::Tokens;
use crate::{
    error::{Error, Result},
    http::{Answer, Client, Failure, Meter, Repeat, Reply, Request, check},
};

/// One account's way to one API.
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub(super) client: Client,
    pub(super) tokens: Arc<Tokens>,
    pub(super) meter: Arc<Meter>,
}

impl Api {
    /// Calls a method that answers in JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.repeat(request, || async move {
            self.answer(request).await?.json(&request.what)
        })
        .await
    }

    /// Calls a method whose answer does not matter.
    pub(super) async fn done(&self, request: &Request) -> Result<()> {
        self.repeat(
            request,
            || async move { self.answer(request).await.map(drop) },
        )
        .await
    }

    /// Makes attempts until one succeeds, as the request and [`Retry`](crate::http::Retry) allow.
    pub(super) async fn repeat<T, A>(
        &self,
        request: &Request,
        attempt: impl FnMut() -> A,
    ) -> Result<T>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        let result = self.client.retry().run(request.repeat, attempt).await;
        result.map_err(|failure| match request.repeat {
            Repeat::Safe => failure.error,
            Repeat::OnlyIfRefused => failure.once_only(),
        })
    }

    /// Makes one attempt and returns the whole answer, which is a success.
    pub(super) async fn answer(&self, request: &Request) -> Result<Answer, Failure> {
        let answer = self.reply(request).await?.collect().await?;
        self.checked(request, answer)
    }

    /// Returns the head of an answer that is a success, or what its status means.
    pub(super) async fn accept(&self, request: &Request, reply: Reply) -> Result<Reply, Failure> {
        if reply.status().is_success() {
            return Ok(reply);
        }
        let what = request.what.clone();
        self.checked(request, reply.collect().await?)?;
        Err(Failure::unclear(Error::Garbled {
            what,
            reason: "its status changed".to_owned(),
        }))
    }

    /// Makes one attempt, with a new token if the first is not accepted.
    pub(super) async fn reply(&self, request: &Request) -> Result<Reply, Failure> {
        let bearer = self.tokens.bearer(None).await?;
        self.meter.take(request.operation).await;
        let reply = self.client.send(request, Some(bearer.header())).await?;
        if reply.status() != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        drop(reply);
        let bearer = self.tokens.bearer(Some(&bearer)).await?;
        self.meter.take(request.operation).await;
        let reply = self.client.send(request, Some(bearer.header())).await?;
        match reply.status() {
            StatusCode::UNAUTHORIZED => Err(Failure::refused(self.tokens.not_accepted())),
            _ => Ok(reply),
        }
    }

    /// Checks the status; when we are too fast, all calls of this account wait.
    fn checked(&self, request: &Request, answer: Answer) -> Result<Answer, Failure> {
        check(&request.what, answer).inspect_err(|failure| {
            if let Error::RateLimited {
                retry_after: Some(wait),
                ..
            } = &failure.error
            {
                self.meter
                    .hold((*wait).min(self.client.retry().longest_asked));
            }
        })
    }
}
