//! The hours in which the data owner wants no mail.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Local, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use syft_state::Timestamp;

/// A part of each day, as `22:00-07:00`: from the first time until before the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    begin: NaiveTime,
    end: NaiveTime,
}

/// Returns whether a clock on the wall shows a quiet hour.
#[must_use]
pub fn is_quiet(hours: QuietHours, zone: Zone, now: Timestamp) -> bool {
    hours.holds(zone.wall(now.to_utc()).time())
}

/// Returns when the quiet time that `now` is in ends, or `None` when it is not quiet.
///
/// That is the first moment later whose wall clock shows no quiet hour: a clock put forward over
/// the end ends it at once, and one put back into the quiet time makes it longer.
#[must_use]
pub fn ends(hours: QuietHours, zone: Zone, now: Timestamp) -> Option<Timestamp> {
    let mut at = now.to_utc();
    while hours.holds(zone.wall(at).time()) {
        let end = at + hours.rest(zone.wall(at).time());
        // Every turn goes on by a whole jump of the clock, so few of them reach the end.
        at = zone.first_jump(at, end).unwrap_or(end);
    }
    (at != now.to_utc()).then(|| at.into())
}

impl QuietHours {
    fn holds(self, time: NaiveTime) -> bool {
        if self.begin < self.end {
            self.begin <= time && time < self.end
        } else {
            self.begin <= time || time < self.end
        }
    }

    /// Returns how long a clock without jumps takes from `time` to the end: less than a day.
    fn rest(self, time: NaiveTime) -> TimeDelta {
        let rest = self.end.signed_duration_since(time);
        if rest > TimeDelta::zero() {
            rest
        } else {
            rest + TimeDelta::days(1)
        }
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (begin, end) = (self.begin.format("%H:%M"), self.end.format("%H:%M"));
        write!(f, "{begin}-{end}")
    }
}

impl FromStr for QuietHours {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (begin, end) = text
            .split_once('-')
            .ok_or("must be two times, as \"22:00-07:00\"")?;
        let (begin, end) = (time(begin)?, time(end)?);
        if begin == end {
            return Err("must end at another time than it begins");
        }
        Ok(Self { begin, end })
    }
}

/// Reads `HH:MM`; the end of a day may be written as `24:00`.
fn time(text: &str) -> Result<NaiveTime, &'static str> {
    let text = text.trim();
    let is_plain = |byte: u8| byte.is_ascii_digit() || byte == b':';
    let time = match text {
        "24:00" => Some(NaiveTime::MIN),
        _ if text.len() == 5 && text.bytes().all(is_plain) => {
            NaiveTime::parse_from_str(text, "%H:%M").ok()
        }
        _ => None,
    };
    time.ok_or("must be two times between 00:00 and 24:00, as \"22:00-07:00\"")
}

/// The clock on the wall that quiet hours go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// The machine's.
    #[default]
    Machine,
    /// That of a place, as `Europe/Berlin`.
    Place(Tz),
}

impl Zone {
    /// Returns what the clock shows.
    #[must_use]
    pub fn wall(self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Machine => Local.from_utc_datetime(&at.naive_utc()).naive_local(),
            Self::Place(zone) => zone.from_utc_datetime(&at.naive_utc()).naive_local(),
        }
    }

    /// Returns the first moment from `from` on at which the clock shows `wall` or later.
    pub(crate) fn reaches(self, from: Timestamp, wall: NaiveDateTime) -> Timestamp {
        let mut at = from.to_utc();
        while self.wall(at) < wall {
            let end = at + (wall - self.wall(at));
            at = self.first_jump(at, end).unwrap_or(end);
        }
        at.into()
    }

    /// Returns the first moment after `from` and up to `to` at which the clock was put forward
    /// or back; two jumps within a day that cancel each other out are not looked for.
    fn first_jump(self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let offset = |at: DateTime<Utc>| self.wall(at) - at.naive_utc();
        let old = offset(from);
        if offset(to) == old {
            return None;
        }
        let (mut before, mut after) = (from, to);
        while after - before > TimeDelta::microseconds(1) {
            let middle = before + (after - before) / 2;
            if offset(middle) == old {
                before = middle;
            } else {
                after = middle;
            }
        }
        Some(after)
    }
}

impl From<Tz> for Zone {
    fn from(zone: Tz) -> Self {
        Self::Place(zone)
    }
}

impl From<Option<Tz>> for Zone {
    fn from(zone: Option<Tz>) -> Self {
        zone.map_or(Self::Machine, Self::Place)
    }
}

#[cfg(test)]
mod tests;
