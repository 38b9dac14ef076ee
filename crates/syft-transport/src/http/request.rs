//! What is asked of a server.

use std::fmt;

use bytes::Bytes;
use reqwest::{
    Method, Url,
    header::{HeaderMap, HeaderValue},
};

use super::{Operation, Repeat};

/// A request that can be sent as often as needed.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    /// How errors call it, as `file 1AbC`.
    pub(crate) what: String,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) repeat: Repeat,
    /// The most bytes that the answer is expected to hold.
    pub(crate) download: u64,
}

impl Request {
    pub(crate) fn new(operation: Operation, method: Method, url: Url) -> Self {
        Self {
            operation,
            what: operation.name.to_owned(),
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            repeat: Repeat::Safe,
            download: 0,
        }
    }

    /// Names the thing in errors, instead of the operation.
    pub(crate) fn about(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }

    pub(crate) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.url.query_pairs_mut().extend_pairs(pairs);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("headers are made of ASCII");
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }

    pub(crate) fn json(self, value: &serde_json::Value) -> Self {
        self.body("application/json; charset=UTF-8", value.to_string())
    }

    pub(crate) fn only_if_refused(mut self) -> Self {
        self.repeat = Repeat::OnlyIfRefused;
        self
    }

    pub(super) fn expected_bytes(&self) -> u64 {
        self.download + self.body.as_ref().map_or(0, |body| body.len() as u64)
    }
}

/// Bodies hold tokens, and addresses hold keys of upload sessions: neither is shown.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("what", &self.what)
            .field("method", &self.method)
            .field("path", &self.url.path())
            .finish_non_exhaustive()
    }
}
