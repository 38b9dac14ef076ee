//! One run: on a thread of its own, with a time limit, and with its end written down.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, Utc};

use super::{
    meter::Meter,
    shared::{Shared, stamp},
};
use crate::{
    Job, Report, RunRecord, Status,
    mirror::{Cancel, Context, ErrorKind},
    queue::{Entry, Request},
};

/// A run that goes on; copies are the same.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) run_id: String,
    /// The job as it was when the run began.
    pub(super) job: Arc<Job>,
    pub(super) request: Request,
    pub(super) since: DateTime<Utc>,
    pub(super) meter: Arc<Meter>,
    cancel: Cancel,
    has_timed_out: Arc<AtomicBool>,
}

impl Run {
    pub(super) fn new(entry: Entry, job: Arc<Job>, now: DateTime<Utc>) -> Self {
        Self {
            run_id: entry.run_id,
            job,
            request: entry.request,
            since: now,
            meter: Arc::default(),
            cancel: Cancel::default(),
            has_timed_out: Arc::default(),
        }
    }

    /// Wishes its end.
    pub(super) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Carries it out, cancels it when it takes too long, and notes its end.
    pub(super) async fn go(self, shared: Arc<Shared>) {
        let run = self.clone();
        let mut done = tokio::task::spawn_blocking(move || {
            let report = run.report(&shared);
            run.finish(&shared, report);
        });
        if let Some(limit) = self.job.timing.max_run
            && tokio::time::timeout(limit, &mut done).await.is_err()
        {
            self.has_timed_out.store(true, Ordering::Relaxed);
            self.cancel();
        }
    }

    fn report(&self, shared: &Shared) -> Report {
        let context = Context {
            cancel: &self.cancel,
            permits: &shared.permits,
            progress: &*self.meter,
            store: Some(&shared.surroundings.store),
            insist: self.request.insist,
        };
        let mut job = Job::clone(&self.job);
        job.options.dry_run |= self.request.dry_run;
        let run = || (shared.surroundings.run)(&job, &context);
        let report = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let why = format!("this program failed: {}", words(&*panic));
            Report::of_failure(Status::Failed, why).because_of(ErrorKind::Internal)
        });
        match (report.status, self.job.timing.max_run) {
            (Status::Cancelled, Some(limit)) if self.has_timed_out.load(Ordering::Relaxed) => {
                let limit = humantime::format_duration(limit);
                Report {
                    reason: Some(format!("it took longer than {limit}")),
                    ..report
                }
                .because_of(ErrorKind::TimedOut)
            }
            _ => report,
        }
    }

    fn finish(self, shared: &Shared, report: Report) {
        let record = RunRecord {
            run_id: self.run_id,
            job: self.job.id.clone(),
            trigger: self.request.cause,
            started: stamp(self.since),
            finished: stamp(shared.now()),
            report,
        };
        let trouble = shared.surroundings.store.record_run(&record).err();
        if let Some(error) = &trouble {
            tracing::error!("cannot record a run of {}: {error}", record.job);
        }
        shared.finish(record, trouble.map(|error| error.to_string()));
    }
}

/// Returns what a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it does not say why")
}
