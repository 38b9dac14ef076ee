//! What calls cost, and how a budget is kept: by waiting, never by failing.

mod usage;

use std::{
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use governor::{
    Quota,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::time::Instant;

use usage::Counters;
pub use usage::Usage;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The dearest call costs so many units; half a budget is its burst, so none may be smaller than two.
const DEAREST: u32 = 200;

/// A method of an API and its price in the API's quota units (field.md §0.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) units: u32,
}

impl Operation {
    pub(crate) const fn new(name: &'static str, units: u32) -> Self {
        Self { name, units }
    }
}

/// How many quota units may be spent; calls wait until there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Units in any minute; at least 400 are granted, the price of two downloads.
    pub units_per_minute: u32,
    /// Units in any 24 hours, spent evenly but for a burst of an hour's share.
    pub units_per_day: Option<u32>,
}

impl Budget {
    /// What Google grants one user of the Drive API.
    pub const DRIVE: Self = Self {
        units_per_minute: 325_000,
        units_per_day: None,
    };
    /// What Google grants one user of the Gmail API in projects made since May 2026.
    pub const GMAIL: Self = Self {
        units_per_minute: 6_000,
        units_per_day: None,
    };
}

/// Prices the calls of one account to one API and makes them wait where the budget asks for it.
#[derive(Debug)]
pub struct Meter {
    limits: Vec<Limit>,
    clock: TokioClock,
    held_until: Mutex<Option<Instant>>,
    counters: Mutex<Counters>,
}

type Limiter = governor::RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

#[derive(Debug)]
struct Limit {
    burst: NonZeroU32,
    limiter: Limiter,
}

impl Meter {
    /// Starts counting; must be called within a tokio runtime.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        let clock = TokioClock {
            start: Instant::now(),
        };
        let minute = budget.units_per_minute.max(2 * DEAREST);
        let day = budget.units_per_day.map(|units| units.max(2 * DEAREST));
        let quotas = [
            Some(spread(
                minute / 2,
                minute - minute / 2,
                Duration::from_secs(60),
            )),
            day.map(|units| {
                let burst = (units / 24).max(DEAREST);
                spread(burst, units - burst, DAY)
            }),
        ];
        let limit = |quota: Quota| Limit {
            burst: quota.burst_size(),
            limiter: Limiter::direct_with_clock(quota, clock.clone()),
        };
        Self {
            limits: quotas.into_iter().flatten().map(limit).collect(),
            clock,
            held_until: Mutex::new(None),
            counters: Mutex::new(Counters::default()),
        }
    }

    /// Returns what was spent so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        lock(&self.counters).usage(self.clock.now())
    }

    /// Waits until the budget has room for a call, and counts it.
    pub(crate) async fn take(&self, operation: Operation) {
        self.wait_while_held().await;
        let Some(units) = NonZeroU32::new(operation.units) else {
            return;
        };
        for limit in &self.limits {
            limit.take(units.min(limit.burst), &self.clock).await;
        }
        lock(&self.counters).add(operation, self.clock.now());
    }

    /// Makes every call wait, because the server said that there were too many.
    pub(crate) fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut held = lock(&self.held_until);
        *held = (*held).max(Some(until));
    }

    async fn wait_while_held(&self) {
        loop {
            let held = *lock(&self.held_until);
            match held {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return,
            }
        }
    }
}

impl Limit {
    async fn take(&self, units: NonZeroU32, clock: &TokioClock) {
        while let Ok(Err(not_until)) = self.limiter.check_n(units) {
            tokio::time::sleep(not_until.wait_time_from(clock.now())).await;
        }
    }
}

/// Returns a quota that never lets through more than `burst + rest` units in a `period`.
fn spread(burst: u32, rest: u32, period: Duration) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(period / rest.max(1))
        .expect("a period of a minute or more does not vanish when divided by a u32")
        .allow_burst(burst)
}

/// No panic can happen while one of our locks is held that would leave it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Time as tokio tells it, so that tests can pause it.
#[derive(Clone, Debug)]
struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests;
