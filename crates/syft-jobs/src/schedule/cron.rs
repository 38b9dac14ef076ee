//! Cron expressions: what their fields mean and when they are due.

use std::{fmt, str::FromStr as _};

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::{days, local};
use crate::Error;

/// Times of the day and dates at which something is due, by the clock of a time zone.
///
/// A time that the clock skips is made up for when the clock goes on; one that it repeats counts
/// once. What is due each hour goes by real time instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    text: String,
    zone: Tz,
    /// It is due when one of them is; there are two when either of two days is enough.
    any_of: Vec<cron::Schedule>,
    warnings: Vec<String>,
}

const LONGEST: usize = 256;
const NAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];
const FIELDS: [(&str, &str); 7] = [
    ("second", "0-59"),
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of the month", "1-31"),
    ("month", "1-12 or JAN-DEC"),
    ("day of the week", "SUN-SAT"),
    ("year", "1970-2100"),
];
const DAY_OF_MONTH: usize = 3;
const DAY_OF_WEEK: usize = 5;

impl Cron {
    pub(super) fn new(expression: &str, zone: Tz) -> Result<Self, Error> {
        let text = expression.trim();
        let read = || {
            let fields = Fields::split(text)?;
            let any_of = fields.schedules()?;
            let warnings = fields.warnings();
            let cron = Self {
                text: text.to_owned(),
                zone,
                any_of,
                warnings,
            };
            if cron
                .next_by_the_clock(DateTime::UNIX_EPOCH.naive_utc())
                .is_none()
            {
                return Err("it is never due: no day fits all of its fields".to_owned());
            }
            Ok(cron)
        };
        read().map_err(|reason| Error::InvalidSchedule {
            text: text.chars().take(LONGEST).collect(),
            reason,
        })
    }

    /// Returns the expression as it was written.
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.text
    }

    /// Returns the time zone whose clock counts.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the first time after another at which it is due.
    pub(super) fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = |schedule: &cron::Schedule| {
            let clock = |time| next_by_the_clock(schedule, time);
            if is_hourly(schedule) {
                local::next_by_real_time(self.zone, after, clock)
            } else {
                local::next_once(self.zone, after, clock)
            }
        };
        self.any_of.iter().filter_map(next).min()
    }

    fn next_by_the_clock(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let next = |schedule| next_by_the_clock(schedule, after);
        self.any_of.iter().filter_map(next).min()
    }
}

/// Returns when the clock on the wall shows the next time at which it is due.
fn next_by_the_clock(schedule: &cron::Schedule, after: NaiveDateTime) -> Option<NaiveDateTime> {
    let next = schedule.after(&after.and_utc()).next()?;
    Some(next.naive_utc())
}

fn is_hourly(schedule: &cron::Schedule) -> bool {
    use cron::TimeUnitSpec as _;

    schedule.hours().count() == 24
}

/// The seven fields of an expression.
struct Fields<'a> {
    fields: [&'a str; 7],
    /// Whether it is written as in `crontab`: without seconds, and 0 is Sunday.
    is_classic: bool,
}

impl<'a> Fields<'a> {
    fn split(text: &'a str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("it is longer than {LONGEST} bytes"));
        }
        let text = if text.starts_with('@') {
            expand(text)?
        } else {
            text
        };
        let parts: Vec<&str> = text.split_whitespace().collect();
        let (fields, is_classic) = match parts[..] {
            [minute, hour, day, month, weekday] => {
                (["0", minute, hour, day, month, weekday, "*"], true)
            }
            [second, minute, hour, day, month, weekday] => {
                ([second, minute, hour, day, month, weekday, "*"], false)
            }
            [second, minute, hour, day, month, weekday, year] => {
                ([second, minute, hour, day, month, weekday, year], false)
            }
            _ => {
                return Err(format!(
                    "it has {} fields instead of 5 (minute hour day month weekday), 6 (with seconds before) or 7 (and a year behind)",
                    parts.len()
                ));
            }
        };
        Ok(Self { fields, is_classic })
    }

    fn schedules(&self) -> Result<Vec<cron::Schedule>, String> {
        let weekdays = days::of_week(self.fields[DAY_OF_WEEK], self.is_classic)?;
        let mut fields = self.fields.map(str::to_owned);
        fields[DAY_OF_WEEK] = weekdays;
        for (index, field) in fields.iter().enumerate() {
            check(index, field)?;
        }
        if !self.needs_one_day_of_two() {
            return Ok(vec![parse(&fields)?]);
        }
        let [mut by_date, mut by_weekday] = [fields.clone(), fields];
        by_date[DAY_OF_WEEK] = "*".to_owned();
        by_weekday[DAY_OF_MONTH] = "*".to_owned();
        Ok(vec![parse(&by_date)?, parse(&by_weekday)?])
    }

    /// In `crontab`, two restricted days are alternatives.
    fn needs_one_day_of_two(&self) -> bool {
        let is_restricted = |index: usize| !self.fields[index].starts_with(['*', '?']);
        self.is_classic && is_restricted(DAY_OF_MONTH) && is_restricted(DAY_OF_WEEK)
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let weekdays = self.fields[DAY_OF_WEEK];
        if !self.is_classic
            && let Some((written, meant)) = days::numeric_range(weekdays)
        {
            warnings.push(format!(
                "{written} as days of the week is {meant}, as 1 is Sunday where there are seconds; names say what is meant, as in MON-FRI"
            ));
        }
        if self.needs_one_day_of_two() {
            warnings.push(
                "it is due on each such day of the month and on each such day of the week, as in crontab; write six fields if both have to fit".to_owned(),
            );
        }
        warnings
    }
}

fn expand(name: &str) -> Result<&'static str, String> {
    let known = NAMES.iter().find(|(it, _)| name.eq_ignore_ascii_case(it));
    known.map(|(_, fields)| *fields).ok_or_else(|| {
        let names: Vec<&str> = NAMES.iter().map(|(it, _)| *it).collect();
        format!("no such name; there are {}", names.join(", "))
    })
}

/// Says which field is wrong, as the whole does not.
fn check(index: usize, field: &str) -> Result<(), String> {
    let mut alone = ["*"; 7].map(str::to_owned);
    alone[index] = field.to_owned();
    parse(&alone).map(|_| ()).map_err(|_| {
        let (name, range) = FIELDS[index];
        format!("the {name} {field:?} is not *, a value of {range}, a range, a list or a step")
    })
}

fn parse(fields: &[String; 7]) -> Result<cron::Schedule, String> {
    cron::Schedule::from_str(&fields.join(" ")).map_err(|error| error.to_string())
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cron {} ({})", self.text, self.zone)
    }
}
