//! The watchers of a service.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Event, Watch, WatcherState};
use crate::{
    Job,
    trigger::{self, News, WatcherSpec, Watching},
};

/// A watcher, and how it is with it.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) spec: WatcherSpec,
    job: Option<Arc<Job>>,
    state: Watch,
    why: Option<String>,
    since: DateTime<Utc>,
    triggers: u64,
    _watching: Option<Watching>,
}

impl Watched {
    /// Begins to watch, unless the watcher or its job is disabled.
    pub(super) fn new(
        spec: WatcherSpec,
        job: Option<Arc<Job>>,
        now: DateTime<Utc>,
        tell: impl Fn(News) + Send + Sync + 'static,
    ) -> Self {
        let job_to_run = job.clone().filter(|job| spec.enabled && job.enabled);
        let why = match &job {
            None => Some(format!("there is no job {}", spec.job)),
            Some(job) if !job.enabled => Some(format!("the job {} is disabled", job.id)),
            Some(_) => None,
        };
        let state = match job_to_run {
            Some(_) => Watch::Starting,
            None => Watch::Off,
        };
        Self {
            _watching: job_to_run.map(|job| trigger::watch(spec.clone(), job, tell)),
            spec,
            job,
            state,
            why,
            since: now,
            triggers: 0,
        }
    }

    /// Returns whether it watches the same for the same job.
    pub(super) fn watches(&self, spec: &WatcherSpec, job: Option<&Job>) -> bool {
        let is_alike = |one: &Job, other: &Job| {
            one.enabled == other.enabled
                && (&one.source, &one.destination) == (&other.source, &other.destination)
                && one.options.filter == other.options.filter
                && one.options.ignore_hidden == other.options.ignore_hidden
        };
        self.spec == *spec
            && match (self.job.as_deref(), job) {
                (Some(one), Some(other)) => is_alike(one, other),
                (one, other) => one.is_none() && other.is_none(),
            }
    }

    /// Hears what has become of it; what is told of it then, unless its job is due.
    pub(super) fn hear(&mut self, news: News, now: DateTime<Utc>) -> Option<Event> {
        let (watcher, job) = (self.spec.id.clone(), self.spec.job.clone());
        let (state, why, event) = match news {
            News::Changed => {
                self.triggers += 1;
                return None;
            }
            News::Armed => (Watch::Armed, None, Event::WatcherArmed { watcher, job }),
            News::Polling(why) => {
                tracing::warn!("{watcher} looks for changes itself: {why}");
                let reason = Some(why.clone());
                (
                    Watch::Polling,
                    reason,
                    Event::WatcherPolling { watcher, job, why },
                )
            }
            News::Lost(why) => {
                tracing::warn!("{watcher} does not watch: {why}");
                let reason = Some(why.clone());
                (
                    Watch::Lost,
                    reason,
                    Event::WatcherLost { watcher, job, why },
                )
            }
        };
        (self.state, self.why, self.since) = (state, why, now);
        Some(event)
    }

    pub(super) fn state(&self) -> WatcherState {
        WatcherState {
            id: self.spec.id.clone(),
            name: self.spec.name.clone(),
            path: self.spec.path.to_string_lossy().into_owned(),
            job: self.spec.job.clone(),
            state: self.state,
            why: self.why.clone(),
            since: self.since,
            triggers: self.triggers,
        }
    }
}
