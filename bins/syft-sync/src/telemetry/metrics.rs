//! What is counted: the sixteen metrics that dashboards of this daemon know, and our own.

mod jobs;
mod logs;
mod pocketbase;
mod process;
mod state;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use prometheus_client::{
    encoding::text,
    metrics::{family::MetricConstructor, histogram::Histogram, info::Info},
    registry::Registry,
};
use syft_daemon::http;
use syft_jobs::{JobId, service::Snapshot};
use syft_transport::pocketbase::Observer;

pub(crate) use jobs::{Finished, Jobs};
pub(crate) use logs::LogCounts;
pub(crate) use pocketbase::Requests;
pub(crate) use state::{Reload, State};

/// A set of labels with their values.
type Labels<const N: usize> = [(&'static str, String); N];

/// Bounds for what takes as long as a request: those of Prometheus's own libraries, in seconds.
const SHORT: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// What is counted of one daemon.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) jobs: Jobs,
    pub(crate) requests: Requests,
    pub(crate) logs: Arc<LogCounts>,
    pub(crate) state: State,
    registry: Registry,
    configured: Mutex<HashSet<JobId>>,
}

/// How metrics are kept.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The upper bounds of the buckets for how long runs take, in seconds.
    pub(crate) buckets: Vec<f64>,
    /// The least time over which the use of the processor is measured.
    pub(crate) collection_interval: Duration,
    /// Whether the metrics that every process has are shown, too.
    pub(crate) has_process: bool,
}

/// The bounds of a histogram.
#[derive(Clone, Debug)]
struct Buckets(Arc<[f64]>);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

impl Metrics {
    /// Begins to count at zero, in a process that started at `now`.
    pub(crate) fn new(options: &Options, version: &str, now: Instant) -> Self {
        let mut registry = Registry::default();
        let long = Buckets(options.buckets.as_slice().into());
        let jobs = Jobs::register(&mut registry, long);
        process::register(&mut registry, options.collection_interval, now);
        let state = State::default();
        state.register(&mut registry);
        let requests = Requests::register(&mut registry, Buckets(SHORT.into()));
        let logs = Arc::new(LogCounts::register(&mut registry));
        let own = registry.sub_registry_with_prefix("syft_sync");
        state.register_own(own);
        jobs.register_own(own);
        logs.register_own(own);
        requests.register_own(own);
        let build = Info::new([("version", version.to_owned())]);
        own.register("build", "The program", build);
        if options.has_process {
            http::register_process(&mut registry);
        }
        Self {
            jobs,
            requests,
            logs,
            state,
            registry,
            configured: Mutex::default(),
        }
    }

    /// Notes which jobs there are.
    pub(crate) fn configured(&self, jobs: &[JobId]) {
        let now: HashSet<_> = jobs.iter().cloned().collect();
        let mut before = self
            .configured
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        before
            .difference(&now)
            .for_each(|job| self.jobs.removed(job));
        now.difference(&before)
            .for_each(|job| self.jobs.configured(job));
        *before = now;
    }

    /// Notes how it is with the service.
    pub(crate) fn seen(&self, snapshot: &Snapshot) {
        self.state.seen(snapshot);
        self.jobs.seen(&snapshot.jobs);
    }

    /// Returns who counts the requests to `PocketBase`.
    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        Arc::new(self.requests.clone())
    }

    /// Returns the page in the text format of `OpenMetrics` 1.0.
    pub(crate) fn openmetrics(&self) -> String {
        let mut page = String::new();
        text::encode(&mut page, &self.registry).expect("a string takes all that is written to it");
        page
    }

    /// Returns the page in Prometheus's text format 0.0.4.
    pub(crate) fn classic(&self) -> String {
        http::classic(&self.openmetrics())
    }
}

#[cfg(test)]
mod tests;
