use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;
use syft_state::Email;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn me() -> Email {
    "do@example.org".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn holds(period: Option<Duration>, quiet: Option<&str>) -> Holds {
    Holds {
        digest: period,
        quiet_hours: quiet.map(|hours| hours.parse().unwrap()),
        zone: Zone::Place(chrono_tz::Europe::Berlin),
        ..Holds::none(me())
    }
}

/// An outbox of notices that wait for a digest since these moments.
fn waiting(since: &[Timestamp]) -> State {
    let mut state = State::default();
    for (number, created) in since.iter().enumerate() {
        let record = NoticeRecord {
            collect: true,
            ..NoticeRecord::new(me(), "new_job", json!({}), format!("{number}@x"), *created)
        };
        let id = format!("notice {number:03}");
        state.apply(&Op::PutNotice { id, record });
    }
    state
}

fn collected_at(holds: &Holds, since: &[&str], now: &str) -> Vec<Vec<String>> {
    let since: Vec<Timestamp> = since.iter().map(|text| at(text)).collect();
    mails(&gather(&waiting(&since), holds, at(now)))
}

/// Returns the notices of each mail that the ops let go.
fn mails(ops: &[Op]) -> Vec<Vec<String>> {
    let mail = |op: &Op| match op {
        Op::PutNotice { record, .. } if record.is_digest() => record.covers.clone(),
        Op::PutNotice { id, record } if !record.collect => vec![id.clone()],
        other => panic!("{other:?}"),
    };
    ops.iter().map(mail).collect()
}

#[test]
fn what_came_within_a_period_becomes_one_mail_at_its_end() {
    let hourly = holds(Some(HOUR), None);
    let since = ["2026-01-10T10:05:00Z", "2026-01-10T10:40:00Z"];
    let none: Vec<Vec<String>> = Vec::new();
    assert_eq!(collected_at(&hourly, &since, "2026-01-10T10:59:59Z"), none);
    let both = [["notice 000", "notice 001"]];
    assert_eq!(collected_at(&hourly, &since, "2026-01-10T11:00:00Z"), both);
    let one = [["notice 000"]];
    assert_eq!(
        collected_at(&hourly, &since[..1], "2026-01-10T11:00:00Z"),
        one
    );
    // Those of a day end at midnight in Berlin.
    let daily = holds(Some(24 * HOUR), None);
    assert_eq!(collected_at(&daily, &since, "2026-01-10T22:59:59Z"), none);
    assert_eq!(collected_at(&daily, &since, "2026-01-10T23:00:00Z"), both);
}

#[test]
fn a_digest_waits_for_the_end_of_quiet_hours() {
    let holds = holds(Some(HOUR), Some("22:00-07:00"));
    let since = ["2026-01-10T20:30:00Z", "2026-01-11T02:00:00Z"];
    let none: Vec<Vec<String>> = Vec::new();
    assert_eq!(collected_at(&holds, &since, "2026-01-11T05:59:59Z"), none);
    let both = [["notice 000", "notice 001"]];
    assert_eq!(collected_at(&holds, &since, "2026-01-11T06:00:00Z"), both);
}

#[test]
fn nothing_is_kept_by_a_clock_that_was_set_back_or_a_digest_that_was_turned_off() {
    let hourly = holds(Some(HOUR), None);
    let since = ["2026-01-11T10:05:00Z", "2026-01-11T10:06:00Z"];
    let both = [["notice 000", "notice 001"]];
    assert_eq!(collected_at(&hourly, &since, "2026-01-10T10:00:00Z"), both);
    let off = holds(None, None);
    let each = [["notice 000"], ["notice 001"]];
    assert_eq!(collected_at(&off, &since, "2026-01-11T10:07:00Z"), each);
}

#[test]
fn a_digest_has_an_identity_of_its_own() {
    let (since, now) = (at("2026-01-10T10:05:00Z"), at("2026-01-10T11:00:00Z"));
    let ops = gather(&waiting(&[since; 2]), &holds(Some(HOUR), None), now);
    let [Op::PutNotice { id, record }] = &ops[..] else {
        panic!("{ops:?}")
    };
    assert!(id.starts_with("digest-") && record.message_id.ends_with("@example.org"));
    assert_eq!(
        (&*record.event, record.created, &record.to),
        ("digest", now, &me())
    );
}

proptest! {
    /// Every notice goes in one mail, once, and no mail tells too many.
    #[test]
    fn all_are_told_once(since in vec(0..3600_i64, 0..200)) {
        let start = at("2026-01-10T10:00:00Z");
        let since: Vec<Timestamp> = since
            .iter()
            .map(|seconds| Timestamp::from_seconds(start.as_seconds() + seconds))
            .collect();
        let ops = gather(&waiting(&since), &holds(Some(HOUR), None), at("2026-01-10T11:00:00Z"));
        let mails = mails(&ops);
        prop_assert!(mails.iter().all(|mail| mail.len() <= MAX_COVERED));
        prop_assert_eq!(mails.len(), since.len().div_ceil(MAX_COVERED));
        let mut told = mails.concat();
        told.sort();
        let all: Vec<String> = (0..since.len()).map(|number| format!("notice {number:03}")).collect();
        prop_assert_eq!(told, all);
    }

    /// In every zone a period ends after its beginning and within itself, and an hour for a
    /// clock that is put back.
    #[test]
    fn a_period_ends(
        zone in select(&chrono_tz::TZ_VARIANTS[..]),
        seconds in 0..4_000_000_000_i64,
        period in 1..=86_400_u64,
    ) {
        let (zone, now) = (Zone::Place(zone), Timestamp::from_seconds(seconds));
        let end = period_end(Duration::from_secs(period), zone, now);
        prop_assert!(end > now, "{now} {end}");
        prop_assert!(end.since(now).as_secs() <= period + 25 * 3600, "{now} {end}");
        let is_whole = |end: Timestamp| {
            let wall = zone.wall(end.to_utc());
            let passed = wall - wall.date().and_time(NaiveTime::MIN);
            passed.num_seconds() % i64::try_from(period).unwrap() == 0
        };
        let jumped = zone.wall(end.to_utc()) - zone.wall(now.to_utc()) != end.to_utc() - now.to_utc();
        prop_assert!(is_whole(end) || jumped, "{now} {end}");
    }
}
