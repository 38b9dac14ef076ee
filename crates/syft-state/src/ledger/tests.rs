use proptest::{collection::vec, option, prelude::*};
use serde_json::{Value, json};

use super::*;
use crate::{Email, Timestamp};

mod digests;

/// What Python writes (spec of its state file), with a key that nobody knows.
const PYTHON: &str = include_str!("../../tests/golden/python.json");
/// The same after this program has worked with it.
const OURS: &str = include_str!("../../tests/golden/ours.json");

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn mark(key: &str, mark: &str) -> Op {
    Op::Mark {
        key: key.to_owned(),
        mark: mark.to_owned(),
    }
}

fn told(ds: &str, job: &str, event: &str) -> Op {
    Op::Job {
        ds: email(ds),
        job: job.to_owned(),
        event: event.to_owned(),
        record: EventRecord::new(at(7), Some("<a@b>".to_owned())),
    }
}

fn notice(job: &str, event: &str) -> NoticeRecord {
    NoticeRecord {
        state: NoticeState::Staged {
            draft: "r-1".to_owned(),
        },
        attempts: 2,
        retry_at: Some(at(9)),
        last_error: Some("it rained".to_owned()),
        marks: vec![
            ("msg_1".to_owned(), "processed".to_owned()),
            (job.to_owned(), event.to_owned()),
            (job.to_owned(), "second".to_owned()),
        ],
        job: Some(NoticeJob {
            ds: email("ds@x.org"),
            job: job.to_owned(),
            event: event.to_owned(),
        }),
        ..NoticeRecord::new(
            email("do@example.org"),
            "new_job",
            json!({"job": job}),
            "<1@example.org>",
            at(1),
        )
    }
}

fn sent(id: &str) -> Op {
    let record = SentRecord {
        at: at(5),
        to: email("do@example.org"),
        subject: "a subject".to_owned(),
        message_id: "<1@example.org>".to_owned(),
    };
    Op::Sent {
        id: id.to_owned(),
        record,
    }
}

fn state(ops: &[Op]) -> State {
    let mut state = State::default();
    state.apply_all(ops);
    state
}

fn golden() -> State {
    State::from_text(PYTHON.as_bytes()).unwrap()
}

#[test]
fn a_new_file_is_what_python_expects() {
    assert_eq!(State::default().to_text(), "{\n  \"notified_jobs\": {}\n}");
}

#[test]
fn our_layout_is_the_golden_one() {
    let mut state = golden();
    state.apply_all(&[
        Op::Account(email("do@example.org")),
        mark("müller's \"job\"\n", "new"),
        told("DS@example.org", "müller's \"job\"\n", "new"),
        told("ds@example.org", "my job", "executed"),
        Op::PutNotice {
            id: "n-1".to_owned(),
            record: notice("other", "new"),
        },
    ]);
    assert_eq!(state.to_text(), OURS);
    assert_eq!(State::from_text(OURS.as_bytes()).unwrap().to_text(), OURS);
}

#[test]
fn python_keeps_its_keys_in_their_order() {
    let python: Value = serde_json::from_str(PYTHON).unwrap();
    let ours: Value = serde_json::from_str(&golden().to_text()).unwrap();
    assert_eq!(python.to_string(), ours.to_string());
}

#[test]
fn foreign_and_fresh_are_told_apart() {
    #[track_caller]
    fn check(text: &str, fresh: bool, foreign: bool) {
        let state = State::from_text(text.as_bytes()).unwrap();
        assert_eq!(
            (state.is_fresh(), state.is_foreign()),
            (fresh, foreign),
            "{text}"
        );
    }
    check("{}", true, false);
    check(r#"{"notified_jobs": {}}"#, true, false);
    check(r#"{"notified_jobs": {}, "peer_snapshot": []}"#, false, true);
    check(r#"{"notified_jobs": {"a": ["new"]}}"#, false, true);
    check(
        r#"{"notified_jobs": {"a": ["new"]}, "syft_notify": {}}"#,
        false,
        false,
    );
    check(r#"{"syft_notify": {"version": 1}}"#, false, false);
}

#[test]
fn t13_what_is_no_ledger_is_refused_with_its_place() {
    #[track_caller]
    fn check(text: &str, place: &str) {
        let error = State::from_text(text.as_bytes())
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains(place), "{error}");
    }
    check("", "empty");
    check("null", "line 1 column 4");
    check("[]", "line 1 column");
    check("{\"notified_jobs\": []}", "line 1 column");
    check("{\n  \"notified_jobs\": {\n    \"a\": [\"new\"\n", "line 4");
    check(
        "{\"notified_jobs\": {\"a\": \"new\"}}",
        "expected a sequence",
    );
    check("{\"notified_jobs\": {\"a\": [1]}}", "expected a string");
    check("{\"notified_jobs\": {}} trailing", "line 1 column 23");
    check("{\"peer_snapshot\": \"ds@x.org\"}", "line 1");
    check("{\"syft_notify\": {\"version\": 2}}", "format 2");
    check(
        "{\"syft_notify\": {\"account\": \"nobody\"}}",
        "not an e-mail address",
    );
    check("{\"notified_jobs\": {}, \"x\": NaN}", "line 1");
    check(&"[".repeat(100_000), "line 1");
}

#[test]
fn t12_a_job_belongs_to_its_submitter() {
    #[track_caller]
    fn check(ops: &[Op], ds: &str, expected: bool) {
        assert_eq!(
            state(ops).job_has(&email(ds), "job", "new"),
            expected,
            "{ops:?}"
        );
    }
    let (ours, python) = (told("a@x.org", "job", "new"), mark("job", "new"));
    check(&[], "a@x.org", false);
    // Python told somebody, and no record of ours says whom.
    check(std::slice::from_ref(&python), "a@x.org", true);
    check(&[ours.clone(), python.clone()], "A@x.org", true);
    check(&[ours.clone(), python.clone()], "b@x.org", false);
    // Somebody deleted the key by hand: tell it again.
    check(std::slice::from_ref(&ours), "a@x.org", false);
    // The other one's record is about another event.
    check(
        &[told("a@x.org", "job", "failed"), python.clone()],
        "b@x.org",
        true,
    );
    check(
        &[ours, told("b@x.org", "job", "new"), python.clone()],
        "b@x.org",
        true,
    );
    // A finished job explains the marks as well.
    check(
        &[told("a@x.org", "job", "executed"), python.clone()],
        "b@x.org",
        false,
    );
    check(
        &[told("a@x.org", "job", "executed"), python],
        "a@x.org",
        true,
    );
}

#[test]
fn finished_jobs_are_short_and_can_begin_again() {
    let mut state = state(&[
        told("a@x.org", "job", "new"),
        told("a@x.org", "job", "executed"),
    ]);
    assert!(state.own().jobs.is_empty() && state.own().finished.contains("a@x.org", "job"));
    assert_eq!(state.submitters("job"), [email("a@x.org")]);
    assert!(!state.apply(&told("a@x.org", "job", "approved")));
    assert!(state.apply(&told("a@x.org", "job", "failed")));
    let record = state.own().jobs.get("a@x.org/job").unwrap();
    assert!(record.has("executed") && record.has("failed") && state.own().finished.is_empty());
    assert!(state.apply(&Op::ForgetJob {
        ds: email("a@x.org"),
        job: "job".to_owned()
    }));
    assert_eq!(state.submitters("job"), []);
}

#[test]
fn t3_peers_are_compared_without_case() {
    let mut state = state(&[mark("peer_new_Ann@X.org_to_do", "new_peer_request")]);
    assert!(state.is_marked("peer_new_ann@x.ORG_to_do", "new_peer_request"));
    assert!(!state.is_marked("peer_new_ann@x.org_to_ds", "peer_request_sent"));
    assert!(!state.apply(&mark("peer_new_ann@x.org_to_do", "new_peer_request")));
    state.apply(&mark("peer_new_ann@x.org_to_do", "other"));
    assert_eq!(state.keys_with_prefix("peer_").count(), 1);
    state.apply(&Op::Unmark {
        key: "peer_new_ANN@x.org_to_do".to_owned(),
        mark: None,
    });
    assert!(state.is_fresh());
    // A job's name is not an address.
    state.apply(&mark("Job@x", "new"));
    assert!(!state.is_marked("job@x", "new"));
}

#[test]
fn sending_settles_marks_job_and_counts() {
    let mut state = state(&[Op::PutNotice {
        id: "n".to_owned(),
        record: notice("j", "new"),
    }]);
    state.apply(&sent("n"));
    assert!(state.own().outbox.is_empty());
    assert_eq!(state.marks("j").collect::<Vec<_>>(), ["new", "second"]);
    assert!(state.is_marked("msg_1", "processed"));
    assert!(state.job_has(&email("DS@x.org"), "j", "new"));
    let record = state.own().jobs.get("ds@x.org/j").unwrap();
    let expected = EventRecord::new(at(5), Some("<1@example.org>".to_owned()));
    assert_eq!(record.event("new"), Some(&expected));
    for _ in 0..60 {
        state.apply(&sent("unknown"));
    }
    assert_eq!(
        (state.own().sent_total, state.own().last_sent.len()),
        (61, 50)
    );
}

#[test]
fn dead_letters_come_back_to_be_sent_at_once() {
    let mut state = state(&[Op::PutNotice {
        id: "n".to_owned(),
        record: notice("j", "new"),
    }]);
    state.apply(&Op::Bury {
        id: "n".to_owned(),
        error: "no such address".to_owned(),
    });
    let dead = &state.own().dead["n"];
    assert_eq!(dead.last_error.as_deref(), Some("no such address"));
    state.apply(&Op::Revive { id: "n".to_owned() });
    let again = &state.own().outbox["n"];
    assert_eq!(
        (&again.state, again.attempts, again.retry_at),
        (&NoticeState::Waiting, 0, None)
    );
    assert!(state.apply(&Op::Drop { id: "n".to_owned() }));
    assert!(state.own().outbox.is_empty() && state.own().dead.is_empty());
}

#[test]
fn the_last_of_two_values_counts_as_in_python() {
    let text = r#"{"notified_jobs": {"a": ["x"], "b": [], "a": ["y"]}, "z": 1, "z": 2}"#;
    let state = State::from_text(text.as_bytes()).unwrap();
    assert_eq!(state.marks("a").collect::<Vec<_>>(), ["y"]);
    let value: Value = serde_json::from_str(&state.to_text()).unwrap();
    assert_eq!(value["z"], 2);
}

#[test]
fn numbers_that_rust_cannot_hold_are_kept() {
    let text = r#"{"x": 123456789012345678901234567890.10, "syft_notify": {"y": 1e999}}"#;
    let text = State::from_text(text.as_bytes()).unwrap().to_text();
    assert!(
        text.contains("123456789012345678901234567890.10") && text.contains("1e999"),
        "{text}"
    );
}

#[test]
fn keys_of_newer_versions_stay_in_records() {
    let text = r#"{"syft_notify": {"peers": {"a@x.org": {"email": "a@x.org", "first_seen": "2026-01-01T00:00:00Z", "later": [1]}}}}"#;
    let state = State::from_text(text.as_bytes()).unwrap();
    assert_eq!(state.own().peers["a@x.org"].extra["later"], json!([1]));
    assert!(state.to_text().contains("\"later\": [1]"));
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]",
        "peer_new_[aA]@x\\.org_to_do",
        "\\PC{0,6}",
        Just("\u{0}\n\"\\/\u{7f}\u{2028}😀".to_owned())
    ]
}

fn any_event() -> impl Strategy<Value = String> {
    prop_oneof!["new|approved|executed|failed", any_name()]
}

fn any_email() -> impl Strategy<Value = Email> {
    "[abA]@x\\.org".prop_map(|text| email(&text))
}

fn any_notice() -> impl Strategy<Value = NoticeRecord> {
    let job = option::of((any_email(), any_name(), any_event()));
    (
        any_email(),
        any_name(),
        vec((any_name(), any_event()), 0..3),
        job,
        option::of("[xy]"),
        (any::<bool>(), vec("[a-d]", 0..3)),
    )
        .prop_map(
            |(to, event, marks, job, via, (collect, covers))| NoticeRecord {
                to,
                marks,
                via,
                collect,
                covers,
                job: job.map(|(ds, job, event)| NoticeJob { ds, job, event }),
                ..notice(&event, &event)
            },
        )
}

fn any_op() -> impl Strategy<Value = Op> {
    let id = || "[a-d]";
    prop_oneof![
        (any_name(), any_event()).prop_map(|(key, mark)| Op::Mark { key, mark }),
        (any_name(), option::of(any_event())).prop_map(|(key, mark)| Op::Unmark { key, mark }),
        option::of(vec(any_name(), 0..3)).prop_map(Op::PeerSnapshot),
        any_email().prop_map(Op::Account),
        option::of(any_name()).prop_map(Op::Cursor),
        any::<i64>().prop_map(|micros| Op::Reconciled(Timestamp::from_micros(micros))),
        (id(), option::of((any_email(), any_name()))).prop_map(|(id, record)| Op::Folder {
            id,
            record: record.map(|(peer, kind)| FolderRecord::new(peer, kind, "W1")),
        }),
        (any_email(), any::<bool>()).prop_map(|(email, is_known)| Op::Peer {
            record: is_known.then(|| PeerRecord::new(email.clone(), at(3))),
            email,
        }),
        (
            any_email(),
            any_name(),
            any_event(),
            any::<i64>(),
            option::of(any_name())
        )
            .prop_map(|(ds, job, event, micros, message_id)| {
                let record = EventRecord {
                    at: Timestamp::from_micros(micros),
                    message_id,
                };
                Op::Job {
                    ds,
                    job,
                    event,
                    record,
                }
            }),
        (any_email(), any_name()).prop_map(|(ds, job)| Op::ForgetJob { ds, job }),
        (id(), any_notice()).prop_map(|(id, record)| Op::PutNotice { id, record }),
        id().prop_map(|id| Op::RemoveNotice { id }),
        id().prop_map(|id| sent(&id)),
        (id(), any_name()).prop_map(|(id, error)| Op::Bury { id, error }),
        id().prop_map(|id| Op::Revive { id }),
        id().prop_map(|id| Op::Drop { id }),
        (any::<i64>(), any::<u64>()).prop_map(|(micros, sent)| {
            Op::Heartbeat(HeartbeatRecord::new(Timestamp::from_micros(micros), sent))
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(ops in vec(any_op(), 0..40)) {
        let state = state(&ops);
        let again = State::from_text(state.to_text().as_bytes()).unwrap();
        prop_assert_eq!(again.to_text(), state.to_text());
        prop_assert_eq!(again.namesakes, state.namesakes);
    }

    #[test]
    fn text_of_many_steps_is_text_of_one(groups in vec(vec(any_op(), 0..8), 0..8)) {
        let mut stepwise = golden();
        for ops in &groups {
            stepwise.apply_all(ops);
            stepwise.refresh_text();
        }
        let mut at_once = golden();
        at_once.apply_all(&groups.concat());
        prop_assert_eq!(stepwise.to_text(), at_once.to_text());
    }

    #[test]
    fn what_is_taken_back_never_happened(before in vec(any_op(), 0..20), ops in vec(any_op(), 0..20)) {
        let mut state = golden();
        state.apply_all(&before);
        let (text, namesakes) = (state.to_text(), state.namesakes.clone());
        let undo = state.apply_all(&ops);
        state.refresh_text();
        state.revert(undo);
        prop_assert_eq!(state.to_text(), text);
        prop_assert_eq!(&state.namesakes, &namesakes);
        prop_assert!(state.is_marked("my job", "new") == state.marks("my job").any(|mark| mark == "new"));
    }

    #[test]
    fn unknown_keys_survive(ops in vec(any_op(), 0..20)) {
        let mut state = golden();
        state.apply_all(&ops);
        let again: Value = serde_json::from_str(&state.to_text()).unwrap();
        let python: Value = serde_json::from_str(PYTHON).unwrap();
        prop_assert_eq!(&again["peer_grants_snapshot"], &python["peer_grants_snapshot"]);
        prop_assert_eq!(&again["notified_jobs"]["msg_1AbCdEfGhIjKlMnOpQrStUvWxYz"], &python["notified_jobs"]["msg_1AbCdEfGhIjKlMnOpQrStUvWxYz"]);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\":, a0-9ntfsyruleotid_jb\\\\]{0,60}") {
        prop_assert!(State::from_text(text.as_bytes()).map_or(true, |state| !state.to_text().is_empty()));
    }

    /// A byte that flips gives an error or another ledger, never an empty one (T13).
    #[test]
    fn a_flipped_bit_never_empties_it(position in 0..OURS.len(), bit in 0..8) {
        let mut bytes = OURS.as_bytes().to_vec();
        bytes[position] ^= 1_u8 << bit;
        prop_assert!(State::from_text(&bytes).map_or(true, |state| !state.is_fresh()));
    }

    #[test]
    fn a_torn_file_is_an_error(length in 0..OURS.len()) {
        prop_assert!(State::from_text(&OURS.as_bytes()[..length]).is_err());
    }
}
