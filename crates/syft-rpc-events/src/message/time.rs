//! Points in time on the wire: ISO 8601 with an offset, read as leniently as Python's pydantic.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use syft_state::Timestamp;

use super::field::Field;

/// A number above this counts milliseconds, not seconds; pydantic draws the line there, too.
const LAST_SECOND: f64 = 2e10;

/// Writes as Python's `datetime.isoformat`: six digits or none, and `+00:00`.
pub(super) fn encode(time: Timestamp) -> String {
    let time = time.to_utc();
    let form = if time.timestamp_subsec_micros() == 0 {
        "%Y-%m-%dT%H:%M:%S+00:00"
    } else {
        "%Y-%m-%dT%H:%M:%S%.6f+00:00"
    };
    time.format(form).to_string()
}

/// Reads text or a number; a time without a zone is taken as UTC, where Python's peers crash.
pub(super) fn decode(field: &Field<'_>) -> Option<Timestamp> {
    match field {
        Field::Number(number) => from_number(*number),
        Field::Text(text) => from_text(text.trim()),
        _ => None,
    }
}

fn from_number(number: f64) -> Option<Timestamp> {
    let seconds = if number.abs() > LAST_SECOND {
        number / 1e3
    } else {
        number
    };
    let micros = (seconds * 1e6).round();
    // Beyond the range of a Timestamp there is no honest time.
    (micros.abs() < 3e17).then(|| {
        #[expect(clippy::cast_possible_truncation, reason = "checked just above")]
        Timestamp::from_micros(micros as i64)
    })
}

fn from_text(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<f64>() {
        return from_number(number);
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(date.and_time(NaiveTime::MIN).and_utc().into());
    }
    let text = text.replacen(['t', ' '], "T", 1).replace('z', "Z");
    zoned(&text).or_else(|| naive(&text))
}

fn zoned(text: &str) -> Option<Timestamp> {
    let text = text
        .strip_suffix('Z')
        .map_or_else(|| text.to_owned(), |text| format!("{text}+00:00"));
    let forms = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let mut parsed = forms
        .into_iter()
        .filter_map(|form| DateTime::<FixedOffset>::parse_from_str(&text, form).ok());
    parsed.next().map(|time| time.with_timezone(&Utc).into())
}

fn naive(text: &str) -> Option<Timestamp> {
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let mut parsed = forms
        .into_iter()
        .filter_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    parsed.next().map(|time| time.and_utc().into())
}
