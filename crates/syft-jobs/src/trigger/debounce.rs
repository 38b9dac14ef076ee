//! When a burst of changes is over.

use std::time::{Duration, Instant};

/// Joins changes: it is over when there was none for a while, or when that never comes, after a
/// longer while. It keeps three times and nothing of the changes, however many there are.
///
/// ```
/// use std::time::{Duration, Instant};
/// use syft_jobs::trigger::Debounce;
///
/// let (start, second) = (Instant::now(), Duration::from_secs(1));
/// let mut debounce = Debounce::new(second, None);
/// debounce.push(start);
/// debounce.push(start + second / 2);
/// assert!(!debounce.poll(start + second));
/// assert!(debounce.poll(start + second / 2 + second));
/// assert_eq!(debounce.deadline(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Debounce {
    quiet: Duration,
    /// It is over after so long, whatever comes.
    most: Duration,
    /// It is not over again sooner.
    spacing: Duration,
    burst: Option<Burst>,
    over: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Burst {
    first: Instant,
    last: Instant,
}

/// Changes that never cease count together for so long at least.
const LONG: Duration = Duration::from_secs(10);

impl Debounce {
    /// Makes one that is over after a quiet period, and at most so many times in a second.
    #[must_use]
    pub fn new(quiet: Duration, most_per_second: Option<u32>) -> Self {
        let spacing = most_per_second.and_then(|most| Duration::from_secs(1).checked_div(most));
        Self {
            quiet,
            most: quiet.saturating_mul(10).max(LONG),
            spacing: spacing.unwrap_or_default(),
            burst: None,
            over: None,
        }
    }

    /// Takes a change; returns whether it is the first one of its burst.
    pub fn push(&mut self, now: Instant) -> bool {
        match &mut self.burst {
            Some(burst) => {
                burst.last = burst.last.max(now);
                false
            }
            none => {
                *none = Some(Burst {
                    first: now,
                    last: now,
                });
                true
            }
        }
    }

    /// Returns when the burst is over unless there are further changes; none without a burst.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let burst = self.burst?;
        let end = (burst.last + self.quiet).min(burst.first + self.most);
        Some(match self.over {
            Some(over) => end.max(over + self.spacing),
            None => end,
        })
    }

    /// Returns when the burst began.
    #[must_use]
    pub fn since(&self) -> Option<Instant> {
        self.burst.map(|burst| burst.first)
    }

    /// Returns whether the burst is over, which it is once.
    pub fn poll(&mut self, now: Instant) -> bool {
        let is_over = self.deadline().is_some_and(|deadline| deadline <= now);
        if is_over {
            self.burst = None;
            self.over = Some(now);
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Returns when it is over, in milliseconds, when changes come at given ones.
    fn ends(mut debounce: Debounce, changes: &[u64]) -> Vec<u64> {
        let start = Instant::now();
        let mut ends = Vec::new();
        let mut changes = changes
            .iter()
            .map(|change| start + millis(*change))
            .peekable();
        loop {
            let deadline = debounce.deadline();
            match (changes.peek(), deadline) {
                (Some(change), deadline) if deadline.is_none_or(|it| *change < it) => {
                    debounce.push(*change);
                    changes.next();
                }
                (_, Some(deadline)) => {
                    assert!(!debounce.poll(deadline - Duration::from_nanos(1)));
                    assert!(debounce.poll(deadline));
                    ends.push(u64::try_from((deadline - start).as_millis()).unwrap());
                }
                _ => return ends,
            }
        }
    }

    #[track_caller]
    fn check(quiet: u64, most_per_second: Option<u32>, changes: &[u64], expected: &[u64]) {
        let debounce = Debounce::new(millis(quiet), most_per_second);
        assert_eq!(ends(debounce, changes), expected);
    }

    /// B8: the last write of a burst is never left behind.
    #[test]
    fn a_burst_is_over_when_it_is_quiet() {
        check(1000, None, &[0], &[1000]);
        check(1000, None, &[0, 100, 900], &[1900]);
        check(1000, None, &[0, 999, 2500], &[1999, 3500]);
        check(0, None, &[5, 7], &[5, 7]);
    }

    #[test]
    fn changes_that_never_cease_are_cut() {
        let each: Vec<u64> = (0..250).map(|index| index * 100).collect();
        check(1000, None, &each, &[10_000, 20_000, 25_900]);
        let each: Vec<u64> = (0..60).map(|index| index * 1000).collect();
        check(3000, None, &each, &[30_000, 60_000]);
    }

    #[test]
    fn no_more_often_than_may_be() {
        check(0, Some(10), &[0, 1, 2, 99, 150, 1000], &[0, 100, 200, 1000]);
        check(0, Some(0), &[0, 1], &[0, 1]);
    }

    proptest! {
        /// Whatever comes, it ends after its last change, and in time.
        #[test]
        fn nothing_is_left_behind(
            quiet in 0u64..5000,
            most in proptest::option::of(1u32..1000),
            mut changes in proptest::collection::vec(0u64..100_000, 1..200),
        ) {
            changes.sort_unstable();
            let ends = ends(Debounce::new(millis(quiet), most), &changes);
            for change in &changes {
                let end = ends.iter().find(|end| *end >= change);
                let most_late = (10 * quiet).max(10_000) + 1001;
                prop_assert!(end.is_some_and(|end| end - change <= most_late));
            }
            prop_assert!(ends.len() <= changes.len());
        }
    }
}
