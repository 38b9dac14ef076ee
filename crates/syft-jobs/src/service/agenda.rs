//! When each job is due: pure, with the time as an argument.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Job, JobId, Schedule, mirror::Direction, schedule};

/// What is late by more was missed: the machine slept, or its clock was put forward.
const LATE: TimeDelta = TimeDelta::minutes(2);
/// A clock that goes back by less is merely being adjusted.
const ADJUSTED: TimeDelta = TimeDelta::seconds(1);

/// The jobs, and when each is due.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    plans: BTreeMap<JobId, Plan>,
    /// The latest time that was shown to it.
    now: Option<DateTime<Utc>>,
}

/// A job, and when it is due.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) job: Arc<Job>,
    /// The trees that it writes, by their canonical paths.
    pub(super) writes: Vec<PathBuf>,
    pub(super) due: Option<DateTime<Utc>>,
    /// When it was due or ran last.
    last: Option<DateTime<Utc>>,
}

/// A job that is new, and what is known of it.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) job: Job,
    pub(super) writes: Vec<PathBuf>,
    /// When it ran last.
    pub(super) last: Option<DateTime<Utc>>,
    /// Spreads first runs.
    pub(super) seed: u64,
}

/// A job that is due, or was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Now(JobId),
    /// It was due a while ago, and is not made up for.
    Missed(JobId),
}

impl Agenda {
    /// Takes other jobs; those whose schedule is the same stay due when they are.
    pub(super) fn replace(&mut self, arrivals: Vec<Arrival>, now: DateTime<Utc>) {
        let mut before = std::mem::take(&mut self.plans);
        for arrival in arrivals {
            let plan = match before.remove(&arrival.job.id) {
                Some(plan) => plan.changed(arrival, now),
                None => Plan::new(arrival, now),
            };
            self.plans.insert(plan.job.id.clone(), plan);
        }
    }

    /// Returns the jobs that are due, and plans the next time of each.
    pub(super) fn due(&mut self, now: DateTime<Utc>) -> Vec<Due> {
        if self.now.is_some_and(|before| before - now > ADJUSTED) {
            self.put_back(now);
        }
        self.now = Some(now);
        let plans = self.plans.iter_mut();
        plans
            .filter_map(|(id, plan)| {
                let due = plan.due.filter(|due| *due <= now)?;
                plan.pass(due, now);
                let is_missed = now - due > LATE && !plan.job.timing.catch_up;
                Some(match is_missed {
                    true => Due::Missed(id.clone()),
                    false => Due::Now(id.clone()),
                })
            })
            .collect()
    }

    /// Returns when the next job is due.
    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        self.plans.values().filter_map(|plan| plan.due).min()
    }

    pub(super) fn get(&self, id: &JobId) -> Option<&Plan> {
        self.plans.get(id)
    }

    pub(super) fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.plans.values()
    }

    /// The clock was put back: what is due is so by the new time.
    fn put_back(&mut self, now: DateTime<Utc>) {
        for plan in self.plans.values_mut().filter(|plan| plan.job.enabled) {
            if plan.due.is_some() {
                let last = plan.last.unwrap_or(now);
                plan.due = plan.job.schedule.next_after(now, Some(last));
            }
        }
    }
}

impl Plan {
    fn new(arrival: Arrival, now: DateTime<Utc>) -> Self {
        let due = first(&arrival, now);
        Self {
            job: Arc::new(arrival.job),
            writes: arrival.writes,
            due,
            last: arrival.last,
        }
    }

    fn changed(self, arrival: Arrival, now: DateTime<Utc>) -> Self {
        if !self.job.enabled && arrival.job.enabled {
            return Self::new(arrival, now);
        }
        let due = if !arrival.job.enabled {
            None
        } else if self.job.schedule == arrival.job.schedule {
            self.due
        } else {
            // What it was due for by the old schedule is no concern of the new one.
            let is_interval = matches!(arrival.job.schedule, Schedule::Interval(_));
            let last = self.last.filter(|_| is_interval).unwrap_or(now);
            arrival.job.schedule.next_after(now, Some(last))
        };
        Self {
            job: Arc::new(arrival.job),
            writes: arrival.writes,
            due,
            last: self.last,
        }
    }

    /// Plans the next time after one that has come.
    fn pass(&mut self, due: DateTime<Utc>, now: DateTime<Utc>) {
        // An interval keeps its beat unless it lost it.
        let last = match self.job.schedule {
            Schedule::Interval(interval) if is_within(now - due, interval) => due,
            _ => now,
        };
        self.last = Some(last);
        self.due = self.job.schedule.next_after(now, Some(last));
    }
}

/// Returns when a new job is due first.
fn first(arrival: &Arrival, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let job = &arrival.job;
    if !job.enabled {
        return None;
    }
    if let Schedule::Interval(interval) = job.schedule {
        if job.timing.run_on_start {
            return now.checked_add_signed(delta(schedule::jitter(interval, arrival.seed)));
        }
        return job.schedule.next_after(now, arrival.last.or(Some(now)));
    }
    let last = arrival.last.filter(|_| job.timing.catch_up);
    job.schedule.next_after(now, last)
}

fn is_within(late: TimeDelta, interval: Duration) -> bool {
    late.to_std().is_ok_and(|late| late < interval)
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// Returns the trees that a job writes.
pub(super) fn written_by(job: &Job) -> Vec<PathBuf> {
    match job.options.direction {
        Direction::OneWay => vec![job.destination.clone()],
        Direction::TwoWay => vec![job.source.clone(), job.destination.clone()],
    }
}
