//! What a service's loop, its runs and its owner share.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, Utc};
use syft_state::Timestamp;
use tokio::sync::{Notify, oneshot, watch};

use super::{
    Event, Refused, Settings, Setup, Snapshot, Surroundings, Ticket,
    agenda::{self, Agenda, Arrival, Due},
    run::Run,
    snapshot,
};
use crate::{
    JobId, RunRecord,
    mirror::Permits,
    queue::{Cause, Entry, Overlap, Pushed, Queue, Request},
};

/// Clocks that jump, and machines that sleep, are noticed within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// No more events wait to be told; past that, those of runs that will not be are left out.
const MOST_EVENTS: usize = 4096;
/// So many runs of a job are looked through for its last real one.
const LAST_RUNS: usize = 20;

/// What a service's loop, its runs and its owner share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) surroundings: Surroundings,
    pub(super) permits: Permits,
    settings: Settings,
    seed: u64,
    state: Mutex<State>,
    changed: Notify,
    ended: watch::Sender<bool>,
}

/// Whose changes wake the loop.
#[derive(Debug)]
pub(super) struct State {
    pub(super) agenda: Agenda,
    pub(super) queue: Queue,
    pub(super) runs: HashMap<String, Run>,
    pub(super) last_runs: HashMap<JobId, RunRecord>,
    pub(super) is_paused: bool,
    is_stopping: bool,
    tickets: HashMap<String, Vec<oneshot::Sender<RunRecord>>>,
    outbox: VecDeque<Event>,
    /// How many runs there were, for their names.
    count: u64,
}

impl Shared {
    pub(super) fn new(settings: Settings, surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            permits: Permits::new(settings.max_file_operations),
            settings,
            seed: RandomState::new().build_hasher().finish(),
            state: Mutex::new(State {
                agenda: Agenda::default(),
                queue: Queue::new(settings.queue_size),
                runs: HashMap::new(),
                last_runs: HashMap::new(),
                is_paused: false,
                is_stopping: false,
                tickets: HashMap::new(),
                outbox: VecDeque::new(),
                count: 0,
            }),
            changed: Notify::new(),
            ended: watch::Sender::new(false),
        }
    }

    /// Starts what may start, tells what happened, and sleeps, until the end.
    pub(super) async fn work(self: Arc<Self>) {
        loop {
            let (runs, sleep) = self.step();
            for run in runs {
                tokio::spawn(run.go(Arc::clone(&self)));
            }
            self.tell();
            if self.is_over() {
                self.ended.send_replace(true);
                return;
            }
            let slept = async {
                match sleep {
                    Some(time) => tokio::time::sleep(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = slept => {}
            }
        }
    }

    /// Takes another setup; it looks at the disk.
    pub(super) fn replace(&self, setup: Setup) {
        let known: Vec<JobId> = {
            let state = self.state();
            state
                .agenda
                .plans()
                .map(|plan| plan.job.id.clone())
                .collect()
        };
        let mut arrivals = Vec::new();
        let mut last_runs = Vec::new();
        for job in setup.jobs {
            let last = match known.contains(&job.id) {
                true => None,
                false => self.last_run(&job.id),
            };
            let writes = agenda::written_by(&job);
            arrivals.push(Arrival {
                writes: writes.iter().map(|path| canonical(path)).collect(),
                last: last.as_ref().and_then(|run| time(run.started)),
                seed: self.seed_of(&job.id),
                job,
            });
            last_runs.extend(last);
        }
        let now = self.now();
        let mut state = self.state();
        state.agenda.replace(arrivals, now);
        for run in last_runs {
            state.last_runs.insert(run.job.clone(), run);
        }
        state.settle();
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn trigger(&self, job: &JobId, request: Request) -> Result<Ticket, Refused> {
        let now = self.now();
        let asked = stamp(now);
        let mut state = self.state();
        let is_waiting_allowed = request.cause == Cause::FileWatcher;
        let pushed = match state.is_paused && !is_waiting_allowed {
            true => state.refuse(job, request.cause, Refused::Paused),
            false => self.push(&mut state, job, request, now),
        };
        let ticket = pushed.map(|run_id| {
            let (tell, done) = oneshot::channel();
            let tickets = state.tickets.entry(run_id.clone()).or_default();
            tickets.retain(|ticket| !ticket.is_closed());
            tickets.push(tell);
            Ticket {
                run_id,
                job: job.clone(),
                cause: request.cause,
                asked,
                done,
            }
        });
        drop(state);
        self.changed.notify_one();
        ticket
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        snapshot::of(&self.state())
    }

    pub(super) fn set_paused(&self, is_paused: bool) {
        self.state().is_paused = is_paused;
        self.changed.notify_one();
    }

    /// Lets nothing begin any more, and wishes the end of what runs.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_stopping = true;
        for run in state.runs.values() {
            run.cancel();
        }
        state.settle();
        drop(state);
        self.changed.notify_one();
    }

    pub(super) async fn stop(&self, grace: Duration) -> Vec<JobId> {
        self.end();
        let mut ended = self.ended.subscribe();
        // Whether in time or not, the answer is who still runs.
        drop(tokio::time::timeout(grace, ended.wait_for(|ended| *ended)).await);
        let state = self.state();
        state.runs.values().map(|run| run.job.id.clone()).collect()
    }

    /// Notes that a run is over.
    pub(super) fn finish(&self, record: RunRecord, trouble: Option<String>) {
        let mut state = self.state();
        state.queue.finish(&record.run_id);
        state.runs.remove(&record.run_id);
        if state.agenda.get(&record.job).is_some() {
            state.last_runs.insert(record.job.clone(), record.clone());
        }
        let run_id = record.run_id.clone();
        state.outbox.push_back(Event::Finished(record));
        if let Some(why) = trouble {
            state.outbox.push_back(Event::NotRecorded { run_id, why });
        }
        drop(state);
        self.changed.notify_one();
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.surroundings.clock)()
    }

    /// Lets wait what is due, and takes what may start; returns also how long nothing will be due.
    fn step(&self) -> (Vec<Run>, Option<Duration>) {
        let now = self.now();
        let mut state = self.state();
        if state.is_paused || state.is_stopping {
            return (Vec::new(), None);
        }
        for due in state.agenda.due(now) {
            match due {
                Due::Missed(job) => state.note(Event::Missed { job }),
                // A refusal has been noted, and nobody waits for it.
                Due::Now(job) => {
                    drop(self.push(&mut state, &job, Request::new(Cause::Schedule), now))
                }
            }
        }
        let mut runs = Vec::new();
        while let Some(entry) = state.queue.start(self.settings.max_concurrent_syncs) {
            runs.extend(state.start(entry, now));
        }
        let sleep = state.agenda.next().map(|due| {
            let wait = (due - now).to_std().unwrap_or_default();
            wait.min(LONGEST_SLEEP)
        });
        (runs, sleep)
    }

    /// Tells what happened, in order, and those who wait for a run that it is over.
    fn tell(&self) {
        loop {
            let (event, tickets) = {
                let mut state = self.state();
                let Some(event) = state.outbox.pop_front() else {
                    return;
                };
                let tickets = match &event {
                    Event::Finished(record) => state.tickets.remove(&record.run_id),
                    _ => None,
                };
                (event, tickets.unwrap_or_default())
            };
            (self.surroundings.listener)(&event);
            if let Event::Finished(record) = event {
                for ticket in tickets {
                    // Whoever asked may have gone.
                    drop(ticket.send(record.clone()));
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        let state = self.state();
        state.is_stopping && state.runs.is_empty() && state.outbox.is_empty()
    }

    /// Lets a run of a job wait; returns its name.
    fn push(
        &self,
        state: &mut State,
        job: &JobId,
        request: Request,
        now: DateTime<Utc>,
    ) -> Result<String, Refused> {
        let cause = request.cause;
        if state.is_stopping {
            return state.refuse(job, cause, Refused::Stopping);
        }
        let Some(plan) = state.agenda.get(job) else {
            return Err(Refused::Unknown);
        };
        if !plan.job.enabled {
            return state.refuse(job, cause, Refused::Disabled);
        }
        state.count += 1;
        let run_id = name(self.seed, state.count, now);
        let entry = Entry {
            run_id: run_id.clone(),
            job: job.clone(),
            priority: plan.job.priority,
            writes: plan.writes.clone(),
            overlap: match plan.job.timing.skip_if_running {
                true => Overlap::Coalesce,
                false => Overlap::Repeat,
            },
            request,
        };
        let job = job.clone();
        match state.queue.push(entry) {
            Pushed::Queued => {
                let event = Event::Queued {
                    run_id: run_id.clone(),
                    job,
                    cause,
                };
                state.note(event);
                Ok(run_id)
            }
            Pushed::Coalesced(run_id) => {
                let event = Event::Coalesced {
                    run_id: run_id.clone(),
                    job,
                    cause,
                };
                state.note(event);
                Ok(run_id)
            }
            Pushed::Refused => state.refuse(&job, cause, Refused::QueueFull),
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

    fn seed_of(&self, job: &JobId) -> u64 {
        let digest = blake3::keyed_hash(&key(self.seed), job.as_str().as_bytes());
        u64::from_le_bytes(
            digest.as_bytes()[..8]
                .try_into()
                .expect("eight of 32 bytes"),
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|error| error.into_inner())
    }
}

impl State {
    fn note(&mut self, event: Event) {
        if self.outbox.len() < MOST_EVENTS {
            self.outbox.push_back(event);
        }
    }

    fn refuse<T>(&mut self, job: &JobId, cause: Cause, why: Refused) -> Result<T, Refused> {
        // A name that nobody configured would be told as if it were a job.
        if self.agenda.get(job).is_some() {
            self.note(Event::Refused {
                job: job.clone(),
                cause,
                why,
            });
        }
        Err(why)
    }

    fn start(&mut self, entry: Entry, now: DateTime<Utc>) -> Option<Run> {
        let Some(plan) = self.agenda.get(&entry.job) else {
            self.queue.finish(&entry.run_id);
            return None;
        };
        let run = Run::new(entry, Arc::clone(&plan.job), now);
        self.runs.insert(run.run_id.clone(), run.clone());
        self.outbox.push_back(Event::Started {
            run_id: run.run_id.clone(),
            job: run.job.id.clone(),
            cause: run.request.cause,
        });
        Some(run)
    }

    /// Takes out of the queue, and of what is remembered, what will not be any more.
    fn settle(&mut self) {
        for plan in self.agenda.plans() {
            self.queue
                .amend(&plan.job.id, plan.job.priority, &plan.writes);
        }
        let (agenda, is_stopping) = (&self.agenda, self.is_stopping);
        let why = |entry: &Entry| match agenda.get(&entry.job) {
            _ if is_stopping => Some(Refused::Stopping),
            None => Some(Refused::Unknown),
            Some(plan) => (!plan.job.enabled).then_some(Refused::Disabled),
        };
        let removed = self.queue.remove(|entry| why(entry).is_some());
        let events: Vec<Event> = removed
            .iter()
            .filter_map(|entry| {
                Some(Event::Refused {
                    job: entry.job.clone(),
                    cause: entry.request.cause,
                    why: why(entry)?,
                })
            })
            .collect();
        for entry in removed {
            self.tickets.remove(&entry.run_id);
        }
        events.into_iter().for_each(|event| self.note(event));
        let agenda = &self.agenda;
        self.last_runs.retain(|job, _| agenda.get(job).is_some());
    }
}

/// Makes the name of a run, which nobody else makes.
fn name(seed: u64, count: u64, now: DateTime<Utc>) -> String {
    const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let text = format!("{count} {}", now.timestamp_micros());
    let digest = blake3::keyed_hash(&key(seed), text.as_bytes());
    let digits = digest.as_bytes()[..15].iter();
    digits
        .map(|byte| char::from(DIGITS[usize::from(*byte) % DIGITS.len()]))
        .collect()
}

fn key(seed: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key
}

/// Returns the canonical path of what may not be there yet, as far as it is.
fn canonical(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let Ok(found) = above.canonicalize() {
            let rest = path.strip_prefix(above).unwrap_or(Path::new(""));
            return match rest.as_os_str().is_empty() {
                true => found,
                false => found.join(rest),
            };
        }
    }
    path.to_owned()
}

pub(super) fn stamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp::from_micros(time.timestamp_micros())
}

fn time(stamp: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_micros(stamp.as_micros())
}
