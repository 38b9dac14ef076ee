//! What is going on in a service.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{ProgressNow, agenda::Plan, state::State, watchers::Watched};
use crate::{JobId, RunRecord, queue::Cause, trigger::WatcherId};

/// What is going on in a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// Whether no run may begin until it is resumed.
    pub is_paused: bool,
    /// So many runs wait.
    pub queue_length: usize,
    /// So many run.
    pub running: usize,
    /// The jobs by their ids, also the disabled ones.
    pub jobs: Vec<JobState>,
    /// The watchers by their ids, also the disabled ones.
    pub watchers: Vec<WatcherState>,
}

/// How it is with a job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobState {
    /// Which one.
    pub id: JobId,
    /// Its name for people.
    pub name: String,
    /// Whether it may run.
    pub enabled: bool,
    /// When it is due, in words.
    pub schedule: String,
    /// When it is due next.
    pub next_due: Option<DateTime<Utc>>,
    /// Its last run.
    pub last_run: Option<RunRecord>,
    /// The run that goes on.
    pub running: Option<RunningNow>,
    /// The runs that wait.
    pub waiting: Vec<WaitingNow>,
}

/// A run that goes on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunningNow {
    /// Its name.
    pub run_id: String,
    /// Why it runs.
    pub cause: Cause,
    /// Whether it changes nothing.
    pub dry_run: bool,
    /// When it began.
    pub since: DateTime<Utc>,
    /// How far it is.
    pub progress: ProgressNow,
}

/// A run that waits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaitingNow {
    /// Its name.
    pub run_id: String,
    /// Why it is wanted.
    pub cause: Cause,
}

/// How it is with a watcher.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WatcherState {
    /// Which one.
    pub id: WatcherId,
    /// Its name for people.
    pub name: String,
    /// What it watches; what is not UTF-8 is written with replacement characters.
    pub path: String,
    /// The job that changes make due.
    pub job: JobId,
    /// Whether and how it watches.
    pub state: Watch,
    /// Why it does not, or not as it should.
    pub why: Option<String>,
    /// Since when that is so.
    pub since: DateTime<Utc>,
    /// How often changes made the job due.
    pub triggers: u64,
}

/// Whether and how a watcher watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// It, or its job, is disabled.
    Off,
    /// It begins to.
    Starting,
    /// The system tells it of changes.
    Armed,
    /// It looks for changes itself.
    Polling,
    /// What it watches is gone or cannot be watched; it is looked for.
    Lost,
}

/// Returns what is going on.
pub(super) fn of(state: &State) -> Snapshot {
    Snapshot {
        is_paused: state.is_paused,
        queue_length: state.queue.waiting().len(),
        running: state.runs.len(),
        jobs: state.agenda.plans().map(|plan| job(state, plan)).collect(),
        watchers: state.watchers.values().map(Watched::state).collect(),
    }
}

fn job(state: &State, plan: &Plan) -> JobState {
    let id = &plan.job.id;
    let run = state.runs.values().find(|run| run.job.id == *id);
    let waiting = state.queue.waiting().filter(|entry| entry.job == *id);
    JobState {
        id: id.clone(),
        name: plan.job.name.clone(),
        enabled: plan.job.enabled,
        schedule: plan.job.schedule.to_string(),
        next_due: plan.due,
        last_run: state.last_runs.get(id).cloned(),
        running: run.map(|run| RunningNow {
            run_id: run.run_id.clone(),
            cause: run.request.cause,
            dry_run: run.request.dry_run,
            since: run.since,
            progress: run.meter.now(),
        }),
        waiting: waiting
            .map(|entry| WaitingNow {
                run_id: entry.run_id.clone(),
                cause: entry.request.cause,
            })
            .collect(),
    }
}
