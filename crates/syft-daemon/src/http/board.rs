//! What the daemon lets others know.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use prometheus_client::{encoding::text, registry::Registry};
use serde::Serialize;

use super::{metrics::Metrics, own_process};

/// What the daemon keeps up to date and its pages show; copies are the same board.
#[derive(Clone, Debug)]
pub struct Board {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    version: String,
    patience: Duration,
    vitals: Mutex<Vitals>,
    metrics: Metrics,
    registry: Registry,
}

/// Progress is measured by a clock that nobody sets.
#[derive(Debug)]
struct Vitals {
    progress: Instant,
    quiet: Duration,
    /// Why it is not ready, or nothing.
    lacks: Option<String>,
}

/// The answer of `/health`.
#[derive(Debug, Serialize)]
pub(super) struct Health {
    pub(super) alive: bool,
    version: String,
    progress_seconds_ago: u64,
    why: Option<String>,
}

/// The answer of `/ready`.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    why: Option<String>,
}

impl Board {
    /// Makes a board whose metrics begin with `prefix`, of a daemon that has just started.
    ///
    /// The daemon counts as stuck when it is `patience` later than it said with its next sign of
    /// progress.
    #[must_use]
    pub fn new(prefix: &str, version: &str, patience: Duration) -> Self {
        let mut registry = Registry::default();
        let metrics = Metrics::register(registry.sub_registry_with_prefix(prefix), version);
        own_process::register_process(&mut registry);
        let vitals = Vitals {
            progress: Instant::now(),
            quiet: Duration::ZERO,
            lacks: Some("it is starting".to_owned()),
        };
        Self {
            shared: Arc::new(Shared {
                version: version.to_owned(),
                patience,
                vitals: Mutex::new(vitals),
                metrics,
                registry,
            }),
        }
    }

    /// Notes a sign of progress, after which the daemon may be quiet for a while on purpose.
    pub fn progressed(&self, now: Instant, quiet: Duration) {
        let mut vitals = self.vitals();
        vitals.progress = now;
        vitals.quiet = quiet;
    }

    /// Notes that everything is there that the daemon needs.
    pub fn set_ready(&self) {
        self.vitals().lacks = None;
    }

    /// Notes that something is missing, in one line without secrets.
    pub fn set_unready(&self, why: impl Into<String>) {
        self.vitals().lacks = Some(why.into());
    }

    /// Returns what is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Returns whether the daemon gets on, by the rule of `/health`; for watchdogs.
    #[must_use]
    pub fn is_alive(&self, now: Instant) -> bool {
        self.health(now).alive
    }

    pub(super) fn health(&self, now: Instant) -> Health {
        let vitals = self.vitals();
        let silence = now.saturating_duration_since(vitals.progress);
        let limit = vitals.quiet.saturating_add(self.shared.patience);
        let why = (silence > limit).then(|| {
            format!(
                "no progress for {} s, where at most {} s are usual",
                silence.as_secs(),
                limit.as_secs()
            )
        });
        Health {
            alive: why.is_none(),
            version: self.shared.version.clone(),
            progress_seconds_ago: silence.as_secs(),
            why,
        }
    }

    pub(super) fn readiness(&self) -> Readiness {
        let why = self.vitals().lacks.clone();
        Readiness {
            ready: why.is_none(),
            why,
        }
    }

    /// Returns the metrics in the text format of `OpenMetrics` 1.0.
    pub(super) fn openmetrics(&self) -> String {
        let mut page = String::new();
        text::encode(&mut page, &self.shared.registry)
            .expect("a string takes all that is written to it");
        page
    }

    /// Plain data stays whole when somebody panics between two assignments.
    fn vitals(&self) -> MutexGuard<'_, Vitals> {
        let vitals = self.shared.vitals.lock();
        vitals.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_wait_on_purpose_is_life_and_a_longer_one_is_not() {
        let board = Board::new("x", "1", 15 * MINUTE);
        let start = Instant::now();
        board.progressed(start, 10 * MINUTE);
        assert!(board.health(start + 25 * MINUTE).alive);
        let stuck = board.health(start + 25 * MINUTE + Duration::from_secs(1));
        assert!(!stuck.alive);
        let why = stuck.why.unwrap();
        assert_eq!(
            why,
            "no progress for 1501 s, where at most 1500 s are usual"
        );
        board.progressed(start + 26 * MINUTE, Duration::ZERO);
        assert!(board.health(start + 26 * MINUTE).alive);
    }

    #[test]
    fn it_is_ready_when_it_says_so_and_until_it_says_otherwise() {
        let board = Board::new("x", "1", MINUTE);
        assert_eq!(board.readiness().why.unwrap(), "it is starting");
        board.set_ready();
        assert!(board.readiness().ready);
        board.set_unready("no network");
        assert_eq!(board.readiness().why.unwrap(), "no network");
    }
}
