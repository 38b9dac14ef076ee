//! Metric 10, and what else a daemon is like at the moment.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use syft_jobs::service::{Snapshot, Watch};

use super::Labels;

/// What a daemon is like at the moment.
#[derive(Debug, Default)]
pub(crate) struct State {
    watchers_active: Gauge,
    watchers: Family<Labels<1>, Gauge>,
    queued: Gauge,
    reloads: Family<Labels<1>, Counter>,
    reload_worked: Gauge,
    reloaded: Gauge<f64, AtomicU64>,
    needs_restart: Gauge,
    restarts: Counter,
    is_paused: Gauge,
}

/// How a reload of the configuration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    /// The new one is in force.
    Applied,
    /// Nothing had changed.
    Unchanged,
    /// The new one is wrong, and the old one stays in force.
    Refused,
}

/// Every state of a watcher.
const WATCHES: [Watch; 5] = [
    Watch::Off,
    Watch::Starting,
    Watch::Armed,
    Watch::Polling,
    Watch::Lost,
];

fn label(watch: Watch) -> Labels<1> {
    let state = match watch {
        Watch::Off => "off",
        Watch::Starting => "starting",
        Watch::Armed => "armed",
        Watch::Polling => "polling",
        Watch::Lost => "lost",
    };
    [("state", state.to_owned())]
}

impl Reload {
    const ALL: [Self; 3] = [Self::Applied, Self::Unchanged, Self::Refused];

    fn label(self) -> Labels<1> {
        let result = match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        };
        [("result", result.to_owned())]
    }
}

impl State {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "file_watchers_active",
            "File watchers that hear of changes",
            self.watchers_active.clone(),
        );
    }

    pub(super) fn register_own(&self, own: &mut Registry) {
        for watch in WATCHES {
            drop(self.watchers.get_or_create(&label(watch)));
        }
        for result in Reload::ALL {
            drop(self.reloads.get_or_create(&result.label()));
        }
        own.register(
            "file_watchers",
            "File watchers by how they hear of changes",
            self.watchers.clone(),
        );
        own.register("queue_length", "Runs that wait", self.queued.clone());
        own.register(
            "config_reloads",
            "Reloads of the configuration by result",
            self.reloads.clone(),
        );
        own.register(
            "config_last_reload_successful",
            "Whether the newest configuration that was found is in force",
            self.reload_worked.clone(),
        );
        own.register_with_unit(
            "config_last_reload_success_timestamp",
            "When the configuration in force was loaded",
            Unit::Seconds,
            self.reloaded.clone(),
        );
        own.register(
            "restart_required",
            "Whether a part of the configuration waits for a restart",
            self.needs_restart.clone(),
        );
        own.register(
            "restarts",
            "Times that the worker was started again after it had ended by itself",
            self.restarts.clone(),
        );
        own.register("paused", "Whether jobs are paused", self.is_paused.clone());
    }

    /// Notes how it is with the service.
    pub(super) fn seen(&self, snapshot: &Snapshot) {
        self.paused(snapshot.is_paused);
        self.queued(snapshot.queue_length);
        let number_of = |watch| {
            let watchers = snapshot.watchers.iter();
            watchers.filter(|watcher| watcher.state == watch).count()
        };
        for watch in WATCHES {
            set(
                &self.watchers.get_or_create(&label(watch)),
                number_of(watch),
            );
        }
        let active = number_of(Watch::Armed) + number_of(Watch::Polling);
        set(&self.watchers_active, active);
    }

    /// Sets how many runs wait.
    pub(crate) fn queued(&self, runs: usize) {
        set(&self.queued, runs);
    }

    /// Counts a reload.
    pub(crate) fn reloaded(&self, result: Reload, now: DateTime<Utc>) {
        self.reloads.get_or_create(&result.label()).inc();
        self.loaded(result != Reload::Refused, now);
    }

    /// Notes whether the newest configuration is in force.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are enough for a clock")]
    pub(crate) fn loaded(&self, is_in_force: bool, now: DateTime<Utc>) {
        self.reload_worked.set(is_in_force.into());
        if is_in_force {
            self.reloaded.set(now.timestamp_millis() as f64 / 1e3);
        }
    }

    /// Notes whether a part of the configuration waits for a restart.
    pub(crate) fn restart_required(&self, is_required: bool) {
        self.needs_restart.set(is_required.into());
    }

    /// Sets how often the worker was started again; less than before is ignored.
    pub(crate) fn restarts(&self, total: u64) {
        self.restarts.inner().fetch_max(total, Ordering::Relaxed);
    }

    /// Notes whether jobs are paused.
    pub(crate) fn paused(&self, is_paused: bool) {
        self.is_paused.set(is_paused.into());
    }
}

fn set(gauge: &Gauge, number: usize) {
    gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
}
