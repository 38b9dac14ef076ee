//! Decides when to look again: soon after activity, seldom when all is quiet.

use std::time::Duration;

/// After activity so many looks come at the shortest interval.
const ALERT_LOOKS: u32 = 10;

/// The pace of looks, between a shortest and a longest interval.
#[derive(Clone, Debug)]
pub struct Pace {
    shortest: Duration,
    longest: Duration,
    quiet_looks: u32,
}

impl Pace {
    /// Makes a pace; a `longest` below `shortest` is taken as equal to it.
    #[must_use]
    pub fn new(shortest: Duration, longest: Duration) -> Self {
        Self {
            shortest,
            longest: longest.max(shortest),
            quiet_looks: 0,
        }
    }

    /// Returns how long to wait after a look that found something, or nothing.
    pub fn after(&mut self, was_active: bool) -> Duration {
        self.quiet_looks = if was_active {
            0
        } else {
            self.quiet_looks.saturating_add(1)
        };
        let steps = self.quiet_looks.saturating_sub(ALERT_LOOKS);
        let factor = 1.25_f64.powi(i32::try_from(steps.min(100)).unwrap_or(100));
        let wait = self.shortest.as_secs_f64() * factor;
        Duration::from_secs_f64(wait.min(self.longest.as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn slows_down_when_quiet_and_wakes_up_at_once() {
        let mut pace = Pace::new(10 * SECOND, 60 * SECOND);
        assert_eq!(
            (0..ALERT_LOOKS).map(|_| pace.after(false)).max(),
            Some(10 * SECOND)
        );
        assert!(pace.after(false) > 10 * SECOND);
        assert_eq!((0..50).map(|_| pace.after(false)).last(), Some(60 * SECOND));
        assert_eq!(pace.after(true), 10 * SECOND);
    }

    proptest! {
        #[test]
        fn stays_between_its_bounds(shortest in 1..1000u32, extra in 0..10_000u32, looks in proptest::collection::vec(any::<bool>(), 0..300)) {
            let (shortest, longest) = (shortest * SECOND, (shortest + extra) * SECOND);
            let mut pace = Pace::new(shortest, longest);
            for active in looks {
                let wait = pace.after(active);
                prop_assert!(wait >= shortest && wait <= longest);
            }
        }
    }
}
