use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::InvalidId;

const EXPECTED: &str = "a point in time";

/// A point in time: microseconds since 1970-01-01T00:00:00Z, within the years 1 to 9999.
///
/// It shows and parses as RFC 3339 in UTC with a `Z`, as `2026-11-21T10:26:53.442066Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    micros: i64,
}

/// 9999-12-31T23:59:59.999999Z.
const MAX: i64 = 253_402_300_799_999_999;
/// 0001-01-01T00:00:00Z.
const MIN: i64 = -62_135_596_800_000_000;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self { micros: 0 };

    /// Returns the moment `micros` microseconds after [`Self::EPOCH`], kept within the range.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self {
            micros: micros.clamp(MIN, MAX),
        }
    }

    /// Returns the moment `seconds` seconds after [`Self::EPOCH`], kept within the range.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(1_000_000))
    }

    /// Returns microseconds since [`Self::EPOCH`].
    #[must_use]
    pub fn as_micros(self) -> i64 {
        self.micros
    }

    /// Returns whole seconds since [`Self::EPOCH`], rounded down.
    #[must_use]
    pub fn as_seconds(self) -> i64 {
        self.micros.div_euclid(1_000_000)
    }

    /// Returns the moment `duration` later, kept within the range.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.micros.saturating_add(micros))
    }

    /// Returns the moment `duration` earlier, kept within the range.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.micros.saturating_sub(micros))
    }

    /// Returns how long ago `earlier` was, and zero if it is still to come.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.micros.saturating_sub(earlier.micros);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// Returns the same moment for calendar arithmetic and formatting.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        Utc.timestamp_micros(self.micros)
            .single()
            .unwrap_or_default()
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self::from(DateTime::<Utc>::from(time))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from_micros(time.timestamp_micros())
    }
}

impl FromStr for Timestamp {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        DateTime::parse_from_rfc3339(text)
            .map(|time| Self::from(time.with_timezone(&Utc)))
            .map_err(|_| {
                InvalidId::new(text, EXPECTED, "it is not in the form 2026-11-21T10:26:53Z")
            })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_drive_and_python_write() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2025-12-10T10:26:53.445376+00:00", 1_765_362_413_445_376),
            ("2025-12-10T12:26:53.445+02:00", 1_765_362_413_445_000),
        ] {
            assert_eq!(
                text.parse::<Timestamp>().unwrap().as_micros(),
                micros,
                "{text}"
            );
        }
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    proptest! {
        #[test]
        fn shows_and_parses_back(micros in MIN..=MAX) {
            let time = Timestamp::from_micros(micros);
            prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }

        #[test]
        fn arithmetic_never_overflows(micros in any::<i64>(), seconds in any::<u64>()) {
            let time = Timestamp::from_micros(micros);
            let duration = Duration::from_secs(seconds);
            prop_assert!(time.after(duration) >= time);
            prop_assert!(time.before(duration) <= time);
        }
    }
}
