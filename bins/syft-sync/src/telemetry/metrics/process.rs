//! Metrics 6 to 8: how long the daemon runs and what it uses.
//!
//! They are read when somebody asks, so that nobody's asking costs nothing.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::gauge::ConstGauge,
    registry::Registry,
};
use syft_daemon::http::usage;

pub(super) fn register(registry: &mut Registry, interval: Duration, started: Instant) {
    let used = usage().map_or(Duration::ZERO, |usage| usage.cpu);
    registry.register_collector(Box::new(Daemon {
        started,
        load: Mutex::new(Load::new(interval, started, used)),
    }));
}

#[derive(Debug)]
struct Daemon {
    started: Instant,
    load: Mutex<Load>,
}

impl Collector for Daemon {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let now = Instant::now();
        let uptime = now.duration_since(self.started).as_secs();
        integer(
            &mut encoder,
            "daemon_uptime_seconds",
            "How long the daemon runs",
            uptime,
        )?;
        // Where the system does not tell, nothing is said instead of zero.
        let Some(usage) = usage() else {
            return Ok(());
        };
        integer(
            &mut encoder,
            "daemon_memory_usage_bytes",
            "Memory that the daemon has in use",
            usage.resident,
        )?;
        let mut load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        let percent = ConstGauge::new(load.percent(now, usage.cpu));
        percent.encode(encoder.encode_descriptor(
            "daemon_cpu_usage_percent",
            "Processor time of the daemon in percent of one processor",
            None,
            percent.metric_type(),
        )?)
    }
}

fn integer(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: u64,
) -> Result<(), fmt::Error> {
    let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

/// The use of the processor since an earlier moment, at least one interval ago.
#[derive(Debug)]
struct Load {
    interval: Duration,
    since: Instant,
    used: Duration,
    percent: f64,
}

impl Load {
    fn new(interval: Duration, now: Instant, used: Duration) -> Self {
        Self {
            interval,
            since: now,
            used,
            percent: 0.0,
        }
    }

    /// Two who ask one after the other get the same answer, not that of the moment between them.
    fn percent(&mut self, now: Instant, used: Duration) -> f64 {
        let elapsed = now.saturating_duration_since(self.since);
        if elapsed >= self.interval && !elapsed.is_zero() {
            let spent = used.saturating_sub(self.used);
            self.percent = spent.as_secs_f64() / elapsed.as_secs_f64() * 100.0;
            self.since = now;
            self.used = used;
        }
        self.percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_load_is_that_of_a_whole_interval() {
        let start = Instant::now();
        let mut load = Load::new(15 * SECOND, start, SECOND);
        assert_eq!(load.percent(start + SECOND, 2 * SECOND), 0.0);
        assert_eq!(load.percent(start + 20 * SECOND, 6 * SECOND), 25.0);
        assert_eq!(load.percent(start + 21 * SECOND, 7 * SECOND), 25.0);
        assert_eq!(load.percent(start + 40 * SECOND, 36 * SECOND), 150.0);
        // A clock of the system that goes back makes no negative load.
        assert_eq!(load.percent(start + 60 * SECOND, SECOND), 0.0);
    }

    #[test]
    fn an_interval_of_nothing_divides_by_nothing() {
        let start = Instant::now();
        let mut load = Load::new(Duration::ZERO, start, Duration::ZERO);
        assert_eq!(load.percent(start, SECOND), 0.0);
    }
}
