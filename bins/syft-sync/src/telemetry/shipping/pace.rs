//! When to try again.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// What a server asks for is believed up to here.
const MOST_ASKED: Duration = Duration::from_secs(300);
/// So many failures in a row open the circuit: nothing is tried for [`LONGEST`].
const FAILURES: u32 = 5;

/// Failures in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    failures: u32,
}

impl Pace {
    /// Returns whether the circuit is open.
    pub(super) fn is_paused(self) -> bool {
        self.failures >= FAILURES
    }

    /// Notes a failure and returns the pause after it.
    pub(super) fn failed(&mut self, asked: Option<Duration>) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let own = if self.is_paused() {
            LONGEST
        } else {
            FIRST * 2_u32.pow(self.failures - 1)
        };
        own.max(asked.unwrap_or_default().min(MOST_ASKED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_the_circuit_opens() {
        let mut pace = Pace::default();
        let pauses = [
            (1, false),
            (2, false),
            (4, false),
            (8, false),
            (60, true),
            (60, true),
        ];
        for (seconds, is_paused) in pauses {
            assert_eq!(pace.failed(None).as_secs(), seconds);
            assert_eq!(pace.is_paused(), is_paused);
        }
    }

    #[test]
    fn a_server_may_ask_for_more_but_not_for_ever() {
        let mut pace = Pace::default();
        let seconds = |number| Some(Duration::from_secs(number));
        assert_eq!(pace.failed(seconds(30)).as_secs(), 30);
        assert_eq!(pace.failed(seconds(1)).as_secs(), 2);
        assert_eq!(pace.failed(seconds(u64::MAX)).as_secs(), 300);
    }
}
