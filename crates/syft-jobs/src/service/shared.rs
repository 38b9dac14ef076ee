//! What a service's loop, its runs and its owner share.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use chrono::{DateTime, Utc};
use syft_state::Timestamp;
use tokio::sync::{Notify, watch};

use super::{
    Event, Refused, Settings, Snapshot, Surroundings, Ticket, name::Names, run::Run, snapshot,
    state::State,
};
use crate::{
    JobId, RunRecord,
    mirror::Permits,
    queue::{Cause, Request},
    trigger::{News, WatcherId},
};

/// Clocks that jump, and machines that sleep, are noticed within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// What a service's loop, its runs and its owner share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) surroundings: Surroundings,
    pub(super) permits: Permits,
    settings: Settings,
    pub(super) names: Names,
    state: Mutex<State>,
    changed: Notify,
    ended: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(settings: Settings, surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            permits: Permits::new(settings.max_file_operations),
            settings,
            names: Names::new(),
            state: State::new(settings.queue_size).into(),
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

    pub(super) fn trigger(&self, job: &JobId, request: Request) -> Result<Ticket, Refused> {
        let now = self.now();
        let mut state = self.state();
        // A change of files is not to be forgotten; people can ask again.
        let is_refused = state.is_paused && request.cause != Cause::FileWatcher;
        let pushed = match is_refused {
            true => state.refuse(job, request.cause, Refused::Paused),
            false => state.push(job, request, self.names.run(now)),
        };
        let ticket = pushed.map(|run_id| Ticket {
            done: state.wait_for(&run_id),
            run_id,
            job: job.clone(),
            cause: request.cause,
            asked: stamp(now),
        });
        drop(state);
        self.wake();
        ticket
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        snapshot::of(&self.state())
    }

    pub(super) fn set_paused(&self, is_paused: bool) {
        self.state().is_paused = is_paused;
        self.wake();
    }

    /// Lets nothing begin any more, and wishes the end of what runs.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_stopping = true;
        for run in state.runs.values() {
            run.cancel();
        }
        state.watchers.clear();
        state.settle();
        drop(state);
        self.wake();
    }

    pub(super) async fn stop(&self, grace: Duration) -> Vec<JobId> {
        self.end();
        let mut ended = self.ended.subscribe();
        // Whether in time or not, the answer is who still runs.
        drop(tokio::time::timeout(grace, ended.wait_for(|ended| *ended)).await);
        let state = self.state();
        state.runs.values().map(|run| run.job.id.clone()).collect()
    }

    /// Hears of a watcher.
    pub(super) fn hear(&self, id: &WatcherId, news: News) {
        let now = self.now();
        let mut state = self.state();
        let Some(watched) = state.watchers.get_mut(id) else {
            return;
        };
        let job = watched.spec.job.clone();
        match watched.hear(news, now) {
            Some(event) => {
                state.note(event);
                drop(state);
                self.wake();
            }
            None => {
                drop(state);
                // A refusal has been noted, and nobody waits for it.
                drop(self.trigger(&job, Request::new(Cause::FileWatcher)));
            }
        }
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
        self.wake();
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.surroundings.clock)()
    }

    /// Takes the runs that may start, and how long there will be nothing to do.
    fn step(&self) -> (Vec<Run>, Option<Duration>) {
        let now = self.now();
        let mut state = self.state();
        let runs = state.step(now, self.settings.max_concurrent_syncs, &self.names);
        let sleep = state.sleep(now);
        (runs, sleep.map(|sleep| sleep.min(LONGEST_SLEEP)))
    }

    /// Tells what happened, in order, and those who wait for a run that it is over.
    fn tell(&self) {
        loop {
            let Some((event, tickets)) = self.state().next_event() else {
                return;
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

    /// Lets the loop look at what has changed.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|error| error.into_inner())
    }
}

pub(super) fn stamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp::from_micros(time.timestamp_micros())
}
