//! Entries of the log on their way to PocketBase: each arrives once, or waits on the disk.
//!
//! [`Buffer`] takes entries from every thread and never waits for the network. [`Shipper`] sends
//! them in batches. What cannot be sent, and what does not fit into memory, waits in the spill.
//! Each entry has an id of its own from the start, so that one that is sent twice is there once.

mod buffer;
mod entry;
mod pace;
mod spill;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Value;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

pub(crate) use buffer::Buffer;
use pace::Pace;

use crate::remote::logs::{SendError, Settled};

tokio::task_local! {
    /// Set while entries are sent: what is logged then must not be sent in its turn.
    static IS_SENDING: ();
}

/// Where entries go.
#[async_trait]
pub(crate) trait Target: std::fmt::Debug + Send + Sync {
    /// Sends entries; those that arrived already are settled, too.
    async fn send(&self, records: &[Value]) -> Result<Settled, SendError>;
}

#[async_trait]
impl Target for crate::remote::logs::Target {
    async fn send(&self, records: &[Value]) -> Result<Settled, SendError> {
        self.send(records).await
    }
}

/// How entries are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shipping {
    /// The name of this daemon, the same from start to start.
    pub(crate) daemon_id: String,
    /// The name of this start of the daemon.
    pub(crate) session_id: String,
    /// The directory where entries wait.
    pub(crate) spill: PathBuf,
    /// Entries that are sent together.
    pub(crate) batch_size: usize,
    /// An entry waits so long for others.
    pub(crate) flush_interval: Duration,
    /// A batch that fails more often goes to the spill, and is tried again later.
    pub(crate) max_retries: u32,
    /// Entries in memory.
    pub(crate) buffer_size: usize,
    /// Whether secrets and people are sent, too.
    pub(crate) include_sensitive_data: bool,
}

/// Sends what is in a buffer.
#[derive(Debug)]
pub(crate) struct Shipper {
    buffer: Buffer,
    target: Arc<dyn Target>,
}

impl Shipper {
    pub(crate) fn new(buffer: Buffer, target: Arc<dyn Target>) -> Self {
        Self { buffer, target }
    }

    /// Sends until it is told how long it may send what is left; the rest goes to the disk.
    pub(crate) async fn run(self, stop: oneshot::Receiver<Duration>) {
        let grace = tokio::select! {
            () = self.send_for_ever() => Duration::ZERO,
            grace = stop => grace.unwrap_or_default(),
        };
        let rest = async { while self.send_next().await == Some(true) {} };
        drop(timeout(grace, rest).await);
        self.buffer.spill_all();
    }

    async fn send_for_ever(&self) {
        let mut pace = Pace::default();
        // What an earlier start left does not wait for new entries.
        loop {
            match self.send_next().await {
                Some(true) => pace = self.succeeded(pace),
                Some(false) => pace = self.failed(pace).await,
                None => self.buffer.wait().await,
            }
        }
    }

    fn succeeded(&self, pace: Pace) -> Pace {
        if pace.is_paused() {
            tracing::info!("log entries are uploaded again");
            self.buffer.counts().paused(false);
        }
        Pace::default()
    }

    /// Waits until the next attempt.
    async fn failed(&self, mut pace: Pace) -> Pace {
        let was_paused = pace.is_paused();
        let reason = self.buffer.trouble();
        let pause = pace.failed(self.buffer.retry_after());
        if pace.is_paused() && !was_paused {
            tracing::warn!("log entries wait on the disk, for they cannot be uploaded: {reason}");
        }
        self.buffer.counts().paused(pace.is_paused());
        self.buffer.give_up_if_tired();
        sleep(pause).await;
        pace
    }

    /// Sends a batch; `None` when there is none, else whether it was settled.
    async fn send_next(&self) -> Option<bool> {
        let records = self.buffer.take()?;
        let sent = IS_SENDING.scope((), self.target.send(&records)).await;
        let is_settled = sent.is_ok();
        self.buffer.settle(sent);
        Some(is_settled)
    }
}

/// Returns whether an entry is about the sending of entries, so that sending it would lead to
/// another one.
fn is_own(target: &str) -> bool {
    const OWN: [&str; 9] = [
        module_path!(),
        "syft_sync::remote::logs",
        "syft_transport",
        "hyper",
        "hyper_util",
        "h2",
        "reqwest",
        "rustls",
        "tower",
    ];
    let is_part = |own: &&str| {
        target
            .strip_prefix(*own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    IS_SENDING.try_with(|()| ()).is_ok() || OWN.iter().any(is_part)
}
