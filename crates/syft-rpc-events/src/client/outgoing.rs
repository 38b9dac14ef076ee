use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use syft_state::Timestamp;
use uuid::Uuid;

use super::CallError;
use crate::{
    message::{Headers, Method},
    url::SyftUrl,
};

/// A call that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// What is called.
    pub url: SyftUrl,
    /// The method.
    pub method: Method,
    /// The body; `None` is not the same as an empty one.
    pub body: Option<Vec<u8>>,
    /// Headers.
    pub headers: Headers,
    /// How long somebody waits for the answer.
    pub expires_in: Duration,
    /// Whether an equal call that is under way takes its place.
    ///
    /// Equal calls then share an id, as those of Python's callers do by default.
    pub coalesces: bool,
}

impl Outgoing {
    /// How long an answer is waited for unless said otherwise.
    pub const EXPIRES_IN: Duration = Duration::from_secs(15 * 60);

    /// Makes a call with a body.
    #[must_use]
    pub fn post(url: SyftUrl) -> Self {
        Self {
            url,
            method: Method::Post,
            body: None,
            headers: Headers::default(),
            expires_in: Self::EXPIRES_IN,
            coalesces: false,
        }
    }

    /// Makes a call without a body.
    #[must_use]
    pub fn get(url: SyftUrl) -> Self {
        Self {
            method: Method::Get,
            ..Self::post(url)
        }
    }

    /// Gives it a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Gives it a JSON body.
    ///
    /// # Errors
    /// [`CallError::Body`].
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, CallError> {
        let body = serde_json::to_vec(value).map_err(CallError::Body)?;
        Ok(self.body(body))
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.set(name, value);
        self
    }

    /// Waits that long for the answer.
    #[must_use]
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires_in = time;
        self
    }

    /// Lets an equal call that is under way take its place.
    #[must_use]
    pub fn coalesce(mut self) -> Self {
        self.coalesces = true;
        self
    }
}

/// A request that is on its way; it can be kept, and waited for by another process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The request's id.
    pub id: Uuid,
    /// The directory of its files.
    pub path: PathBuf,
    /// When nobody waits any more.
    pub expires: Timestamp,
}
