//! Where logs go.

use std::time::Duration;

use serde_json::Value;
use syft_transport::{
    Error,
    pocketbase::{Client, Record},
};

/// The collection that takes logs.
#[derive(Debug)]
pub(crate) struct Target {
    client: Client,
    collection: String,
}

/// What became of records, none of which is wanted again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// They are there, some perhaps since an earlier attempt.
    pub(crate) accepted: usize,
    /// The server refuses them for good.
    pub(crate) rejected: usize,
}

/// Not all records were settled; those that are there are not made twice.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) reason: String,
    pub(crate) retry_after: Option<Duration>,
}

impl Target {
    pub(crate) fn new(client: Client, collection: String) -> Self {
        Self { client, collection }
    }

    /// Sends records that have ids of their own, each once however often it is sent.
    pub(crate) async fn send(&self, records: &[Value]) -> Result<Settled, SendError> {
        let records = records.iter().filter_map(Value::as_object).cloned();
        let records: Vec<Record> = records.collect();
        let mut settled = Settled::default();
        let mut rest = records.as_slice();
        while let Err(unsent) = self.client.create_many(&self.collection, rest).await {
            settled.accepted += unsent.done;
            if !matches!(unsent.error, Error::Rejected { .. }) {
                return Err(SendError::from(unsent.error));
            }
            tracing::debug!(error = %unsent.error, "PocketBase refuses a log record");
            settled.rejected += 1;
            rest = &rest[unsent.done + 1..];
        }
        settled.accepted += rest.len();
        Ok(settled)
    }
}

impl From<Error> for SendError {
    fn from(error: Error) -> Self {
        Self {
            retry_after: match &error {
                Error::RateLimited { retry_after, .. } => *retry_after,
                _ => None,
            },
            reason: error.to_string(),
        }
    }
}
