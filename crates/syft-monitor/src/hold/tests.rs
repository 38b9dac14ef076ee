use serde_json::Value;
use syft_state::ledger::Op;

use super::*;

fn me() -> Email {
    "do@example.org".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn notice(to: &str, collect: bool) -> NoticeRecord {
    let created = at("2026-01-10T20:30:00Z");
    NoticeRecord {
        collect,
        ..NoticeRecord::new(to.parse().unwrap(), "new_job", Value::Null, "m@x", created)
    }
}

#[track_caller]
fn check(record: &NoticeRecord, now: &str, expected: Option<(Reason, &str)>) {
    let holds = Holds {
        me: me(),
        quiet_hours: Some("22:00-07:00".parse().unwrap()),
        digest: Some(Duration::from_secs(3600)),
        zone: chrono_tz::UTC.into(),
    };
    let mut state = State::default();
    let (id, record) = ("n".to_owned(), record.clone());
    state.apply(&Op::PutNotice {
        id,
        record: record.clone(),
    });
    let hold = holds.at(&state, at(now)).of(&record);
    let expected = expected.map(|(reason, until)| Hold {
        reason,
        until: at(until),
    });
    assert_eq!(hold, expected);
}

#[test]
fn only_the_data_owner_is_left_in_peace() {
    let (night, morning) = ("2026-01-10T23:00:00Z", "2026-01-11T07:00:00Z");
    let quiet = Some((Reason::QuietHours, morning));
    check(&notice("do@example.org", false), night, quiet);
    check(&notice("DO@Example.org", false), night, quiet);
    check(&notice("ds@example.org", false), night, None);
    check(&notice("do@example.org", false), morning, None);
    let hook = NoticeRecord {
        via: Some("ops".to_owned()),
        ..notice("do@example.org", false)
    };
    check(&hook, night, quiet);
}

#[test]
fn what_is_collected_waits_for_the_end_of_its_period() {
    let record = notice("do@example.org", true);
    let until = Some((Reason::Digest, "2026-01-10T21:00:00Z"));
    check(&record, "2026-01-10T20:31:00Z", until);
    check(&record, "2026-01-10T21:00:00Z", None);
    let late = NoticeRecord {
        created: at("2026-01-10T21:30:00Z"),
        ..record
    };
    // The period would end when it is quiet.
    let quiet = Some((Reason::QuietHours, "2026-01-11T07:00:00Z"));
    check(&late, "2026-01-10T21:31:00Z", quiet);
    check(&late, "2026-01-10T22:00:00Z", quiet);
    check(&late, "2026-01-11T07:00:00Z", None);
}
