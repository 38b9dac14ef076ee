use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;

fn at() -> DateTime<Utc> {
    "2026-03-01T09:30:00Z".parse().unwrap()
}

#[track_caller]
fn refused(raw: &str, expected: MailError) {
    let found = Letter::parse(raw.as_bytes()).and_then(|letter| letter.recipients());
    assert_eq!(found.unwrap_err(), expected, "{raw:?}");
}

fn malformed(line: usize, problem: &'static str) -> MailError {
    MailError::Malformed { line, problem }
}

#[test]
fn a_letter_without_recipients_is_refused() {
    refused("Subject: x\r\n\r\nhi", MailError::NoRecipient);
    refused("To: \r\n\r\nhi", MailError::NoRecipient);
    refused(
        "To: undisclosed-recipients:;\r\n\r\nhi",
        MailError::NoRecipient,
    );
    refused("", MailError::NoRecipient);
}

#[test]
fn an_address_that_is_none_is_refused_by_its_field() {
    for to in [
        "nobody",
        "a b@x.org",
        "a@x.org b@y.org",
        "a@",
        "@x.org",
        "a@@x.org",
        "a..b@x.org",
        "a@-x.org",
        "a@x..org",
        "good@x.org, bad",
        "Name <>",
        "a@x.org\tBcc",
    ] {
        refused(&format!("To: {to}\r\n\r\n"), MailError::InvalidHeader("To"));
        let copy = format!("To: a@x.org\r\nCc: {to}\r\n\r\n");
        refused(&copy, MailError::InvalidHeader("Cc"));
    }
}

#[test]
fn real_addresses_are_taken() {
    for to in [
        "o'brien@example.org",
        "a_b+tag@example.org",
        "Ann B <Ann@Example.ORG>",
        "\"B, Ann\" <ann@example.org>",
        "=?utf-8?q?Zo=C3=AB?= <zoe@example.org>",
        "jos\u{e9}@example.org",
        "ann@localhost",
    ] {
        let letter = Letter::parse(format!("To: {to}\n\nhi").as_bytes()).unwrap();
        assert_eq!(letter.recipients().unwrap().len(), 1, "{to}");
    }
}

/// T19: what a template smuggled into a header must not pass as a mail.
#[test]
fn injected_and_broken_headers_are_refused() {
    refused(
        "To: a@x.org\r\nSubject: x\nBcc: evil@x.org\r\n\r\n",
        malformed(2, "ends unlike the lines before it"),
    );
    refused(
        "To: a@x.org\r\nSubject: x\rBcc: evil@x.org\r\n\r\n",
        malformed(2, "has a bare carriage return or a NUL"),
    );
    refused(
        "To: a@x.org\r\nSubject: x\0\r\n\r\n",
        malformed(2, "has a bare carriage return or a NUL"),
    );
    refused(
        "To: a@x.org\r\nno colon\r\n\r\n",
        malformed(2, "has no colon"),
    );
    refused(
        "To: a@x.org\r\nBad Name: x\r\n\r\n",
        malformed(2, "has no valid field name"),
    );
    refused(
        " folded: first\r\n\r\n",
        malformed(1, "continues a field before any"),
    );
    refused(
        "To: a@x.org\r\nTo: b@x.org\r\n\r\n",
        MailError::InvalidHeader("To"),
    );
    refused(
        "To: a@x.org\r\nsubject: x\r\nSubject: y\r\n\r\n",
        MailError::InvalidHeader("Subject"),
    );
    refused(
        "To: a@x.org\r\nMessage-ID: none\r\n\r\n",
        MailError::InvalidHeader("Message-ID"),
    );
    let latin = Letter::parse(b"To: a@x.org\r\nSubject: \xe9\r\n\r\n");
    assert_eq!(latin.unwrap_err(), malformed(2, "is not UTF-8"));
}

#[test]
fn too_many_recipients_are_refused() {
    let to: Vec<_> = (0..501).map(|number| format!("a{number}@x.org")).collect();
    let expected = MailError::TooManyRecipients {
        found: 501,
        limit: 500,
    };
    refused(&format!("To: {}\n\n", to.join(",\n ")), expected);
}

#[test]
fn recipients_are_counted_once() {
    let raw = "To: Ann <a@x.org>, B@x.org\nCc: A@X.ORG\nBcc: c@x.org\n\n";
    let letter = Letter::parse(raw.as_bytes()).unwrap();
    assert_eq!(
        letter.recipients().unwrap(),
        ["a@x.org", "B@x.org", "c@x.org"]
    );
}

#[track_caller]
fn completed(raw: &str) -> Letter {
    let mut letter = Letter::parse(raw.as_bytes()).unwrap();
    letter.complete("Do@example.org", at(), "0123");
    letter
}

#[test]
fn what_is_missing_is_filled_in() {
    let letter = completed("To: a@x.org\n\nhi\n");
    let expected = "To: a@x.org\r\nFrom: Do@example.org\r\n\
        Date: Sun, 1 Mar 2026 09:30:00 +0000\r\nMessage-ID: <0123@mail.gmail.com>\r\n\
        MIME-Version: 1.0\r\n\r\nhi\r\n";
    assert_eq!(String::from_utf8(letter.to_bytes()).unwrap(), expected);
}

#[test]
fn what_is_there_is_kept() {
    let raw = "From: The Owner <DO@example.org>\r\nTo: a@x.org\r\nSubject: one\r\n two\r\n\
        Date: Sat, 28 Feb 2026 00:00:00 +0000\r\nMessage-ID: <mine@syft>\r\n\
        MIME-Version: 1.0\r\n\r\nhi\r\n";
    assert_eq!(String::from_utf8(completed(raw).to_bytes()).unwrap(), raw);
}

/// T9: nobody sends as somebody else.
#[test]
fn another_sender_is_replaced() {
    for from in ["boss@example.org", "do@example.org, boss@example.org", ""] {
        let letter = completed(&format!("From: {from}\nTo: a@x.org\n\nhi"));
        assert_eq!(letter.field("From").unwrap(), "Do@example.org");
    }
}

#[test]
fn only_the_sender_sees_bcc() {
    let letter = completed("To: a@x.org\nBCC: b@x.org,\n c@x.org\n\nhi").without_bcc();
    assert_eq!(letter.field("Bcc"), None);
    assert!(
        !String::from_utf8(letter.to_bytes())
            .unwrap()
            .contains("c@x.org")
    );
}

/// A stranger's mail must not exhaust the stack of whoever parses it.
#[test]
fn messages_within_messages_end_somewhere() {
    let nested = |levels| "Content-Type: message/rfc822\r\n\r\n".repeat(levels);
    let too_deep = MailError::Unreadable("nests messages too deeply");
    for levels in [40, 900, 20_000] {
        refused(
            &format!("To: a@x.org\r\n{}", nested(levels)),
            too_deep.clone(),
        );
    }
    let hidden = STANDARD.encode(nested(20_000));
    let encoded = MailError::Unreadable("encodes a message within it");
    let part = "Content-Transfer-Encoding: base64\r\n\r\n";
    for kind in [
        "Content-Type: message/rfc822\r\n",
        "Content-type: Message/Global; x=y\r\n",
    ] {
        refused(
            &format!("To: a@x.org\r\n{kind}{part}{hidden}"),
            encoded.clone(),
        );
    }
    let digest = "To: a@x.org\r\nContent-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n";
    refused(&format!("{digest}{part}{hidden}\r\n--b--\r\n"), encoded);
}

#[test]
fn a_forwarded_message_is_taken() {
    let raw = "To: a@x.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee\r\n\
        --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\
        Content-Transfer-Encoding: base64\r\n\r\naGk=\r\n--b--\r\n";
    assert!(Letter::parse(raw.as_bytes()).is_ok());
}
