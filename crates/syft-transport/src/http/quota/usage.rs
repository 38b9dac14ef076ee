use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::Serialize;

use super::{DAY, Operation};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What was spent, in the API's quota units; every attempt counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Units in the last 60 seconds.
    pub units_last_minute: u64,
    /// Units in the last 24 hours, or since the program started.
    pub units_last_day: u64,
    /// Units since the program started.
    pub units_total: u64,
    /// Units in 24 hours, if it goes on as in the last hour.
    pub projected_units_per_day: u64,
    /// How many calls were made since the program started, by method.
    pub calls: BTreeMap<&'static str, u64>,
}

/// The units of a span of time, kept as sums over slots of one length.
#[derive(Debug)]
struct Window {
    slot: Duration,
    slots: usize,
    /// Number of the slot since the start, and the units in it.
    sums: VecDeque<(u64, u64)>,
}

impl Window {
    fn new(slot: Duration, slots: usize) -> Self {
        Self {
            slot,
            slots,
            sums: VecDeque::new(),
        }
    }

    fn number(&self, now: Duration) -> u64 {
        u64::try_from(now.as_nanos() / self.slot.as_nanos()).unwrap_or(u64::MAX)
    }

    fn add(&mut self, units: u64, now: Duration) {
        let number = self.number(now);
        match self.sums.back_mut() {
            Some((last, sum)) if *last == number => *sum += units,
            _ => self.sums.push_back((number, units)),
        }
        while self.sums.len() > self.slots {
            self.sums.pop_front();
        }
    }

    fn sum(&self, now: Duration) -> u64 {
        let first = (self.number(now) + 1).saturating_sub(self.slots as u64);
        let current = self.sums.iter().filter(|(number, _)| *number >= first);
        current.map(|(_, sum)| sum).sum()
    }
}

#[derive(Debug)]
pub(super) struct Counters {
    minute: Window,
    hour: Window,
    day: Window,
    total: u64,
    calls: BTreeMap<&'static str, u64>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            minute: Window::new(Duration::from_secs(1), 60),
            hour: Window::new(MINUTE, 60),
            day: Window::new(HOUR / 4, 96),
            total: 0,
            calls: BTreeMap::new(),
        }
    }
}

impl Counters {
    /// Counts a call that was made `now` after the start.
    pub(super) fn add(&mut self, operation: Operation, now: Duration) {
        for window in [&mut self.minute, &mut self.hour, &mut self.day] {
            window.add(operation.units.into(), now);
        }
        self.total = self.total.saturating_add(operation.units.into());
        *self.calls.entry(operation.name).or_default() += 1;
    }

    pub(super) fn usage(&self, now: Duration) -> Usage {
        let observed = now.clamp(MINUTE, HOUR).as_secs();
        Usage {
            units_last_minute: self.minute.sum(now),
            units_last_day: self.day.sum(now),
            units_total: self.total,
            projected_units_per_day: self.hour.sum(now).saturating_mul(DAY.as_secs()) / observed,
            calls: self.calls.clone(),
        }
    }
}
