//! Spares a server that does not answer, and everybody who would wait for it.

use std::time::Duration;

use tokio::time::Instant;

/// So many calls fail one after the other before no more are made.
const FAILURES: u32 = 5;
/// For so long.
const PAUSE: Duration = Duration::from_secs(60);

/// Lets calls through, or not.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Returns how long calls have to wait, or `None` if this one may be made.
    ///
    /// When a pause is over one call is let through; the others wait for what becomes of it.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Duration> {
        let until = self.open_until?;
        if until > now {
            return Some(until - now);
        }
        self.open_until = Some(now + PAUSE);
        None
    }

    /// Notes that the server answered, whatever it said.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// Notes that it did not.
    pub(super) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.open_until = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_open_it_for_a_minute_and_one_answer_closes_it() {
        let mut breaker = Breaker::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..4 {
            breaker.failed(start);
            assert_eq!(breaker.poll(start), None);
        }
        breaker.failed(start);
        assert_eq!(breaker.poll(after(20)), Some(Duration::from_secs(40)));
        assert_eq!(breaker.poll(after(60)), None, "one call is let through");
        assert_eq!(breaker.poll(after(61)), Some(Duration::from_secs(59)));
        breaker.failed(after(62));
        assert_eq!(breaker.poll(after(63)), Some(Duration::from_secs(59)));
        assert_eq!(breaker.poll(after(122)), None);
        breaker.answered();
        assert_eq!(breaker.poll(after(123)), None);
        assert_eq!(breaker.poll(after(123)), None);
    }

    #[test]
    fn failures_with_answers_between_them_do_not_open_it() {
        let mut breaker = Breaker::default();
        let now = Instant::now();
        for _ in 0..20 {
            breaker.failed(now);
            breaker.failed(now);
            breaker.answered();
        }
        assert_eq!(breaker.poll(now), None);
    }
}
