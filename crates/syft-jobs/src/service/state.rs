//! What a service knows: changed under its lock, by functions that neither wait nor look around.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{
    Event, Refused,
    agenda::{Agenda, Due},
    name::Names,
    run::Run,
    watchers::Watched,
};
use crate::{
    JobId, RunRecord,
    queue::{Cause, Entry, Overlap, Pushed, Queue, Request},
    trigger::WatcherId,
};

/// No more events wait to be told; past that, those of runs that will not be are left out.
const MOST_EVENTS: usize = 4096;

/// What a service knows.
#[derive(Debug)]
pub(super) struct State {
    pub(super) agenda: Agenda,
    pub(super) queue: Queue,
    pub(super) runs: HashMap<String, Run>,
    pub(super) last_runs: HashMap<JobId, RunRecord>,
    pub(super) watchers: BTreeMap<WatcherId, Watched>,
    pub(super) is_paused: bool,
    pub(super) is_stopping: bool,
    tickets: HashMap<String, Vec<oneshot::Sender<RunRecord>>>,
    pub(super) outbox: VecDeque<Event>,
}

impl State {
    pub(super) fn new(queue_size: usize) -> Self {
        Self {
            agenda: Agenda::default(),
            queue: Queue::new(queue_size),
            runs: HashMap::new(),
            last_runs: HashMap::new(),
            watchers: BTreeMap::new(),
            is_paused: false,
            is_stopping: false,
            tickets: HashMap::new(),
            outbox: VecDeque::new(),
        }
    }

    /// Lets wait what is due, and takes the runs that may start.
    pub(super) fn step(
        &mut self,
        now: DateTime<Utc>,
        most_running: usize,
        names: &Names,
    ) -> Vec<Run> {
        if self.is_paused || self.is_stopping {
            return Vec::new();
        }
        for due in self.agenda.due(now) {
            match due {
                Due::Missed(job) => self.note(Event::Missed { job }),
                Due::Now(job) => {
                    // A refusal has been noted, and nobody waits for it.
                    drop(self.push(&job, Request::new(Cause::Schedule), names.run(now)));
                }
            }
        }
        std::iter::from_fn(|| {
            let entry = self.queue.start(most_running)?;
            Some(self.start(entry, now))
        })
        .flatten()
        .collect()
    }

    /// Returns how long nothing will be due; none when that is for ever.
    pub(super) fn sleep(&self, now: DateTime<Utc>) -> Option<Duration> {
        if self.is_paused || self.is_stopping {
            return None;
        }
        let due = self.agenda.next()?;
        Some((due - now).to_std().unwrap_or_default())
    }

    /// Lets a run of a job wait, of that name unless another one is enough; returns its name.
    pub(super) fn push(
        &mut self,
        job: &JobId,
        request: Request,
        run_id: String,
    ) -> Result<String, Refused> {
        let cause = request.cause;
        if self.is_stopping {
            return self.refuse(job, cause, Refused::Stopping);
        }
        let Some(plan) = self.agenda.get(job) else {
            return Err(Refused::Unknown);
        };
        if !plan.job.enabled {
            return self.refuse(job, cause, Refused::Disabled);
        }
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
        let pushed = self.queue.push(entry);
        let job = job.clone();
        match pushed {
            Pushed::Queued => {
                let told = run_id.clone();
                self.note(Event::Queued {
                    run_id: told,
                    job,
                    cause,
                });
                Ok(run_id)
            }
            Pushed::Coalesced(run_id) => {
                let told = run_id.clone();
                self.note(Event::Coalesced {
                    run_id: told,
                    job,
                    cause,
                });
                Ok(run_id)
            }
            Pushed::Refused => self.refuse(&job, cause, Refused::QueueFull),
        }
    }

    /// Returns where a run's end will be told.
    pub(super) fn wait_for(&mut self, run_id: &str) -> oneshot::Receiver<RunRecord> {
        let (tell, done) = oneshot::channel();
        let tickets = self.tickets.entry(run_id.to_owned()).or_default();
        tickets.retain(|ticket| !ticket.is_closed());
        tickets.push(tell);
        done
    }

    /// Takes the oldest event, and those who wait for it.
    pub(super) fn next_event(&mut self) -> Option<(Event, Vec<oneshot::Sender<RunRecord>>)> {
        let event = self.outbox.pop_front()?;
        let tickets = match &event {
            Event::Finished(record) => self.tickets.remove(&record.run_id),
            _ => None,
        };
        Some((event, tickets.unwrap_or_default()))
    }

    /// Lets an event wait to be told.
    pub(super) fn note(&mut self, event: Event) {
        if self.outbox.len() < MOST_EVENTS {
            self.outbox.push_back(event);
        }
    }

    pub(super) fn refuse<T>(
        &mut self,
        job: &JobId,
        cause: Cause,
        why: Refused,
    ) -> Result<T, Refused> {
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
    pub(super) fn settle(&mut self) {
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
