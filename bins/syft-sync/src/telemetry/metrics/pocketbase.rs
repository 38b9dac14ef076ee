//! Metrics 11 to 13: requests to PocketBase.

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use syft_transport::pocketbase::{Call, Observer};

use super::{Buckets, Labels};

/// Requests to PocketBase.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    requests: Family<Labels<2>, Counter>,
    durations: Family<Labels<2>, Histogram, Buckets>,
    connection_errors: Counter,
    is_up: Gauge,
}

impl Requests {
    pub(super) fn register(registry: &mut Registry, buckets: Buckets) -> Self {
        let own = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(buckets),
            connection_errors: Counter::default(),
            is_up: Gauge::default(),
        };
        let usual = labels("GET", "200");
        drop(own.requests.get_or_create(&usual));
        drop(own.durations.get_or_create(&usual));
        registry.register(
            "pocketbase_requests",
            "Requests to PocketBase by method and status, which is error without an answer",
            own.requests.clone(),
        );
        registry.register(
            "pocketbase_request_duration_seconds",
            "How long requests to PocketBase took",
            own.durations.clone(),
        );
        registry.register(
            "pocketbase_connection_errors",
            "Requests to PocketBase without a connection, or with one that broke",
            own.connection_errors.clone(),
        );
        own
    }

    pub(super) fn register_own(&self, registry: &mut Registry) {
        registry.register(
            "pocketbase_up",
            "Whether the last request to PocketBase was answered",
            self.is_up.clone(),
        );
    }
}

impl Observer for Requests {
    fn call(&self, call: &Call<'_>) {
        let status = call.status.map(|status| status.to_string());
        let status = status.as_deref().unwrap_or("error");
        let labels = labels(known(call.method), status);
        self.requests.get_or_create(&labels).inc();
        let duration = self.durations.get_or_create(&labels);
        duration.observe(call.took.as_secs_f64());
        drop(duration);
        self.is_up.set(call.status.is_some().into());
        if call.connection_error {
            self.connection_errors.inc();
        }
    }
}

/// Methods come from our own client; whatever else it may learn stays one series.
fn known(method: &str) -> &'static str {
    const METHODS: [&str; 6] = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"];
    METHODS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(method))
        .unwrap_or("other")
}

fn labels(method: &str, status: &str) -> Labels<2> {
    [("method", method.to_owned()), ("status", status.to_owned())]
}
