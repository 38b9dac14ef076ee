//! From the time on the wall to real time, where clocks are put forward and back.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// The clock was never put forward by more, even where a whole day was left out.
const LONGEST_GAP: TimeDelta = TimeDelta::hours(25);
/// It shows no more time than this twice.
const MOST_REPEATED: TimeDelta = TimeDelta::hours(25);

/// Returns the first time after another that the clock shows as due, where a time that the clock
/// skips counts when the clock goes on, and one that it shows twice counts the first time.
///
/// `next` tells the first due time after another, both as the clock shows them.
pub(super) fn next_once(
    zone: Tz,
    after: DateTime<Utc>,
    next: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<DateTime<Utc>> {
    let mut clock = after.with_timezone(&zone).naive_local();
    loop {
        clock = next(clock)?;
        match first(zone, clock) {
            // While the clock shows an hour again, what it shows has been counted already.
            Some(time) if time <= after => {}
            time => return time,
        }
    }
}

/// Returns the first time after another that the clock shows as due: what it skips does not
/// count, and what it shows twice counts both times.
pub(super) fn next_by_real_time(
    zone: Tz,
    after: DateTime<Utc>,
    next: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<DateTime<Utc>> {
    let mut clock = after.with_timezone(&zone).naive_local();
    // The second pass of an hour follows its first, and begins earlier on the clock.
    let rewind = match zone.from_local_datetime(&clock) {
        MappedLocalTime::Ambiguous(first, second) if after < second => Some(second - first),
        _ => None,
    };
    let start = clock;
    loop {
        clock = next(clock)?;
        let time = match zone.from_local_datetime(&clock) {
            MappedLocalTime::None => continue,
            MappedLocalTime::Single(time) => match rewind {
                None => time,
                Some(rewind) => second_pass(zone, start - rewind, &next).unwrap_or(time),
            },
            MappedLocalTime::Ambiguous(first, _) if after < first => first,
            MappedLocalTime::Ambiguous(_, second) => second,
        };
        if time > after {
            return Some(time.to_utc());
        }
    }
}

/// Returns the first due time of the second pass of an hour that the clock shows twice.
fn second_pass(
    zone: Tz,
    before: NaiveDateTime,
    next: impl Fn(NaiveDateTime) -> Option<NaiveDateTime>,
) -> Option<DateTime<Tz>> {
    let mut clock = before;
    loop {
        clock = next(clock)?;
        match zone.from_local_datetime(&clock) {
            MappedLocalTime::Ambiguous(_, second) => return Some(second),
            _ if clock - before > MOST_REPEATED => return None,
            _ => {}
        }
    }
}

/// Returns when the clock shows a time for the first time, or goes on after having skipped it.
fn first(zone: Tz, clock: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&clock) {
        MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => Some(time.to_utc()),
        MappedLocalTime::None => end_of_gap(zone, clock),
    }
}

/// Returns the first moment after a gap, found by halving.
fn end_of_gap(zone: Tz, within: NaiveDateTime) -> Option<DateTime<Utc>> {
    let (mut skipped, mut shown) = (within, within.checked_add_signed(LONGEST_GAP)?);
    while shown - skipped > TimeDelta::seconds(1) {
        let between = skipped + TimeDelta::seconds((shown - skipped).num_seconds() / 2);
        match zone.from_local_datetime(&between) {
            MappedLocalTime::None => skipped = between,
            _ => shown = between,
        }
    }
    Some(zone.from_local_datetime(&shown).earliest()?.to_utc())
}
