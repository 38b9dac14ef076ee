//! The file as Python and this program write it.

use serde_json::{Value, json};

use super::*;

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
