//! When a job is due.
//!
//! ```
//! use syft_jobs::Schedule;
//!
//! # fn main() -> Result<(), syft_jobs::Error> {
//! let schedule = Schedule::cron("0 0 2 * * MON", chrono_tz::Europe::Berlin)?;
//! let now = "2026-11-21T12:00:00Z".parse().expect("a time");
//! let due = schedule.next_after(now, None).expect("it is due for ever");
//! assert_eq!(due.to_rfc3339(), "2026-11-23T01:00:00+00:00");
//! # Ok(())
//! # }
//! ```

mod cron;
mod days;
mod local;
#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use self::cron::Cron;
use crate::Error;

/// When a job is due by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Never; somebody or something has to trigger it.
    Manual,
    /// Each time so much time has gone by since it last began.
    Interval(Duration),
    /// At times of the day and dates.
    Cron(Cron),
}

/// Nothing is due more often.
const SHORTEST: Duration = Duration::from_secs(1);
/// What is due less often is a mistake.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);
/// A first run waits no longer than this for others that start at the same moment.
const MOST_JITTER: Duration = Duration::from_secs(1);

impl Schedule {
    /// Reads an interval as people write it: `30s`, `5m`, `1h 30m`, `2d`; a bare number is none.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`] with the grammar, also for less than a second.
    pub fn interval(text: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::InvalidSchedule {
            text: text.chars().take(64).collect(),
            reason,
        };
        let trimmed = text.trim();
        if !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(format!(
                "a unit is missing, as in {trimmed}s or {trimmed}m"
            )));
        }
        let interval = humantime::parse_duration(trimmed).map_err(|_| {
            invalid(
                "an interval is numbers with units: 30s, 5m, 1h 30m, 2d, 1w, 1M (a month)"
                    .to_owned(),
            )
        })?;
        match interval {
            _ if interval < SHORTEST => Err(invalid("the shortest interval is 1s".to_owned())),
            _ if interval > LONGEST => Err(invalid("the longest interval is 100 years".to_owned())),
            _ => Ok(Self::Interval(interval)),
        }
    }

    /// Reads a cron expression of five, six or seven fields, or a name like `@daily`.
    ///
    /// Five fields are those of `crontab`: minute, hour, day of the month, month, day of the week
    /// with 0 and 7 for Sunday, and when both days are restricted, either is enough. Six have
    /// seconds before them, seven also a year behind; there 1 is Sunday, and both days have to fit.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSchedule`] with the field that means nothing; also when it is never due.
    pub fn cron(expression: &str, zone: Tz) -> Result<Self, Error> {
        Cron::new(expression, zone).map(Self::Cron)
    }

    /// Returns when it is due the next time after its last run, which may have been missed
    /// already, or after now if it never ran.
    ///
    /// What never ran by an interval is due now. A last run in the future is the clock's fault:
    /// within three hours it counts, so that nothing is done twice; beyond, it does not.
    #[must_use]
    pub fn next_after(
        &self,
        now: DateTime<Utc>,
        last: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        match self {
            Self::Manual => None,
            Self::Interval(interval) => match last {
                None => Some(now),
                Some(last) => add(last.min(now), *interval),
            },
            Self::Cron(cron) => {
                let is_plausible =
                    |last: &DateTime<Utc>| *last - now <= chrono::TimeDelta::hours(3);
                cron.next_after(last.filter(is_plausible).unwrap_or(now))
            }
        }
    }

    /// Returns what is allowed and may not be meant, as sentences for people.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Self::Manual | Self::Interval(_) => Vec::new(),
            Self::Cron(cron) => cron.warnings().to_vec(),
        }
    }
}

/// Returns how long a first run waits so that not all begin at the same moment: at most a tenth
/// of the interval and one second.
#[must_use]
pub fn jitter(interval: Duration, seed: u64) -> Duration {
    let most = (interval / 10).min(MOST_JITTER);
    let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(seed.checked_rem(nanos).unwrap_or(0))
}

fn add(time: DateTime<Utc>, interval: Duration) -> Option<DateTime<Utc>> {
    time.checked_add_signed(chrono::TimeDelta::from_std(interval).ok()?)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual => f.write_str("by hand"),
            Self::Interval(interval) => {
                write!(f, "every {}", humantime::format_duration(*interval))
            }
            Self::Cron(cron) => cron.fmt(f),
        }
    }
}
