//! Calls to a running emulator.

use std::{error::Error, path::Path, time::Duration};

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use url::Url;

use crate::{
    args::{PORT, Target},
    failure::Failure,
};

/// Time for a whole call.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer in bytes.
const MAX_ANSWER: usize = 256 << 20;

/// A running emulator.
#[derive(Debug)]
pub(crate) struct Client {
    url: String,
    host: String,
    port: u16,
}

impl Client {
    /// Finds the emulator that is meant: by address, by data directory, or at the usual port.
    pub(crate) fn find(target: &Target) -> Result<Self, Failure> {
        match (&target.url, &target.data) {
            (_, Some(data)) => Self::at(&read_address(data)?),
            (Some(url), None) => Self::at(url),
            (None, None) => Self::at(&format!("http://127.0.0.1:{PORT}")),
        }
    }

    fn at(url: &str) -> Result<Self, Failure> {
        let parsed = Url::parse(url)
            .ok()
            .filter(|parsed| parsed.scheme() == "http");
        let parts = parsed.as_ref().and_then(|parsed| {
            Some((
                parsed.host_str()?.to_owned(),
                parsed.port_or_known_default()?,
            ))
        });
        let (host, port) = parts.ok_or_else(|| Failure::Address {
            url: url.to_owned(),
        })?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            host,
            port,
        })
    }

    /// Returns the address without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.json(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.json(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<(), Failure> {
        self.call(Method::DELETE, path, None).await.map(|_| ())
    }

    pub(crate) async fn text(&self, path: &str) -> Result<String, Failure> {
        let bytes = self.call(Method::GET, path, None).await?;
        String::from_utf8(bytes.into()).map_err(|error| self.unreachable(error))
    }

    async fn json(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let bytes = self.call(method, path, body).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.unreachable(error))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, Failure> {
        let exchange = self.exchange(method, path, body);
        let answer = tokio::time::timeout(TIMEOUT, exchange).await;
        let (status, bytes) = answer
            .map_err(|error| self.unreachable(error))?
            .map_err(|error| self.unreachable(error))?;
        if (200..300).contains(&status) {
            return Ok(bytes);
        }
        let parsed: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let message = parsed["error"]["message"]
            .as_str()
            .unwrap_or("no reason given")
            .to_owned();
        Err(Failure::Refused {
            url: format!("{}{path}", self.url),
            status,
            message,
        })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Bytes), Box<dyn Error + Send + Sync>> {
        let host = self.host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, self.port)).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driving = tokio::spawn(connection);
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, format!("{}:{}", self.host, self.port))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let bytes = Limited::new(response.into_body(), MAX_ANSWER)
            .collect()
            .await?
            .to_bytes();
        driving.abort();
        Ok((status, bytes))
    }

    fn unreachable(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure::Unreachable {
            url: self.url.clone(),
            source: source.into(),
        }
    }
}

fn read_address(data: &Path) -> Result<String, Failure> {
    match std::fs::read_to_string(data.join("url")) {
        Ok(url) => Ok(url.trim().to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Failure::NotRunning {
            path: data.to_owned(),
        }),
        Err(source) => Err(Failure::File {
            path: data.join("url"),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<(&str, u16)>) {
        let found = Client::at(url).ok();
        let found = found
            .as_ref()
            .map(|client| (client.host.as_str(), client.port));
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn addresses() {
        check("http://127.0.0.1:8377", Some(("127.0.0.1", 8377)));
        check("http://[::1]:9/", Some(("[::1]", 9)));
        check("http://localhost", Some(("localhost", 80)));
        check("https://127.0.0.1:8377", None);
        check("127.0.0.1:8377", None);
        check("", None);
    }
}
