//! The metrics that every process has, by the names that Prometheus's libraries give them.

use std::{fmt, fs, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};
use rustix::{
    param::{clock_ticks_per_second, page_size},
    time::{ClockId, Timespec, clock_gettime},
};

/// What this process uses now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Memory in use, in bytes.
    pub resident: u64,
    /// Processor time since the start, in user and system mode.
    pub cpu: Duration,
}

/// Returns what this process uses, if there is a `/proc` to tell it.
#[must_use]
pub fn usage() -> Option<Usage> {
    let figures = Figures::read()?;
    Some(Usage {
        resident: figures.resident,
        cpu: Duration::from_secs_f64(as_f64(figures.cpu_ticks) / as_f64(clock_ticks_per_second())),
    })
}

/// Adds what `/proc` tells about this process, if there is a `/proc`, by the names that
/// Prometheus's libraries have for it.
pub fn register_process(registry: &mut Registry) {
    if let Some(figures) = Figures::read() {
        let start = started(&figures);
        registry.register_collector(Box::new(OwnProcess { start }));
    }
}

#[derive(Debug)]
struct OwnProcess {
    /// Seconds since 1970.
    start: f64,
}

impl Collector for OwnProcess {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(figures) = Figures::read() else {
            return Ok(());
        };
        let seconds = |ticks| as_f64(ticks) / as_f64(clock_ticks_per_second());
        let cpu = ConstCounter::new(seconds(figures.cpu_ticks));
        cpu.encode(encoder.encode_descriptor(
            "process_cpu",
            "Processor time in user and system mode.",
            Some(&Unit::Seconds),
            cpu.metric_type(),
        )?)?;
        let gauges = [
            (
                "process_start_time",
                "When the process started, since 1970.",
                Some(Unit::Seconds),
                self.start,
            ),
            (
                "process_resident_memory",
                "Memory in use.",
                Some(Unit::Bytes),
                as_f64(figures.resident),
            ),
            (
                "process_virtual_memory",
                "Addresses in use.",
                Some(Unit::Bytes),
                as_f64(figures.address_space),
            ),
            (
                "process_open_fds",
                "Open file descriptors.",
                None,
                as_f64(figures.descriptors),
            ),
            ("process_threads", "Threads.", None, as_f64(figures.threads)),
        ];
        for (name, help, unit, value) in gauges {
            let gauge = ConstGauge::new(value);
            let kind = gauge.metric_type();
            gauge.encode(encoder.encode_descriptor(name, help, unit.as_ref(), kind)?)?;
        }
        Ok(())
    }
}

/// What `/proc/self` tells (proc(5)).
#[derive(Debug, PartialEq, Eq)]
struct Figures {
    cpu_ticks: u64,
    threads: u64,
    /// In ticks since the boot.
    start_ticks: u64,
    /// In bytes.
    address_space: u64,
    /// In bytes.
    resident: u64,
    descriptors: u64,
}

impl Figures {
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // The descriptor that reads the directory is one of those it lists.
        let listed = fs::read_dir("/proc/self/fd").ok()?.count();
        let descriptors = u64::try_from(listed).ok()?.saturating_sub(1);
        Self::parse(&stat, descriptors)
    }

    /// The second field is a name in brackets, which may hold anything.
    fn parse(stat: &str, descriptors: u64) -> Option<Self> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let fields: Vec<_> = after_name.split_ascii_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: number(14)? + number(15)?,
            threads: number(20)?,
            start_ticks: number(22)?,
            address_space: number(23)?,
            resident: number(24)? * u64::try_from(page_size()).ok()?,
            descriptors,
        })
    }
}

/// A hardened service does not see the machine's boot time in `/proc`, but has the clocks.
fn started(figures: &Figures) -> f64 {
    let boot =
        as_seconds(clock_gettime(ClockId::Realtime)) - as_seconds(clock_gettime(ClockId::Boottime));
    boot + as_f64(figures.start_ticks) / as_f64(clock_ticks_per_second())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "53 bits are enough for a clock and a memory"
)]
fn as_f64(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "53 bits are enough for a clock")]
fn as_seconds(time: Timespec) -> f64 {
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_moves_no_field() {
        let stat = "1234 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 70 30 11 12 13 14 5 15 9000 8192 3 16";
        let figures = Figures::parse(stat, 7).unwrap();
        let expected = Figures {
            cpu_ticks: 100,
            threads: 5,
            start_ticks: 9000,
            address_space: 8192,
            resident: 3 * u64::try_from(page_size()).unwrap(),
            descriptors: 7,
        };
        assert_eq!(figures, expected);
        assert_eq!(Figures::parse("1 (x) S 1", 0), None);
        assert_eq!(Figures::parse("", 0), None);
    }

    #[test]
    fn this_process_started_not_long_ago() {
        let figures = Figures::read().unwrap();
        let now = as_seconds(clock_gettime(ClockId::Realtime));
        let age = now - started(&figures);
        assert!((-1.0..3600.0).contains(&age), "{age}");
        assert!(figures.resident > 100_000 && figures.descriptors >= 3 && figures.threads > 0);
    }
}
