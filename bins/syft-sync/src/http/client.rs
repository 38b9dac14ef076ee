//! The commands' side of the control API.

#[cfg(test)]
mod stream;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::http::{
    Method, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use syft_daemon::Paths;
use syft_state::fs::{read_capped, write_fleeting};
use tokio::{net::TcpStream, time::timeout};

use super::token;
use crate::exit::{Failure, chain};

/// On loopback a connection comes at once or never.
const CONNECT: Duration = Duration::from_secs(5);
/// A little more than the daemon takes at most.
const ANSWER: Duration = Duration::from_secs(35);
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
const LARGEST_RECORD: u64 = 64 * 1024;

/// Where a daemon answers, as it writes it down for the commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Access {
    pub(super) address: SocketAddr,
    pub(super) metrics: Option<SocketAddr>,
    pub(super) token_file: PathBuf,
    pub(super) pid: u32,
}

/// The way to a daemon that runs.
#[derive(Debug)]
pub(crate) struct Control {
    access: Access,
    token: String,
}

/// Says why a daemon gives no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// Where it answers cannot be read.
    #[error("cannot find the way to the daemon")]
    File(#[from] syft_state::Error),
    /// It cannot be seen whether a daemon runs.
    #[error(transparent)]
    Daemon(#[from] syft_daemon::Error),
    /// What was written down is not what a daemon writes down.
    #[error("{path} does not say where the daemon answers: {reason}", path = path.display())]
    Record { path: PathBuf, reason: String },
    /// The token cannot be read.
    #[error("cannot read the daemon's token: only the daemon's own account may control it")]
    Token(#[source] Box<super::Error>),
    /// It does not answer, or not in time, or not by HTTP.
    #[error("the daemon does not answer at {address}: {reason}")]
    Silent { address: SocketAddr, reason: String },
    /// It answers that it does not do that.
    #[error("{message}")]
    Refused { status: u16, message: String },
}

/// Returns where a daemon writes down where it answers.
pub(super) fn record(paths: &Paths) -> PathBuf {
    paths.directory.join(format!("{}.http.json", paths.name))
}

impl Access {
    pub(super) fn write(&self, path: &Path) -> Result<(), syft_state::Error> {
        let json = serde_json::to_vec_pretty(self).expect("plain data is writable");
        write_fleeting(path, &json, 0o600)
    }

    /// A token is given to nobody but a program of this machine.
    fn read(path: &Path) -> Result<Option<Self>, Error> {
        let bytes = match read_capped(path, LARGEST_RECORD) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let wrong = |reason| Error::Record {
            path: path.to_owned(),
            reason,
        };
        let access: Self =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if !access.address.ip().is_loopback() {
            let reason = format!("{} is not an address of this machine alone", access.address);
            return Err(wrong(reason));
        }
        Ok(Some(access))
    }
}

impl Control {
    /// Finds the daemon of these files; `None` when none runs or none answers yet.
    ///
    /// # Errors
    ///
    /// [`Error`] when it cannot be seen, or when the token is not for this account.
    pub(crate) fn find(paths: &Paths) -> Result<Option<Self>, Error> {
        let Some(access) = Access::read(&record(paths))? else {
            return Ok(None);
        };
        // One that was killed leaves its record behind.
        if syft_daemon::holder(paths)?.is_none() {
            return Ok(None);
        }
        Self::with(access).map(Some)
    }

    pub(super) fn with(access: Access) -> Result<Self, Error> {
        let token = token::read(&access.token_file);
        let token = token.map_err(|error| Error::Token(Box::new(error)))?;
        Ok(Self { access, token })
    }

    /// Asks for JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Silent`], and [`Error::Refused`] with the daemon's words.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Error> {
        self.ask(Method::GET, path, None).await
    }

    /// Asks for text, such as the metrics.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get).
    pub(crate) async fn text(&self, path: &str) -> Result<String, Error> {
        let body = self.whole(Method::GET, path, None).await?;
        String::from_utf8(body.into()).map_err(|_| self.silent("its answer is no text"))
    }

    /// Wants something done.
    ///
    /// # Errors
    ///
    /// Those of [`get`](Self::get).
    pub(crate) async fn post(&self, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        self.ask(Method::POST, path, body).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Error> {
        let body = self.whole(method, path, body).await?;
        serde_json::from_slice(&body).map_err(|_| self.silent("its answer is no JSON"))
    }

    async fn whole(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, Error> {
        let response = self.send(method, path, body).await?;
        self.collect(response).await
    }

    async fn collect(&self, response: Response<Incoming>) -> Result<Bytes, Error> {
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect();
        match timeout(ANSWER, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) => Err(self.silent(error)),
            Err(_) => Err(self.silent("it takes too long")),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Incoming>, Error> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.access.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.silent(error))?;
        let exchange = async {
            let stream = TcpStream::connect(self.access.address);
            let stream = timeout(CONNECT, stream)
                .await
                .map_err(|_| self.silent("it takes too long"))?
                .map_err(|error| self.silent(error))?;
            let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
            let (mut sender, connection) = handshake.await.map_err(|error| self.silent(error))?;
            // It ends with the answer.
            tokio::spawn(connection);
            let response = sender.send_request(request).await;
            response.map_err(|error| self.silent(error))
        };
        let response = timeout(ANSWER, exchange)
            .await
            .map_err(|_| self.silent("it takes too long"))??;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(self.refusal(status, &self.collect(response).await?))
    }

    fn refusal(&self, status: StatusCode, body: &[u8]) -> Error {
        #[derive(Deserialize)]
        struct Refusal {
            error: String,
        }
        let told = serde_json::from_slice::<Refusal>(body).map(|refusal| refusal.error);
        Error::Refused {
            status: status.as_u16(),
            message: told.unwrap_or_else(|_| format!("the daemon answers {status}")),
        }
    }

    fn silent(&self, reason: impl ToString) -> Error {
        Error::Silent {
            address: self.access.address,
            reason: reason.to_string(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::error(chain(&error))
    }
}
