use mail_parser::{Message, MessageParser, MimeHeaders};
use proptest::prelude::*;
use syft_state::Timestamp;

use super::*;

const HEADERS: [&str; 9] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Type",
];

fn mail() -> Mail {
    let from = "do@example.org".parse().unwrap();
    Mail {
        message_id: MessageId::new("job-1", &from),
        from,
        from_name: "SyftBox".into(),
        to: "o'brien+lab@Example.org".parse().unwrap(),
        subject: "New job: analysis".into(),
        date: Timestamp::from_seconds(1_765_362_413),
        text: "Hello\nthere\n".into(),
        html: Some("<p>Hello</p>".into()),
        in_reply_to: None,
        references: Vec::new(),
        about: None,
    }
}

fn parse(bytes: &[u8]) -> Message<'_> {
    MessageParser::new().parse(bytes).unwrap()
}

#[test]
fn golden_mail() {
    let expected = "\
From: \"SyftBox\" <do@example.org>\r
To: <o'brien+lab@Example.org>\r
Subject: New job: analysis\r
Date: Wed, 10 Dec 2025 10:26:53 +0000\r
Message-ID: <job-1@example.org>\r
MIME-Version: 1.0\r
Auto-Submitted: auto-generated\r
X-Auto-Response-Suppress: All\r
Content-Type: multipart/alternative;\r
\x20boundary=\"syft_34e71ea6d3a3fbad5f9e15171d7527d2\"\r
\r
--syft_34e71ea6d3a3fbad5f9e15171d7527d2\r
Content-Type: text/plain; charset=\"utf-8\"\r
Content-Transfer-Encoding: 7bit\r
\r
Hello\r
there\r
\r
--syft_34e71ea6d3a3fbad5f9e15171d7527d2\r
Content-Type: text/html; charset=\"utf-8\"\r
Content-Transfer-Encoding: 7bit\r
\r
<p>Hello</p>\r
--syft_34e71ea6d3a3fbad5f9e15171d7527d2--\r
";
    let bytes = to_mime(&mail());
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn follow_ups_name_their_thread() {
    let mut mail = mail();
    let id = |n: usize| MessageId::new(&format!("job-{n}"), &mail.from);
    let ids: Vec<MessageId> = (0..100).map(id).collect();
    mail.in_reply_to = ids.last().cloned();
    mail.references = ids[..99].to_vec();
    let bytes = to_mime(&mail);
    let parsed = parse(&bytes);
    assert_eq!(parsed.in_reply_to().as_text(), Some("job-99@example.org"));
    let named = parsed.references().as_text_list().unwrap();
    assert_eq!(named.len(), MAX_REFERENCES);
    assert_eq!(named[0], "job-0@example.org");
    assert_eq!(named[1], "job-81@example.org");
    assert_eq!(named[19], "job-99@example.org");
}

#[test]
fn a_text_that_quotes_the_boundary_stays_a_text() {
    let mut mail = mail();
    let first = to_mime(&mail);
    let parsed = parse(&first);
    let boundary = parsed
        .content_type()
        .unwrap()
        .attribute("boundary")
        .unwrap();
    mail.text = format!("--{boundary}--\n\n--{boundary}\nContent-Type: text/html\n\n<b>forged</b>");
    let bytes = to_mime(&mail);
    check_bodies(&parse(&bytes), &mail);
}

#[test]
fn an_edited_id_adds_no_header() {
    let mut mail = mail();
    let edited = "\"a@b>\\r\\nBcc: eve@evil.example\\r\\nX: <\"";
    mail.message_id = serde_json::from_str(edited).unwrap();
    mail.in_reply_to = Some(mail.message_id.clone());
    let bytes = to_mime(&mail);
    assert!(parse(&bytes).bcc().is_none());
}

#[track_caller]
fn check_bodies(parsed: &Message<'_>, mail: &Mail) {
    assert_eq!(parsed.text_body_count(), 1);
    assert_eq!(parsed.attachment_count(), 0);
    let part = |index: u32| parsed.part(index).unwrap();
    let (text, html) = match &mail.html {
        None => (part(0), None),
        Some(_) => (part(1), Some(part(2))),
    };
    assert_eq!(text.text_contents().unwrap(), text::body_text(&mail.text));
    if let (Some(part), Some(html)) = (html, &mail.html) {
        assert_eq!(part.text_contents().unwrap(), text::body_text(html));
    }
    assert_eq!(parsed.parts.len(), if mail.html.is_some() { 3 } else { 1 });
}

#[track_caller]
fn check_lines(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("encoded bodies are ASCII");
    assert!(text.is_ascii());
    let bare = text.replace("\r\n", "");
    assert!(!bare.contains(['\r', '\n', '\0']));
    assert!(text.split("\r\n").all(|line| line.len() <= 998));
    let head = text.split("\r\n\r\n").next().unwrap();
    let breakable = |line: &&str| line.trim().contains(' ');
    assert!(
        head.split("\r\n")
            .filter(breakable)
            .all(|line| line.len() <= 78),
        "{head}"
    );
}

proptest! {
    #[test]
    fn t19_any_text_makes_one_mail_to_one_person(
        name in "(?s).{0,90}",
        subject in "(?s).{0,300}|[=?\r\n a-z:ü]{0,120}",
        text in "(?s).{0,400}|([a-z .=-]{0,120}(\r|\n|\r\n)){0,20}",
        html in proptest::option::of("(?s).{0,400}|([<>a-zü-]{0,1200}\n){0,3}"),
    ) {
        let mail = Mail { from_name: name, subject, text, html, ..mail() };
        let bytes = to_mime(&mail);
        check_lines(&bytes);
        let parsed = parse(&bytes);
        let names: Vec<&str> = parsed.headers().iter().map(|header| header.name()).collect();
        prop_assert_eq!(names.len(), if mail.html.is_some() { 9 } else { 10 }, "{:?}", names);
        for header in HEADERS {
            prop_assert_eq!(names.iter().filter(|name| **name == header).count(), 1, "{}", header);
        }
        let to = parsed.to().unwrap().as_list().unwrap();
        prop_assert_eq!(to.len(), 1);
        prop_assert_eq!(to[0].address(), Some(mail.to.as_str()));
        let from = parsed.from().unwrap().first().unwrap();
        prop_assert_eq!(from.address(), Some(mail.from.as_str()));
        prop_assert_eq!(from.name().unwrap_or_default(), header_text(&mail.from_name));
        prop_assert_eq!(parsed.subject().unwrap_or_default(), header_text(&mail.subject));
        check_bodies(&parsed, &mail);
        prop_assert_eq!(to_mime(&mail), bytes);
    }
}
