//! Taking another setup.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use syft_state::Timestamp;

use super::{
    Event, Setup,
    agenda::{self, Arrival},
    shared::Shared,
    state::State,
    watchers::Watched,
};
use crate::{Job, JobId, RunRecord, canonical::canonical, trigger::WatcherSpec};

/// So many runs of a job are looked through for its last real one.
const LAST_RUNS: usize = 20;

impl Shared {
    /// Takes another setup; it looks at the disk.
    pub(super) fn replace(self: &Arc<Self>, setup: Setup) {
        let known: Vec<JobId> = {
            let state = self.state();
            let plans = state.agenda.plans();
            plans.map(|plan| plan.job.id.clone()).collect()
        };
        let last_run = |job: &JobId| match known.contains(job) {
            true => None,
            false => self.last_run(job),
        };
        let last_runs: Vec<RunRecord> = setup
            .jobs
            .iter()
            .filter_map(|job| last_run(&job.id))
            .collect();
        let arrival = |job: Job| {
            let last = last_runs.iter().find(|run| run.job == job.id);
            Arrival {
                writes: agenda::written_by(&job)
                    .iter()
                    .map(|path| canonical(path))
                    .collect(),
                last: last.and_then(|run| time(run.started)),
                seed: self.names.seed(&job.id),
                job,
            }
        };
        let arrivals = setup.jobs.into_iter().map(arrival).collect();
        let now = self.now();
        let mut state = self.state();
        if state.is_stopping {
            return;
        }
        state.agenda.replace(arrivals, now);
        for run in last_runs {
            state.last_runs.insert(run.job.clone(), run);
        }
        state.settle();
        self.watch(&mut state, setup.watchers, now);
        drop(state);
        self.wake();
    }

    /// Takes other watchers; those that watch the same for the same job go on.
    fn watch(self: &Arc<Self>, state: &mut State, specs: Vec<WatcherSpec>, now: DateTime<Utc>) {
        let mut before = std::mem::take(&mut state.watchers);
        for spec in specs {
            let id = spec.id.clone();
            let job = state
                .agenda
                .get(&spec.job)
                .map(|plan| Arc::clone(&plan.job));
            let kept = before
                .remove(&id)
                .filter(|it| it.watches(&spec, job.as_deref()));
            let watched = kept.unwrap_or_else(|| {
                let (shared, id) = (Arc::downgrade(self), id.clone());
                let tell = move |news| {
                    if let Some(shared) = shared.upgrade() {
                        shared.hear(&id, news);
                    }
                };
                Watched::new(spec, job, now, tell)
            });
            state.watchers.insert(id, watched);
        }
        for watcher in before.into_keys() {
            state.note(Event::WatcherOff { watcher });
        }
    }

    fn last_run(&self, job: &JobId) -> Option<RunRecord> {
        match self.surroundings.store.runs(Some(job), LAST_RUNS) {
            Ok(runs) => runs.into_iter().find(|run| !run.report.dry_run),
            Err(error) => {
                tracing::warn!("cannot look when {job} ran last: {error}");
                None
            }
        }
    }
}

fn time(stamp: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(stamp.as_micros())
}
