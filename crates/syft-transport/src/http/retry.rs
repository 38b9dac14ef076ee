//! When a failed attempt is made again, and after how long.

use std::{future::Future, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::Failure;
use crate::error::Error;

/// How failed calls are repeated: exponential backoff with full jitter.
#[derive(Clone, Debug)]
pub struct Retry {
    /// How often a call is repeated at most; with 0 every failure is final.
    pub repeats: usize,
    /// The upper bound of the first wait; each later bound is twice as long.
    pub first_wait: Duration,
    /// The upper bound of every wait.
    pub longest_wait: Duration,
    /// The longest wait that a server may ask for; if it asks for more, the caller is told.
    pub longest_asked: Duration,
    /// Makes the waits predictable.
    pub seed: Option<u64>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            repeats: 4,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(32),
            longest_asked: Duration::from_secs(60),
            seed: None,
        }
    }
}

/// Whether a request may reach the server twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Carrying it out twice is the same as once.
    Safe,
    /// It is repeated only if the server cannot have carried it out.
    OnlyIfRefused,
}

impl Repeat {
    fn allows(self, failure: &Failure) -> bool {
        failure.error.is_transient() && (self == Self::Safe || !failure.maybe_done)
    }
}

impl Retry {
    /// Makes attempts until one succeeds, fails for good, or too many have failed.
    pub(crate) async fn run<T, A>(
        &self,
        repeat: Repeat,
        attempt: impl FnMut() -> A,
    ) -> Result<T, Failure>
    where
        A: Future<Output = Result<T, Failure>>,
    {
        let mut random = self.random();
        attempt
            .retry(self.bounds())
            .sleep(tokio::time::sleep)
            .when(|failure| repeat.allows(failure))
            .adjust(|failure, bound| self.wait(failure, bound?, &mut random))
            .notify(|failure, wait| tracing::debug!(error = %failure.error, ?wait, "trying again"))
            .await
    }

    fn random(&self) -> StdRng {
        self.seed
            .map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64)
    }

    fn bounds(&self) -> ExponentialBuilder {
        ExponentialBuilder::new()
            .with_factor(2.0)
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.repeats)
    }

    /// Returns how long to wait after a failure, or `None` to give up.
    fn wait(&self, failure: &Failure, bound: Duration, random: &mut StdRng) -> Option<Duration> {
        let jitter = bound.mul_f64(random.random_range(0.0..=1.0));
        match &failure.error {
            Error::RateLimited {
                retry_after: Some(asked),
                ..
            } if *asked > self.longest_asked => None,
            Error::RateLimited {
                retry_after: Some(asked),
                ..
            } => Some(*asked + jitter.min(self.first_wait)),
            _ => Some(jitter),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;

    fn unavailable(maybe_done: bool) -> Failure {
        let error = Error::Unavailable {
            what: "a call".into(),
            reason: "a test".into(),
            source: None,
        };
        Failure { error, maybe_done }
    }

    fn limited(seconds: u64) -> Failure {
        Failure::refused(Error::RateLimited {
            what: "a call".into(),
            retry_after: Some(Duration::from_secs(seconds)),
        })
    }

    /// Runs attempts that all fail with `failure`; returns their number and the time they took.
    async fn fail(repeat: Repeat, failure: impl Fn() -> Failure) -> (u32, Duration) {
        let retry = Retry {
            seed: Some(7),
            ..Retry::default()
        };
        let (attempts, start) = (Cell::new(0), Instant::now());
        let result: Result<(), _> = retry
            .run(repeat, async || {
                attempts.set(attempts.get() + 1);
                Err(failure())
            })
            .await;
        result.unwrap_err();
        (attempts.get(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_end_and_waits_grow_within_their_bounds() {
        let (attempts, took) = fail(Repeat::Safe, || unavailable(true)).await;
        assert_eq!(attempts, 5);
        assert!(took <= Duration::from_secs(1 + 2 + 4 + 8), "{took:?}");
        assert!(took > Duration::from_millis(500), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_happened_is_not_repeated() {
        assert_eq!(fail(Repeat::OnlyIfRefused, || unavailable(true)).await.0, 1);
        assert_eq!(
            fail(Repeat::OnlyIfRefused, || unavailable(false)).await.0,
            5
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_that_the_server_asks_for_is_kept() {
        let (attempts, took) = fail(Repeat::OnlyIfRefused, || limited(30)).await;
        assert_eq!(attempts, 5);
        assert!(took >= Duration::from_secs(120), "{took:?}");
        assert!(took <= Duration::from_secs(125), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_too_long_is_left_to_the_caller() {
        assert_eq!(
            fail(Repeat::Safe, || limited(3600)).await,
            (1, Duration::ZERO)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_succeed_is_not_repeated() {
        let rejected = || {
            Failure::refused(Error::Rejected {
                what: "a call".into(),
                reason: "a test".into(),
            })
        };
        assert_eq!(fail(Repeat::Safe, rejected).await.0, 1);
    }
}
