//! Mails to the data owner that become one mail.
//!
//! A notice that is to be collected says so from its claim on and is never tried by itself.
//! When the period ends, several become a digest, which is a notice of its own that covers
//! them, and a single one is let go; both in one commit before anything is sent.

use std::time::Duration;

use chrono::{NaiveDateTime, NaiveTime, TimeDelta};
use syft_state::{
    Timestamp,
    ledger::{NoticeRecord, Op, State},
};

use crate::{event::Template, hold::Holds, notice, quiet::Zone};

/// A mail with more is cut short by Gmail, so more become several mails.
pub(crate) const MAX_COVERED: usize = 40;

/// Returns when what is collected is to be sent, or `None` when nothing is.
///
/// That is the end of the period in which the oldest of it was claimed. Without a period, and
/// after the clock was set back behind the claim, it is at once.
#[must_use]
pub(crate) fn due(state: &State, holds: &Holds, now: Timestamp) -> Option<Timestamp> {
    let oldest = collected(state).map(|(_, record)| record.created).min()?;
    match holds.digest {
        Some(period) if oldest <= now => Some(period_end(period, holds.zone, oldest)),
        _ => Some(now),
    }
}

/// Returns what makes digests of what is due.
#[must_use]
pub(crate) fn gather(state: &State, holds: &Holds, now: Timestamp) -> Vec<Op> {
    let is_due = holds.at(state, now).digest.is_none();
    let mut notices: Vec<_> = collected(state).filter(|_| is_due).collect();
    notices.sort_by_key(|(id, record)| (record.created, *id));
    let parts = if holds.digest.is_some() {
        notices.chunks(MAX_COVERED)
    } else {
        notices.chunks(1)
    };
    parts.map(|part| one_mail(part, holds, now)).collect()
}

fn one_mail(part: &[(&str, &NoticeRecord)], holds: &Holds, now: Timestamp) -> Op {
    if let [(id, record)] = part {
        let record = NoticeRecord {
            collect: false,
            ..(*record).clone()
        };
        let id = (*id).to_owned();
        return Op::PutNotice { id, record };
    }
    let covers: Vec<String> = part.iter().map(|(id, _)| (*id).to_owned()).collect();
    let id = notice::id(Template::Digest, &covers.join("\n"));
    let message_id = notice::message_id(&id, &holds.me, now);
    let record = NoticeRecord {
        covers,
        ..NoticeRecord::new(
            holds.me.clone(),
            Template::Digest.name(),
            serde_json::Value::Null,
            message_id.as_str(),
            now,
        )
    };
    Op::PutNotice { id, record }
}

fn collected(state: &State) -> impl Iterator<Item = (&str, &NoticeRecord)> {
    state.own().waiting().filter(|(_, record)| record.collect)
}

/// Returns the end of the period that `at` is in.
///
/// Periods are counted from each midnight on the clock on the wall, so that those of an hour
/// end with the full hour and those of a day at midnight.
fn period_end(period: Duration, zone: Zone, at: Timestamp) -> Timestamp {
    zone.reaches(at, wall_end(period, zone.wall(at.to_utc())))
}

fn wall_end(period: Duration, wall: NaiveDateTime) -> NaiveDateTime {
    let midnight = wall.date().and_time(NaiveTime::MIN);
    let day = TimeDelta::days(1);
    let period = TimeDelta::from_std(period).unwrap_or(day).min(day);
    let micros = |time: TimeDelta| time.num_microseconds().unwrap_or(i64::MAX).max(1);
    let passed = micros(wall - midnight) / micros(period);
    let end = TimeDelta::microseconds((passed + 1) * micros(period));
    midnight + end.min(day)
}

#[cfg(test)]
mod tests;
