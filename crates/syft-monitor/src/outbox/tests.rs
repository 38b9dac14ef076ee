use proptest::prelude::*;
use syft_state::ledger::{NoticeJob, Op};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn notice(event: &str, job: Option<&str>, created: i64) -> NoticeRecord {
    NoticeRecord {
        job: job.map(|job| NoticeJob {
            ds: "ds@example.org".parse().unwrap(),
            job: job.to_owned(),
            event: event.trim_start_matches("job_").to_owned(),
        }),
        ..NoticeRecord::new(
            "ds@example.org".parse().unwrap(),
            event,
            serde_json::Value::Null,
            format!("{event}.{created}@example.org"),
            at(created),
        )
    }
}

fn outbox(notices: &[NoticeRecord]) -> State {
    let mut state = State::default();
    for (index, record) in notices.iter().enumerate() {
        state.apply(&Op::PutNotice {
            id: format!("n{index}"),
            record: record.clone(),
        });
    }
    state
}

#[track_caller]
fn check_batch(notices: &[NoticeRecord], now: i64, expected: &[&str]) {
    let batch = next_batch(
        &outbox(notices),
        &RetryPolicy::default(),
        at(now),
        16,
        &BTreeSet::new(),
    );
    let ids: Vec<&str> = batch.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, expected);
}

#[test]
fn a_job_is_told_in_order_and_one_mail_at_a_time() {
    let executed = notice("job_executed", Some("a"), 0);
    let approved = notice("job_approved", Some("a"), 0);
    let other = notice("job_approved", Some("b"), 5);
    check_batch(&[executed, approved.clone(), other], 10, &["n1", "n2"]);
    // A mail that waits for its next try holds back what follows it.
    let waiting = NoticeRecord {
        retry_at: Some(at(60)),
        ..approved
    };
    let later = notice("job_executed", Some("a"), 1);
    check_batch(&[waiting.clone(), later.clone()], 10, &[]);
    check_batch(&[waiting, later], 60, &["n0"]);
}

#[test]
fn a_clock_that_was_set_back_does_not_hold_mail_for_ever() {
    let far = NoticeRecord {
        retry_at: Some(at(40 * 24 * 3600)),
        ..notice("new_job", None, 0)
    };
    check_batch(&[far], 0, &["n0"]);
}

#[test]
fn an_interrupted_send_is_never_repeated_by_itself() {
    let ambiguous = NoticeRecord {
        state: NoticeState::Ambiguous,
        ..notice("new_job", None, 0)
    };
    check_batch(&[ambiguous], 100, &[]);
}

#[track_caller]
fn check_fate(error: Error, created: i64, expected: &str) {
    let fate = RetryPolicy::default().fate(&notice("new_job", None, created), &error, at(0), 1.0);
    let word = match fate {
        Fate::Retry(_) => "retry",
        Fate::Bury => "bury",
        Fate::Pause(_) => "pause",
    };
    assert_eq!(word, expected, "{error}");
}

#[test]
fn every_error_has_its_fate() {
    let what = || "gmail.users.drafts.send".to_owned();
    let unavailable = || Error::Unavailable {
        what: what(),
        reason: "503".into(),
        source: None,
    };
    check_fate(unavailable(), 0, "retry");
    check_fate(unavailable(), -3 * 24 * 3600, "bury");
    check_fate(
        Error::RateLimited {
            what: what(),
            retry_after: None,
        },
        0,
        "pause",
    );
    check_fate(
        Error::Unauthenticated {
            what: what(),
            reason: "revoked".into(),
        },
        -900_000,
        "pause",
    );
    check_fate(
        Error::PermissionDenied {
            what: what(),
            reason: "accessNotConfigured".into(),
        },
        0,
        "pause",
    );
    check_fate(
        Error::Ambiguous {
            what: what(),
            reason: "no answer".into(),
        },
        0,
        "bury",
    );
    check_fate(
        Error::Rejected {
            what: what(),
            reason: "invalid To".into(),
        },
        0,
        "bury",
    );
}

proptest! {
    #[test]
    fn waits_grow_and_stay_bounded(attempts in 0..200u32, jitter in 0.0..1.0f64) {
        let policy = RetryPolicy::default();
        let wait = policy.wait(attempts, jitter);
        prop_assert!(wait >= policy.first_wait / 2 && wait <= policy.longest_wait);
    }
}
