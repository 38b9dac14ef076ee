//! Metrics 1 to 5 and 9: what runs of jobs do.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use chrono::{DateTime, Utc};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use syft_jobs::{
    JobId, Report, Status,
    mirror::{Counts, ErrorKind},
    queue::Cause,
    service::JobState,
};

use super::{Buckets, Labels};

/// The values of the label `direction`.
const THERE: &str = "source_to_destination";
const BACK: &str = "destination_to_source";

type Bytes = Counter<f64, AtomicU64>;
type Time = Gauge<f64, AtomicU64>;

/// What runs of jobs do.
#[derive(Debug)]
pub(crate) struct Jobs {
    operations: Family<Labels<3>, Counter>,
    durations: Family<Labels<2>, Histogram, Buckets>,
    files: Family<Labels<2>, Counter>,
    bytes: Family<Labels<2>, Bytes>,
    errors: Family<Labels<2>, Counter>,
    active: Gauge,
    last_run: Family<Labels<1>, Time>,
    last_success: Family<Labels<1>, Time>,
    next_run: Family<Labels<1>, Time>,
    held: Family<Labels<1>, Gauge>,
    /// The runs that have begun and not ended.
    running: Mutex<HashSet<String>>,
}

/// A run that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished<'a> {
    pub(crate) run_id: &'a str,
    pub(crate) job: &'a JobId,
    pub(crate) cause: Cause,
    pub(crate) took: Duration,
    pub(crate) at: DateTime<Utc>,
    pub(crate) report: &'a Report,
}

impl Jobs {
    pub(super) fn register(registry: &mut Registry, buckets: Buckets) -> Self {
        let own = Self {
            operations: Family::default(),
            durations: Family::new_with_constructor(buckets),
            files: Family::default(),
            bytes: Family::default(),
            errors: Family::default(),
            active: Gauge::default(),
            last_run: Family::default(),
            last_success: Family::default(),
            next_run: Family::default(),
            held: Family::default(),
            running: Mutex::default(),
        };
        registry.register(
            "sync_operations",
            "Runs of sync jobs by how they ended and what began them",
            own.operations.clone(),
        );
        registry.register(
            "sync_operations_duration_seconds",
            "How long runs of sync jobs took",
            own.durations.clone(),
        );
        registry.register(
            "sync_files_processed",
            "Entries that runs dealt with, by what was done",
            own.files.clone(),
        );
        registry.register(
            "sync_bytes_transferred",
            "Bytes that runs copied",
            own.bytes.clone(),
        );
        registry.register(
            "sync_errors",
            "What went wrong in runs, by kind",
            own.errors.clone(),
        );
        registry.register(
            "active_sync_jobs",
            "Sync jobs that run now",
            own.active.clone(),
        );
        own
    }

    pub(super) fn register_own(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "job_last_run_timestamp",
            "When the last run of a job ended, or 0",
            Unit::Seconds,
            self.last_run.clone(),
        );
        registry.register_with_unit(
            "job_last_success_timestamp",
            "When a run of a job ended well last, or 0",
            Unit::Seconds,
            self.last_success.clone(),
        );
        registry.register_with_unit(
            "job_next_run_timestamp",
            "When a job is due next, or 0 for one that is not due by itself",
            Unit::Seconds,
            self.next_run.clone(),
        );
        registry.register(
            "job_held",
            "Whether a job waits for somebody to insist, because its last run would delete too much or found no source",
            self.held.clone(),
        );
    }

    /// Makes the series of a job, at zero, so that its first failure is an increase and its
    /// absence means that it is not configured.
    pub(crate) fn configured(&self, job: &JobId) {
        for status in Status::ALL {
            for cause in Cause::ALL {
                self.operation(job, status, cause, 0);
            }
        }
        drop(self.durations.get_or_create(&outcome(job, Status::Success)));
        self.files(job, &Counts::default());
        self.bytes(job, THERE, 0);
        self.bytes(job, BACK, 0);
        for kind in ErrorKind::ALL {
            self.errors.get_or_create(&failure(job, kind)).inc_by(0);
        }
        for time in [&self.last_run, &self.last_success, &self.next_run] {
            drop(time.get_or_create(&name(job)));
        }
        drop(self.held.get_or_create(&name(job)));
    }

    /// Forgets the state of a job that is configured no more; what it did stays counted.
    pub(crate) fn removed(&self, job: &JobId) {
        self.last_run.remove(&name(job));
        self.last_success.remove(&name(job));
        self.next_run.remove(&name(job));
        self.held.remove(&name(job));
    }

    /// Notes how it is with the jobs, also what they did before this start.
    pub(super) fn seen(&self, jobs: &[JobState]) {
        for job in jobs {
            let due = job.next_due.map_or(0.0, seconds);
            self.next_run.get_or_create(&name(&job.id)).set(due);
            if let Some(run) = &job.last_run {
                self.ended(&job.id, run.finished.to_utc(), &run.report);
            }
        }
    }

    /// Notes that a run has begun.
    pub(crate) fn started(&self, run_id: &str) {
        let mut running = self.running();
        running.insert(run_id.to_owned());
        self.show(running);
    }

    /// Counts a run that was refused.
    pub(crate) fn refused(&self, job: &JobId, cause: Cause) {
        self.operation(job, Status::Skipped, cause, 1);
    }

    /// Counts a run that is over.
    pub(crate) fn finished(&self, run: &Finished<'_>) {
        let mut running = self.running();
        running.remove(run.run_id);
        self.show(running);
        let (job, report) = (run.job, run.report);
        self.operation(job, report.status, run.cause, 1);
        let duration = self.durations.get_or_create(&outcome(job, report.status));
        duration.observe(run.took.as_secs_f64());
        drop(duration);
        for (kind, number) in &report.failures {
            self.errors
                .get_or_create(&failure(job, *kind))
                .inc_by(*number);
        }
        self.ended(job, run.at, report);
        // What a dry run tells are plans, not deeds.
        if report.dry_run {
            return;
        }
        self.files(job, &report.counts);
        self.bytes(job, THERE, report.bytes);
        self.bytes(job, BACK, report.bytes_back);
    }

    /// Notes what the last run of a job came to; one that never began, or only tried, is none.
    fn ended(&self, job: &JobId, at: DateTime<Utc>, report: &Report) {
        if report.dry_run || report.status == Status::Skipped {
            return;
        }
        self.last_run.get_or_create(&name(job)).set(seconds(at));
        let is_held = report.failures.contains_key(&ErrorKind::Guard);
        self.held.get_or_create(&name(job)).set(is_held.into());
        if report.status == Status::Success {
            self.last_success.get_or_create(&name(job)).set(seconds(at));
        }
    }

    fn operation(&self, job: &JobId, status: Status, cause: Cause, number: u64) {
        let labels = [
            ("job_id", job.to_string()),
            ("status", status.as_str().to_owned()),
            ("trigger_source", cause.as_str().to_owned()),
        ];
        self.operations.get_or_create(&labels).inc_by(number);
    }

    fn files(&self, job: &JobId, counts: &Counts) {
        for (operation, number) in [
            ("copied", counts.copied),
            ("updated", counts.updated),
            ("deleted", counts.deleted),
            ("skipped", counts.skipped),
            ("created_dir", counts.created_dirs),
            ("conflict", counts.conflicts),
        ] {
            let labels = [
                ("job_id", job.to_string()),
                ("operation", operation.to_owned()),
            ];
            self.files.get_or_create(&labels).inc_by(number);
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a run copies less than 2^53 bytes"
    )]
    fn bytes(&self, job: &JobId, direction: &str, number: u64) {
        let labels = [
            ("job_id", job.to_string()),
            ("direction", direction.to_owned()),
        ];
        self.bytes.get_or_create(&labels).inc_by(number as f64);
    }

    fn running(&self) -> MutexGuard<'_, HashSet<String>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn show(&self, running: MutexGuard<'_, HashSet<String>>) {
        self.active
            .set(i64::try_from(running.len()).unwrap_or(i64::MAX));
    }
}

fn name(job: &JobId) -> Labels<1> {
    [("job_id", job.to_string())]
}

fn outcome(job: &JobId, status: Status) -> Labels<2> {
    [
        ("job_id", job.to_string()),
        ("status", status.as_str().to_owned()),
    ]
}

fn failure(job: &JobId, kind: ErrorKind) -> Labels<2> {
    [
        ("job_id", job.to_string()),
        ("error_type", kind.as_str().to_owned()),
    ]
}

#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits are enough for a clock in microseconds"
)]
fn seconds(time: DateTime<Utc>) -> f64 {
    time.timestamp_micros() as f64 / 1e6
}
