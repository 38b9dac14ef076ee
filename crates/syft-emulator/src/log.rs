//! The request log.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Requests that are kept; counts go on without bound.
const CAPACITY: usize = 50_000;

/// One answered request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Request {
    /// Emulator time at which the request came in.
    pub time: DateTime<Utc>,
    /// HTTP method.
    pub method: String,
    /// Host that the client believes it talks to.
    pub host: String,
    /// Path without the query.
    pub path: String,
    /// Query with access tokens blanked.
    pub query: String,
    /// Status of the answer; 0 when the connection was dropped instead.
    pub status: u16,
    /// Account behind the token, if there was one.
    pub account: Option<String>,
    /// Google's name of the method, such as `drive.files.list`.
    pub api: &'static str,
    /// Kind of fault that was injected.
    pub fault: Option<&'static str>,
    /// Milliseconds until the answer's head was ready.
    pub millis: u64,
}

/// The last requests, and how many there were of each kind.
#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<Request>,
    counts: BTreeMap<&'static str, u64>,
}

impl Log {
    pub(crate) fn push(&mut self, request: Request) {
        if self.requests.len() == CAPACITY {
            self.requests.pop_front();
        }
        *self.counts.entry(request.api).or_default() += 1;
        self.requests.push_back(request);
    }

    /// Returns the kept requests, oldest first.
    pub(crate) fn requests(&self) -> impl DoubleEndedIterator<Item = &Request> {
        self.requests.iter()
    }

    /// Returns how many requests each API method got.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts
            .iter()
            .map(|(api, count)| ((*api).to_owned(), *count))
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
        self.counts.clear();
    }
}

/// Returns the query with the values of token parameters blanked.
pub(crate) fn without_secrets(query: &str) -> String {
    const SECRET: [&str; 5] = [
        "access_token",
        "oauth_token",
        "token",
        "code",
        "refresh_token",
    ];
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if SECRET.contains(&name) => format!("{name}=…"),
        _ => pair.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_do_not_reach_the_log() {
        assert_eq!(
            without_secrets("a=1&access_token=ya29.x&b"),
            "a=1&access_token=…&b"
        );
        assert_eq!(without_secrets("q=token%3D1"), "q=token%3D1");
    }
}
