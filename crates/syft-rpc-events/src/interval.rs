//! Spans of time as people write them: `30d`, `1d2h30m`, `45S`.

use std::{str::FromStr, time::Duration};

/// A span of time longer than zero.
///
/// Python's cleanup looks for `1d`-like parts anywhere and ignores the rest, so that `1.5h` is
/// five hours and `-1d` a day. Here such a text is refused, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(Duration);

/// Says why a text is no [`Interval`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntervalError {
    /// There is nothing.
    #[error("an interval cannot be empty: write it as 30d, 12h, 1h30m or 45s")]
    Empty,
    /// Something in it is no number with a unit.
    #[error("{text:?} is no interval: {reason}; write it as 30d, 12h, 1h30m or 45s")]
    Malformed {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It is zero.
    #[error("an interval must be longer than zero")]
    Zero,
    /// It is longer than ten thousand years.
    #[error("{0:?} is too long an interval")]
    TooLong(String),
}

/// Ten thousand years, beyond which sums with dates make no sense.
const LONGEST: u64 = 10_000 * 366 * 86_400;

impl Interval {
    /// Returns the interval of that length, unless it is zero.
    #[must_use]
    pub fn new(length: Duration) -> Option<Self> {
        (!length.is_zero()).then_some(Self(length))
    }

    /// Returns its length.
    #[must_use]
    pub fn length(self) -> Duration {
        self.0
    }
}

impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, IntervalError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(IntervalError::Empty);
        }
        let mut seconds: u64 = 0;
        let mut rest = trimmed;
        while !rest.is_empty() {
            let (part, after) = part(rest).map_err(|reason| IntervalError::Malformed {
                text: text.to_owned(),
                reason,
            })?;
            seconds = part
                .and_then(|part| seconds.checked_add(part))
                .filter(|seconds| *seconds <= LONGEST)
                .ok_or_else(|| IntervalError::TooLong(text.to_owned()))?;
            rest = after;
        }
        Self::new(Duration::from_secs(seconds)).ok_or(IntervalError::Zero)
    }
}

/// Takes one number with its unit off the front; `None` seconds are too many to count.
fn part(text: &str) -> Result<(Option<u64>, &str), &'static str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    if number.is_empty() {
        return Err("a number is missing");
    }
    let unit = rest
        .chars()
        .next()
        .ok_or("a unit is missing after the number")?;
    let unit_seconds = match unit.to_ascii_lowercase() {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err("a unit is one of d, h, m and s"),
    };
    let seconds = number.parse::<u64>().ok();
    let seconds = seconds.and_then(|number| number.checked_mul(unit_seconds));
    Ok((seconds, &rest[unit.len_utf8()..]))
}
