//! Entries in memory, and behind them those on the disk.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::Notify, time::sleep};

use super::{
    super::{LogCounts, record::Record},
    SendError, Settled, Shipping, entry, is_own,
    spill::Spill,
};

/// Entries that wait to be sent; copies are the same buffer.
#[derive(Clone, Debug)]
pub(crate) struct Buffer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    shipping: Shipping,
    counts: Arc<LogCounts>,
    state: Mutex<State>,
    /// There is an entry.
    first: Notify,
    /// There are as many as are sent together.
    full: Notify,
}

#[derive(Debug)]
struct State {
    /// As lines of JSON, the oldest first.
    entries: VecDeque<String>,
    /// How many entries there ever were.
    number: u64,
    spill: Spill,
    sending: Option<Batch>,
    /// The file of the spill that is sent at the moment, as far as it was not sent yet.
    opened: Option<(u64, VecDeque<String>)>,
    trouble: Option<SendError>,
}

/// Entries that are being sent.
#[derive(Debug)]
struct Batch {
    lines: Vec<String>,
    is_spilled: bool,
    failures: u32,
}

impl Buffer {
    /// Makes a buffer, in which there is what an earlier start left.
    pub(crate) fn new(shipping: Shipping, counts: Arc<LogCounts>) -> Self {
        let spill = Spill::open(shipping.spill.clone());
        counts.spilled(spill.size());
        Self(Arc::new(Shared {
            state: Mutex::new(State {
                entries: VecDeque::new(),
                number: 0,
                spill,
                sending: None,
                opened: None,
                trouble: None,
            }),
            shipping,
            counts,
            first: Notify::new(),
            full: Notify::new(),
        }))
    }

    pub(super) fn counts(&self) -> &LogCounts {
        &self.0.counts
    }

    /// Takes an entry, unless it is about the sending of entries.
    pub(in super::super) fn push(&self, record: &Record) {
        if is_own(record.target) {
            return;
        }
        let mut state = self.state();
        let line = entry::line(record, state.number, &self.0.shipping);
        state.number += 1;
        if state.entries.len() >= self.0.shipping.buffer_size {
            self.spill_entries(&mut state);
        }
        state.entries.push_back(line);
        let waiting = state.entries.len();
        self.tell(&state);
        drop(state);
        if waiting == 1 {
            self.0.first.notify_one();
        }
        if waiting >= self.0.shipping.batch_size {
            self.0.full.notify_one();
        }
    }

    /// Waits until there is something to send, and a little for more of it.
    pub(super) async fn wait(&self) {
        self.0.first.notified().await;
        if self.state().entries.len() < self.0.shipping.batch_size {
            tokio::select! {
                () = sleep(self.0.shipping.flush_interval) => {}
                () = self.0.full.notified() => {}
            }
        }
    }

    /// Returns the entries to be sent next: those of before, those on the disk, those in memory.
    pub(super) fn take(&self) -> Option<Vec<Value>> {
        let mut state = self.state();
        if state.sending.is_none() {
            state.sending = state.next(self.0.shipping.batch_size);
        }
        self.tell(&state);
        let batch = state.sending.as_ref()?;
        let lines = batch.lines.iter();
        Some(
            lines
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect(),
        )
    }

    /// Notes what became of the entries that were taken.
    pub(super) fn settle(&self, outcome: Result<Settled, SendError>) {
        let mut state = self.state();
        match outcome {
            Ok(settled) => {
                self.0.counts.uploaded(settled.accepted);
                self.0.counts.lost(settled.rejected);
                state.sending = None;
                state.trouble = None;
                state.close_if_sent();
            }
            Err(error) => {
                self.0.counts.upload_failed();
                if let Some(batch) = &mut state.sending {
                    batch.failures += 1;
                }
                state.trouble = Some(error);
            }
        }
        self.tell(&state);
    }

    /// Puts the entries in memory on the disk when they were tried often enough.
    pub(super) fn give_up_if_tired(&self) {
        let mut state = self.state();
        let is_tired =
            |batch: &Batch| !batch.is_spilled && batch.failures > self.0.shipping.max_retries;
        if state.sending.as_ref().is_some_and(is_tired) {
            self.spill_batch(&mut state);
            self.tell(&state);
        }
    }

    /// Puts everything on the disk.
    pub(in super::super) fn spill_all(&self) {
        let mut state = self.state();
        self.spill_batch(&mut state);
        self.spill_entries(&mut state);
        self.tell(&state);
    }

    /// Returns what is worth knowing about it.
    pub(in super::super) fn status(&self) -> Value {
        let state = self.state();
        json!({
            "session_id": self.0.shipping.session_id,
            "in_memory": state.entries.len(),
            "on_disk_bytes": state.spill.size(),
            "trouble": state.trouble.as_ref().map(|trouble| &trouble.reason),
        })
    }

    /// Returns why sending failed last.
    pub(super) fn trouble(&self) -> String {
        let state = self.state();
        let trouble = state.trouble.as_ref();
        trouble.map_or_else(String::new, |trouble| trouble.reason.clone())
    }

    /// Returns how long the server wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.state().trouble.as_ref()?.retry_after
    }

    fn spill_entries(&self, state: &mut State) {
        let entries = std::mem::take(&mut state.entries);
        let lost = state.spill.append(entries.iter().map(String::as_str));
        self.0.counts.lost(lost.0);
    }

    /// Entries that came from the disk are still there.
    fn spill_batch(&self, state: &mut State) {
        if let Some(batch) = state.sending.take_if(|batch| !batch.is_spilled) {
            let lost = state.spill.append(batch.lines.iter().map(String::as_str));
            self.0.counts.lost(lost.0);
        }
    }

    fn tell(&self, state: &State) {
        let sending = state.sending.as_ref().filter(|batch| !batch.is_spilled);
        let sending = sending.map_or(0, |batch| batch.lines.len());
        self.0.counts.buffered(state.entries.len() + sending);
        self.0.counts.spilled(state.spill.size());
    }

    /// Plain data stays whole when somebody panics between two assignments.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self, size: usize) -> Option<Batch> {
        if self.opened.is_none() {
            let oldest = self.spill.oldest();
            self.opened = oldest.map(|(number, lines)| (number, lines.into()));
            // A file in which there is nothing whole.
            self.close_if_sent();
        }
        let (from, is_spilled) = match &mut self.opened {
            Some((_, lines)) => (lines, true),
            None => (&mut self.entries, false),
        };
        let length = from.len().min(size.max(1));
        let lines: Vec<_> = from.drain(..length).collect();
        (!lines.is_empty()).then_some(Batch {
            lines,
            is_spilled,
            failures: 0,
        })
    }

    fn close_if_sent(&mut self) {
        if let Some((number, _)) = self.opened.take_if(|(_, lines)| lines.is_empty()) {
            self.spill.remove(number);
        }
    }
}
