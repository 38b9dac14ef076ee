//! Many new records: in batches where the server allows them, else one by one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Client, Record};
use crate::{
    error::{Error, Result},
    http::Operation,
};

const BATCH: Operation = Operation::new("the batch of new records", 0);
/// What a server takes at once unless its settings say otherwise (B4.2).
const MOST: usize = 50;
/// So many bytes are sent at once, far below what a server takes.
const MOST_BYTES: usize = 4 << 20;
/// After a refusal batches are tried again: somebody may have allowed them.
const ASK_AGAIN: Duration = Duration::from_secs(15 * 60);

/// Whether the server takes batches, as far as it is known.
#[derive(Debug)]
pub(super) struct Batches(Mutex<State>);

#[derive(Debug)]
struct State {
    size: usize,
    refused_at: Option<Instant>,
}

/// Why not all records were made.
#[derive(Debug, thiserror::Error)]
#[error("{done} records were made and then no more: {error}")]
pub struct Unsent {
    /// So many, from the beginning, are there.
    pub done: usize,
    /// What became of the next.
    #[source]
    pub error: Error,
}

impl Client {
    /// Makes records that have ids of their own; those that are there already count as made.
    ///
    /// Nothing is made twice, however often the call is repeated.
    ///
    /// # Errors
    /// [`Unsent`] says how many were made, and why the next was not.
    pub async fn create_many(&self, collection: &str, records: &[Record]) -> Result<(), Unsent> {
        let mut done = 0;
        while done < records.len() {
            let rest = &records[done..];
            let size = self.core.batches.size(Instant::now());
            let next = &rest[..fitting(rest, size.unwrap_or(1))];
            let made = match next.len() {
                1 => self.one_by_one(collection, next).await,
                _ => self.batch(collection, next).await,
            };
            made.map_err(|unsent| Unsent {
                done: done + unsent.done,
                ..unsent
            })?;
            done += next.len();
        }
        Ok(())
    }

    /// Makes all records at once, or one by one where that is not the way.
    async fn batch(&self, collection: &str, records: &[Record]) -> Result<(), Unsent> {
        let url = format!("/api/collections/{collection}/records");
        let requests: Vec<Value> = records
            .iter()
            .map(|record| json!({"method": "POST", "url": url, "body": record}))
            .collect();
        let request = self
            .core
            .request(BATCH, Method::POST, &["batch"])
            .json(&json!({ "requests": requests }));
        match self.core.call(&request).await {
            Ok(_) => Ok(()),
            Err(Error::NotFound { .. } | Error::PermissionDenied { .. }) => {
                self.core.batches.refuse(Instant::now());
                self.one_by_one(collection, records).await
            }
            // A batch is made whole or not at all: one of them is there already or is wrong, or
            // they are too many for the server's settings.
            Err(Error::Rejected { .. } | Error::AlreadyExists { .. }) => {
                self.one_by_one(collection, records).await?;
                self.core.batches.halve(records.len());
                Ok(())
            }
            Err(error) => Err(Unsent { done: 0, error }),
        }
    }

    async fn one_by_one(&self, collection: &str, records: &[Record]) -> Result<(), Unsent> {
        for (done, record) in records.iter().enumerate() {
            let made = self.ensure(collection, record).await;
            made.map_err(|error| Unsent { done, error })?;
        }
        Ok(())
    }
}

impl Default for Batches {
    fn default() -> Self {
        Self(Mutex::new(State {
            size: MOST,
            refused_at: None,
        }))
    }
}

impl Batches {
    /// Returns how many records a batch may hold, or `None` for no batches.
    fn size(&self, now: Instant) -> Option<usize> {
        let state = self.state();
        let is_refused = state.refused_at.is_some_and(|at| now < at + ASK_AGAIN);
        (!is_refused).then_some(state.size)
    }

    fn refuse(&self, now: Instant) {
        self.state().refused_at = Some(now);
    }

    /// Notes that a batch of so many was rejected, though not because of what is in it.
    fn halve(&self, rejected: usize) {
        let mut state = self.state();
        state.size = (rejected / 2).clamp(2, state.size);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No panic can happen while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how many of the records, at most `size`, go into one batch; at least one does.
fn fitting(records: &[Record], size: usize) -> usize {
    let mut bytes = 0;
    let count = records.iter().take(size).take_while(|record| {
        bytes += json!(record).to_string().len();
        bytes <= MOST_BYTES
    });
    count.count().max(1)
}
