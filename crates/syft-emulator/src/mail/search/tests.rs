use chrono::{DateTime, Utc};

use super::*;
use crate::mail::{letter::Letter, store::Store};

fn sent(raw: &str) -> Message {
    let at: DateTime<Utc> = "2026-03-01T09:30:00Z".parse().unwrap();
    let letter = Letter::parse(raw.as_bytes()).unwrap();
    let mut store = Store::default();
    store.send("do@example.org", letter, None, at).unwrap()
}

#[track_caller]
fn check(q: &str, expected: bool) {
    let message = sent(
        "From: Data Owner <do@example.org>\nTo: Ann <ann@example.org>\nBcc: bob@example.org\n\
         Subject: New job: mean_age\nMessage-ID: <Job.1@syft>\n\nhi",
    );
    let search = Search::parse(q).unwrap();
    assert_eq!(search.finds(&message, false), expected, "{q}");
}

#[test]
fn terms_are_matched_as_gmail_does() {
    check("", true);
    check("rfc822msgid:Job.1@syft", true);
    check("rfc822msgid:<job.1@syft>", true);
    check("rfc822msgid:Job.1", false);
    check("subject:job", true);
    check("subject:jo", false);
    check("subject:\"new JOB\"", true);
    check("subject:\"job new\"", false);
    check("from:do@example.org", true);
    check("from:owner", true);
    check("from:o@example.org", false);
    check("to:ANN@example.org", true);
    check("to:bob@example.org", true);
    check("to:carl@example.org", false);
    check("in:sent", true);
    check("in:inbox", false);
    check("in:drafts", false);
    check("in:anywhere", true);
    check("is:unread", false);
    check("is:read to:ann@example.org", true);
    check("in:sent subject:other", false);
}

#[test]
fn trash_is_found_only_when_asked_for() {
    let mut message = sent("To: ann@example.org\n\nhi");
    message.labels.insert(Label::Trash);
    let finds = |q, all| Search::parse(q).unwrap().finds(&message, all);
    assert!(!finds("", false));
    assert!(finds("", true));
    assert!(finds("in:trash", false));
    assert!(finds("in:anywhere", false));
}

#[test]
fn a_term_that_is_not_known_is_named() {
    for q in [
        "has:attachment",
        "hello",
        "-subject:x",
        "subject:",
        "in:nowhere",
        "a OR b",
    ] {
        let term = q.split(' ').next().unwrap().to_owned();
        let found = Search::parse(&format!("in:inbox {q}")).unwrap_err();
        assert_eq!(found, MailError::UnsupportedTerm(term));
    }
}
