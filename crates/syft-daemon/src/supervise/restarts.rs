use std::{fmt, time::Duration};

/// How a run of the worker ended, unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal with this number.
    Killed(i32),
    /// It said nothing for its watchdog time and was killed.
    Hung,
    /// It could not be started at all.
    Unstartable,
}

impl Ending {
    /// Returns the code with which a supervisor ends that gives up because of this.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Exited(code) => u8::try_from(code).unwrap_or(1).max(1),
            Self::Killed(_) | Self::Hung | Self::Unstartable => 1,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What Rust's runtime ends with.
            Self::Exited(101) => f.write_str("it panicked"),
            Self::Exited(code) => write!(f, "it ended with exit code {code}"),
            Self::Killed(signal) => write!(f, "it was killed by signal {signal}"),
            Self::Hung => f.write_str("it made no progress and was killed"),
            Self::Unstartable => f.write_str("it could not be started"),
        }
    }
}

/// What to do when a worker has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Start it again after this wait.
    RestartIn(Duration),
    /// Leave it: what fails so often, or never worked, will not mend itself.
    GiveUp,
    /// It ended because its work is done.
    Finish,
}

/// When a worker is started again: after 1, 2, 4 … 60 seconds, and not after eight failures in
/// a row, where a run of ten minutes begins a new row. Before it was ready for the first time
/// any failure is final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarts {
    /// The wait after the first failure; each further one doubles it.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// So many failures in a row are too many.
    pub limit: u32,
    /// A run of this length is a healthy one.
    pub healthy: Duration,
}

impl Default for Restarts {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(60),
            limit: 8,
            healthy: Duration::from_secs(600),
        }
    }
}

impl Restarts {
    /// Returns how many failures in a row it makes when a run of this length fails after
    /// `before` others.
    #[must_use]
    pub fn count(&self, before: u32, ran_for: Duration) -> u32 {
        let before = if ran_for >= self.healthy { 0 } else { before };
        before.saturating_add(1)
    }

    /// Decides what follows a run that ended so as the last of `failures` in a row; `was_ready`
    /// tells whether the worker has ever been ready, in this run or an earlier one.
    #[must_use]
    pub fn after(&self, ending: Ending, failures: u32, was_ready: bool) -> Decision {
        if ending == Ending::Exited(0) {
            return Decision::Finish;
        }
        if !was_ready || failures >= self.limit {
            return Decision::GiveUp;
        }
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let wait = self.first_wait.saturating_mul(doubled);
        Decision::RestartIn(wait.min(self.longest_wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRASH: Ending = Ending::Killed(9);
    const SHORT: Duration = Duration::from_secs(599);
    const LONG: Duration = Duration::from_secs(600);

    #[track_caller]
    fn check(runs: &[(Ending, Duration, bool)], expected: &[Decision]) {
        let restarts = Restarts::default();
        let mut failures = 0;
        let mut decide = |&(ending, ran_for, was_ready): &(Ending, Duration, bool)| {
            failures = restarts.count(failures, ran_for);
            restarts.after(ending, failures, was_ready)
        };
        let decisions: Vec<Decision> = runs.iter().map(&mut decide).collect();
        assert_eq!(decisions, expected);
    }

    fn wait(seconds: u64) -> Decision {
        Decision::RestartIn(Duration::from_secs(seconds))
    }

    #[test]
    fn waits_double_up_to_a_minute_and_the_eighth_failure_is_the_last() {
        let waits = [1, 2, 4, 8, 16, 32, 60].map(wait);
        let expected = [&waits[..], &[Decision::GiveUp]].concat();
        for ending in [
            CRASH,
            Ending::Exited(1),
            Ending::Exited(101),
            Ending::Hung,
            Ending::Unstartable,
        ] {
            check(&[(ending, SHORT, true); 8], &expected);
        }
    }

    #[test]
    fn a_healthy_run_begins_a_new_row() {
        check(&[(CRASH, LONG, true); 20], &[wait(1); 20]);
        let mut runs = vec![(CRASH, SHORT, true); 7];
        runs.extend([(CRASH, LONG, true), (CRASH, SHORT, true)]);
        let expected = [1, 2, 4, 8, 16, 32, 60, 1, 2].map(wait);
        check(&runs, &expected);
    }

    #[test]
    fn what_never_worked_is_not_tried_again() {
        check(&[(Ending::Exited(4), SHORT, false)], &[Decision::GiveUp]);
        check(&[(CRASH, LONG, false)], &[Decision::GiveUp]);
    }

    #[test]
    fn a_worker_that_is_done_is_left_alone() {
        for was_ready in [true, false] {
            check(
                &[(Ending::Exited(0), SHORT, was_ready)],
                &[Decision::Finish],
            );
        }
    }

    #[test]
    fn no_policy_overflows() {
        let restarts = Restarts {
            limit: u32::MAX,
            longest_wait: Duration::MAX,
            ..Restarts::default()
        };
        for failures in [0, 1, 33, 200, u32::MAX - 1] {
            let decision = restarts.after(CRASH, failures, true);
            assert!(matches!(decision, Decision::RestartIn(_)), "{failures}");
        }
        assert_eq!(restarts.count(u32::MAX, SHORT), u32::MAX);
    }

    #[test]
    fn giving_up_is_never_a_success() {
        for (ending, code) in [
            (Ending::Exited(4), 4),
            (Ending::Exited(0), 1),
            (Ending::Exited(256), 1),
            (Ending::Exited(-1), 1),
            (CRASH, 1),
            (Ending::Hung, 1),
        ] {
            assert_eq!(ending.code(), code, "{ending}");
        }
    }
}
