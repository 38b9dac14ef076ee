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

    /// Returns how long to wait after a look that found something, or nothing, when something
    /// else can be done after `wake`.
    pub fn after(&mut self, was_active: bool, wake: Option<Duration>) -> Duration {
        self.quiet_looks = if was_active {
            0
        } else {
            self.quiet_looks.saturating_add(1)
        };
        let steps = self.quiet_looks.saturating_sub(ALERT_LOOKS);
        let factor = 1.25_f64.powi(i32::try_from(steps.min(100)).unwrap_or(100));
        let wait = self.shortest.as_secs_f64() * factor;
        let wait = Duration::from_secs_f64(wait.min(self.longest.as_secs_f64()));
        wake.map_or(wait, |wake| wait.min(wake.max(self.shortest)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn slows_down_when_quiet_and_wakes_up_at_once() {
        let mut pace = Pace::new(10 * SECOND, 60 * SECOND);
        assert_eq!(
            (0..ALERT_LOOKS).map(|_| pace.after(false, None)).max(),
            Some(10 * SECOND)
        );
        assert!(pace.after(false, None) > 10 * SECOND);
        assert_eq!(
            (0..50).map(|_| pace.after(false, None)).last(),
            Some(60 * SECOND)
        );
        assert_eq!(pace.after(true, None), 10 * SECOND);
    }

    #[test]
    fn looks_when_something_can_be_done() {
        let mut pace = Pace::new(10 * SECOND, 60 * SECOND);
        let mut quiet = |wake| (0..50).map(|_| pace.after(false, wake)).last();
        assert_eq!(quiet(Some(30 * SECOND)), Some(30 * SECOND));
        assert_eq!(quiet(Some(300 * SECOND)), Some(60 * SECOND));
        // What cannot be done after all makes no loop.
        assert_eq!(quiet(Some(Duration::ZERO)), Some(10 * SECOND));
    }

    proptest! {
        #[test]
        fn stays_between_its_bounds(
            shortest in 1..1000u32,
            extra in 0..10_000u32,
            looks in vec((any::<bool>(), option::of(0..10_000u32)), 0..300),
        ) {
            let (shortest, longest) = (shortest * SECOND, (shortest + extra) * SECOND);
            let mut pace = Pace::new(shortest, longest);
            for (active, wake) in looks {
                let wait = pace.after(active, wake.map(|wake| wake * SECOND));
                prop_assert!(wait >= shortest && wait <= longest);
            }
        }
    }
}
