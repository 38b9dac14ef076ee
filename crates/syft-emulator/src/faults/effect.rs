//! What a fault does.

use std::{convert::Infallible, time::Duration};

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::{Deserialize, Serialize};

/// What a fault does to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Effect {
    /// The call is refused without being done.
    Status {
        /// HTTP status, 400 to 599.
        code: u16,
        /// Google's reason, such as `userRateLimitExceeded`; chosen by the code if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// Seconds for a `Retry-After` header.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// The call waits before it is done.
    Latency {
        /// Milliseconds.
        millis: u64,
    },
    /// The connection is dropped, and the call is not done.
    DropBefore,
    /// The call is done, and the connection is dropped instead of answering.
    DropAfter,
    /// The call is done, and the connection is dropped in the middle of the answer's body.
    Truncate,
    /// The answer is text that is no JSON, with status 200, and the call is not done.
    Garbage,
    /// A created file is found by its id, but lists miss it for a while.
    IndexLag {
        /// Milliseconds during which lists miss it.
        #[serde(default)]
        millis: u64,
        /// Number of lists that miss it.
        #[serde(default)]
        lists: u32,
    },
    /// The page token or cursor is refused with 410.
    ExpiredCursor,
    /// A file is created without the parents that were asked for.
    DropParents,
}

impl Effect {
    /// Returns the word that the log shows.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Latency { .. } => "latency",
            Self::DropBefore => "drop_before",
            Self::DropAfter => "drop_after",
            Self::Truncate => "truncate",
            Self::Garbage => "garbage",
            Self::IndexLag { .. } => "index_lag",
            Self::ExpiredCursor => "expired_cursor",
            Self::DropParents => "drop_parents",
        }
    }
}

/// What a fault rule asks of the handler itself; the rest happens around it.
///
/// Handlers take it as an extractor: `async fn create(effects: Effects, …)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// On `drive.files.create`: lists miss the new file for this long; a get by id finds it.
    pub(crate) hide_for: Option<Duration>,
    /// On `drive.files.create`: this many lists miss the new file.
    pub(crate) hide_lists: u32,
    /// On `drive.files.create`: the file is made without its `parents`.
    pub(crate) drop_parents: bool,
}

impl Effects {
    /// Returns what `effect` asks of the handler.
    pub(crate) fn of(effect: &Effect) -> Self {
        match effect {
            Effect::IndexLag { millis, lists } => Self {
                hide_for: (*millis > 0).then(|| Duration::from_millis(*millis)),
                hide_lists: *lists,
                drop_parents: false,
            },
            Effect::DropParents => Self {
                drop_parents: true,
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Effects {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
