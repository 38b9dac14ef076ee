//! Metric 10, and what else a daemon is like at the moment.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
};

use chrono::{DateTime, Utc};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use super::Labels;

/// What a daemon is like at the moment.
#[derive(Debug, Default)]
pub(crate) struct State {
    watchers_active: Gauge,
    watchers: Mutex<HashMap<String, WatcherState>>,
    by_state: Family<Labels<1>, Gauge>,
    queued: Gauge,
    reloads: Family<Labels<1>, Counter>,
    reload_worked: Gauge,
    reloaded: Gauge<f64, AtomicU64>,
    needs_restart: Gauge,
    restarts: Counter,
    is_paused: Gauge,
}

/// How a watcher of files hears of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WatcherState {
    /// The system tells.
    Armed,
    /// It looks from time to time.
    Polling,
    /// It does not, for its root is gone.
    Lost,
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

impl WatcherState {
    const ALL: [Self; 3] = [Self::Armed, Self::Polling, Self::Lost];

    fn label(self) -> Labels<1> {
        let state = match self {
            Self::Armed => "armed",
            Self::Polling => "polling",
            Self::Lost => "lost",
        };
        [("state", state.to_owned())]
    }
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
        for kind in WatcherState::ALL {
            drop(self.by_state.get_or_create(&kind.label()));
        }
        for result in Reload::ALL {
            drop(self.reloads.get_or_create(&result.label()));
        }
        own.register(
            "file_watchers",
            "File watchers by how they hear of changes",
            self.by_state.clone(),
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

    /// Notes how a watcher hears of changes now; `None` for one that is no more.
    pub(crate) fn watcher(&self, id: &str, state: Option<WatcherState>) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        match state {
            Some(state) => watchers.insert(id.to_owned(), state),
            None => watchers.remove(id),
        };
        let mut active = 0;
        for kind in WatcherState::ALL {
            let number = watchers.values().filter(|state| **state == kind).count();
            set(&self.by_state.get_or_create(&kind.label()), number);
            if kind != WatcherState::Lost {
                active += number;
            }
        }
        set(&self.watchers_active, active);
    }

    /// Forgets the watchers that are not configured any more.
    pub(crate) fn watchers_configured(&self, ids: &[&str]) {
        let gone: Vec<String> = {
            let watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
            let gone = watchers.keys().filter(|id| !ids.contains(&id.as_str()));
            gone.cloned().collect()
        };
        for id in gone {
            self.watcher(&id, None);
        }
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
        self.restarts
            .inner()
            .fetch_max(total, std::sync::atomic::Ordering::Relaxed);
    }

    /// Notes whether jobs are paused.
    pub(crate) fn paused(&self, is_paused: bool) {
        self.is_paused.set(is_paused.into());
    }
}

fn set(gauge: &Gauge, number: usize) {
    gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
}
