//! Metrics 14 to 16: log entries, and their way to PocketBase.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use tracing::Level;

use super::Labels;

/// Targets beyond these are counted as one, because each is a series in the monitor's store.
const MOST_TARGETS: usize = 200;
const OTHER: &str = "other";
/// The target of the program itself, whose series are there from the start.
const USUAL: &str = "syft_sync";

/// Log entries, and their way to PocketBase.
#[derive(Debug, Default)]
pub(crate) struct LogCounts {
    entries: Family<Labels<2>, Counter>,
    known: Mutex<HashMap<&'static str, PerLevel>>,
    upload_errors: Counter,
    buffered: Gauge,
    uploaded: Counter,
    lost: Counter,
    spilled: Gauge,
    is_open: Gauge,
}

/// The counters of a target, from ERROR to TRACE.
type PerLevel = [Counter; 5];

impl LogCounts {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let own = Self::default();
        drop(own.counters(USUAL));
        registry.register(
            "log_entries",
            "Log entries by level and target",
            own.entries.clone(),
        );
        registry.register(
            "log_upload_errors",
            "Attempts to upload log entries that failed",
            own.upload_errors.clone(),
        );
        registry.register(
            "log_buffer_size",
            "Log entries in memory that wait to be uploaded",
            own.buffered.clone(),
        );
        own
    }

    pub(super) fn register_own(&self, registry: &mut Registry) {
        registry.register(
            "log_entries_uploaded",
            "Log entries that PocketBase has taken",
            self.uploaded.clone(),
        );
        registry.register(
            "log_entries_lost",
            "Log entries that PocketBase will never have, because there was no room or it refused them",
            self.lost.clone(),
        );
        registry.register_with_unit(
            "log_spill",
            "Size of the log entries on the disk that wait to be uploaded",
            Unit::Bytes,
            self.spilled.clone(),
        );
        registry.register(
            "log_upload_paused",
            "Whether the upload of log entries pauses after failures in a row",
            self.is_open.clone(),
        );
    }

    /// Counts an entry.
    pub(crate) fn logged(&self, level: Level, target: &'static str) {
        self.counters(target)[place(level)].inc();
    }

    /// Counts an attempt to upload that failed.
    pub(crate) fn upload_failed(&self) {
        self.upload_errors.inc();
    }

    /// Counts entries that were taken.
    pub(crate) fn uploaded(&self, entries: usize) {
        self.uploaded.inc_by(entries as u64);
    }

    /// Counts entries that will never arrive.
    pub(crate) fn lost(&self, entries: usize) {
        self.lost.inc_by(entries as u64);
    }

    /// Sets how many entries wait in memory.
    pub(crate) fn buffered(&self, entries: usize) {
        self.buffered
            .set(i64::try_from(entries).unwrap_or(i64::MAX));
    }

    /// Sets how many bytes wait on the disk.
    pub(crate) fn spilled(&self, bytes: u64) {
        self.spilled.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Sets whether uploading pauses.
    pub(crate) fn paused(&self, is_paused: bool) {
        self.is_open.set(is_paused.into());
    }

    fn counters(&self, target: &'static str) -> PerLevel {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = known.get(target) {
            return counters.clone();
        }
        let target = if known.len() < MOST_TARGETS {
            target
        } else {
            OTHER
        };
        let make = |level: Level| {
            let labels = [("level", level.to_string()), ("target", target.to_owned())];
            self.entries.get_or_create(&labels).clone()
        };
        let counters = LEVELS.map(make);
        known.insert(target, counters.clone());
        counters
    }
}

const LEVELS: [Level; 5] = [
    Level::ERROR,
    Level::WARN,
    Level::INFO,
    Level::DEBUG,
    Level::TRACE,
];

fn place(level: Level) -> usize {
    LEVELS
        .iter()
        .position(|known| *known == level)
        .expect("there are five levels")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_without_end_are_few_series() {
        let mut registry = Registry::default();
        let counts = LogCounts::register(&mut registry);
        for number in 0..1000 {
            let target: &'static str = format!("target_{number}").leak();
            counts.logged(Level::WARN, target);
        }
        assert!(counts.known.lock().unwrap().len() <= MOST_TARGETS + 1);
        let mut page = String::new();
        prometheus_client::encoding::text::encode(&mut page, &registry).unwrap();
        let other = "log_entries_total{level=\"WARN\",target=\"other\"} 801";
        assert!(page.lines().any(|line| line == other), "{page}");
        assert!(page.lines().count() < (MOST_TARGETS + 1) * 5 + 20);
    }
}
