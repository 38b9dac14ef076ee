use chrono::{DateTime, Datelike, Days, Duration, NaiveTime, Timelike, Utc};

use super::{FILE_SIZE, KEPT_FILES};

/// When a log file is closed, and what becomes of the closed ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// A file that would grow beyond this size in bytes is closed.
    pub size: u64,
    /// A file is closed at the end of this period, too.
    pub period: Period,
    /// The period begins so long after midnight.
    pub after: std::time::Duration,
    /// How many closed files are kept.
    pub kept: usize,
    /// Whether closed files are compressed by gzip; but the newest one, in which readers may
    /// still be, stays as it is until the next one is closed.
    pub compress: bool,
}

/// A period at whose end a log file is closed, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Without end.
    Never,
    /// From hour to hour.
    Hourly,
    /// From midnight to midnight.
    Daily,
    /// From Monday to Monday, at midnight.
    Weekly,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            size: FILE_SIZE,
            period: Period::Never,
            after: std::time::Duration::ZERO,
            kept: KEPT_FILES,
            compress: false,
        }
    }
}

impl Retention {
    /// Returns when the period began that a time is in; `None` for the one without end.
    #[must_use]
    pub fn begin(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        Some(self.period.begin(time - self.after)? + self.after)
    }
}

impl Period {
    fn begin(self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let midnight = time.date_naive().and_time(NaiveTime::MIN).and_utc();
        match self {
            Self::Never => None,
            Self::Hourly => Some(midnight + Duration::hours(time.hour().into())),
            Self::Daily => Some(midnight),
            Self::Weekly => {
                let days = time.weekday().num_days_from_monday();
                midnight.checked_sub_days(Days::new(days.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(period: Period, time: &str, begin: Option<&str>) {
        let parse = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(period.begin(parse(time)), begin.map(parse), "{time}");
    }

    #[test]
    fn a_day_may_begin_later() {
        let retention = Retention {
            period: Period::Daily,
            after: std::time::Duration::from_secs(90 * 60),
            ..Retention::default()
        };
        for (time, begin) in [
            ("2026-02-04T01:29:59Z", "2026-02-03T01:30:00Z"),
            ("2026-02-04T01:30:00Z", "2026-02-04T01:30:00Z"),
        ] {
            let begun = retention.begin(time.parse().unwrap());
            assert_eq!(begun, Some(begin.parse().unwrap()), "{time}");
        }
    }

    #[test]
    fn periods_begin_in_utc() {
        let time = "2026-02-04T23:59:59.999Z";
        check(Period::Never, time, None);
        check(Period::Hourly, time, Some("2026-02-04T23:00:00Z"));
        check(Period::Daily, time, Some("2026-02-04T00:00:00Z"));
        check(Period::Weekly, time, Some("2026-02-02T00:00:00Z"));
        let midnight = "2026-02-02T00:00:00Z";
        for period in [Period::Hourly, Period::Daily, Period::Weekly] {
            check(period, midnight, Some(midnight));
        }
        check(
            Period::Weekly,
            "2026-02-01T23:59:59Z",
            Some("2026-01-26T00:00:00Z"),
        );
        check(
            Period::Weekly,
            "2026-01-01T12:00:00+14:00",
            Some("2025-12-29T00:00:00Z"),
        );
    }
}
