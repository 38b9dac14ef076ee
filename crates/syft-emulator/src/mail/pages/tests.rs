use axum::{body::Body, extract::Request};
use chrono::{DateTime, Utc};
use mail_builder::MessageBuilder;
use proptest::prelude::*;
use tower::ServiceExt;

use super::{html::Escaped, reading::Colours, *};
use crate::mail::{Store, letter::Letter, store::Message};

const DO: &str = "do@example.org";

fn world(raw: &[u8]) -> (Store, Message) {
    let at: DateTime<Utc> = "2026-03-01T09:30:00Z".parse().unwrap();
    let letter = Letter::parse(raw).unwrap();
    let mut store = Store::default();
    let sent = store.send(DO, letter, None, at).unwrap();
    (store, sent)
}

fn person() -> crate::oauth::Person {
    crate::oauth::Accounts::default().person(DO)
}

fn built(subject: &str, text: &str, html: &str, file: &str) -> Vec<u8> {
    MessageBuilder::new()
        .from((subject, DO))
        .to((subject, "ds@example.org"))
        .subject(subject)
        .text_body(text)
        .html_body(html)
        .attachment("text/csv", file, "1")
        .write_to_vec()
        .unwrap()
}

/// Returns every page on which the mail shows.
fn pages(raw: &[u8]) -> Vec<String> {
    let (store, message) = world(raw);
    let mut pages = vec![page(
        &message.summary.subject,
        &lists::mailbox(&person(), &store, Folder::Sent),
    )];
    for query in [
        "",
        "view=text",
        "view=headers",
        "view=source",
        "colours=dark",
        "width=phone",
    ] {
        let view = View::parse(&Params::parse(query)).unwrap();
        let body = reading::mail(&person(), &message, &view);
        pages.push(page(&message.summary.subject, &body));
    }
    pages
}

/// Tags of a page in order, attribute values left out; quotes keep `>` from ending a tag.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut tag: Option<String> = None;
    let mut quoted = false;
    for char in page.chars() {
        match (&mut tag, char) {
            (None, '<') => tag = Some(String::new()),
            (None, _) => {}
            (Some(_), '"') => quoted = !quoted,
            (Some(_), '>') if !quoted => tags.extend(tag.take()),
            (Some(text), _) if !quoted => text.push(char),
            (Some(_), _) => {}
        }
    }
    tags
}

proptest! {
    /// Whatever a stranger writes, the pages keep the structure that a harmless mail gives them.
    #[test]
    fn hostile_mail_never_becomes_markup(
        hostile in "[<>&\"'/=a-z;! `{}\\\\-]{1,30}",
        html in "(</iframe>|\"|'|<script>|-->|<|>|&quot;|x){0,20}",
    ) {
        let harmless = pages(&built("word", "word", "word", "word"));
        let hostile = format!("w{hostile}w");
        let found = pages(&built(&hostile, &hostile, &html, &hostile));
        for (found, harmless) in found.iter().zip(&harmless) {
            // The source view shows MIME lines whose number may differ, but has no tags in it.
            prop_assert_eq!(tags(found), tags(harmless));
        }
    }

    #[test]
    fn escaped_text_has_no_markup(text in "\\PC{0,80}") {
        let escaped = Escaped(&text).to_string();
        prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        let back = escaped
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&");
        prop_assert_eq!(back, text);
    }
}

/// T19: a header field shows as text on every page.
#[test]
fn a_script_in_a_subject_is_text() {
    let subject = "<script>alert(1)</script>";
    for page in pages(&built(subject, subject, subject, subject)) {
        assert!(!page.contains("<script"), "{page}");
    }
}

#[test]
fn the_frame_is_sandboxed_without_scripts() {
    let shown = &pages(&built("s", "t", "<p id='x'>\"hi\"</p>", "f"))[1];
    let (_, frame) = shown.split_once("<iframe").unwrap();
    let (_, sandbox) = frame.split_once("sandbox=\"").unwrap();
    let (sandbox, rest) = sandbox.split_once('"').unwrap();
    assert_eq!(sandbox, "allow-popups allow-popups-to-escape-sandbox");
    assert!(rest.contains("&lt;p id=&#39;x&#39;&gt;&quot;hi&quot;&lt;/p&gt;\"></iframe>"));
    assert!(rest.contains("default-src &#39;none&#39;"));
}

#[test]
fn colours_answer_the_mails_own_question() {
    let html = "@media (Prefers-Color-Scheme : DARK){a} @media (prefers-color-scheme:light){b} \
        @media (prefers-color-scheme){c}";
    let body = |colours| {
        let document = frame::document(html, colours);
        document[document.find("@media").unwrap()..].to_owned()
    };
    assert_eq!(body(Colours::System), html);
    assert_eq!(
        body(Colours::Dark),
        "@media (min-width:0){a} @media (max-width:0){b} @media (prefers-color-scheme){c}"
    );
    assert_eq!(
        body(Colours::Light),
        "@media (max-width:0){a} @media (min-width:0){b} @media (prefers-color-scheme){c}"
    );
}

#[track_caller]
fn sender_is(from: &str, expected: &str) {
    let (_, message) = world(format!("From: {from}\nTo: ds@example.org\n\n").as_bytes());
    assert_eq!(message.summary.sender(), expected);
}

#[test]
fn senders_are_shown_by_name() {
    sender_is("\"Ann B\" <do@example.org>", "Ann B");
    sender_is("\"Ann <x@y>\" <do@example.org>", "Ann <x@y>");
    sender_is("=?utf-8?q?Zo=C3=AB?= <do@example.org>", "Zo\u{eb}");
    sender_is("<do@example.org>", "do@example.org");
    sender_is("Somebody Else <else@example.org>", "do@example.org");
}

async fn get(app: &App, path: &str) -> (StatusCode, http::HeaderMap, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let router = routes().with_state(App::clone(app));
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 24).await.unwrap();
    (
        parts.status,
        parts.headers,
        String::from_utf8_lossy(&bytes).into_owned(),
    )
}

fn app(raw: &[u8]) -> (App, String) {
    let app = crate::mail::testing::app();
    let letter = Letter::parse(raw).unwrap();
    let now = app.now();
    let sent = app.write(|world| {
        world.accounts.ensure(DO);
        world.accounts.ensure("o'brien/x@example.org");
        world.mail.send(DO, letter, None, now).unwrap()
    });
    (app, sent.id)
}

#[tokio::test]
async fn pages_are_linked_and_locked_down() {
    let (app, id) = app(b"To: ds@example.org\nSubject: Hello\n\nhi there");
    let (status, headers, list) = get(&app, "/mailbox").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    assert!(list.contains("href=\"/mailbox/do@example.org\""), "{list}");
    assert!(
        list.contains("href=\"/mailbox/o%27brien%2Fx@example.org\""),
        "{list}"
    );

    let (_, _, folder) = get(&app, "/mailbox/DO@example.org?folder=sent").await;
    let link = format!("/mailbox/do@example.org/{id}");
    assert!(folder.contains(&format!("href=\"{link}\"")), "{folder}");
    let (status, _, mail) = get(&app, &link).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        mail.contains("<pre class=\"text\">hi there</pre>"),
        "{mail}"
    );
    let (_, _, strange) = get(&app, "/mailbox/o%27brien%2Fx@example.org").await;
    assert!(strange.contains("Nothing here yet"), "{strange}");
}

#[tokio::test]
async fn a_mail_can_be_downloaded() {
    let (app, id) = app(b"To: ds@example.org\nSubject: Hello\n\nhi there");
    let (status, headers, raw) = get(&app, &format!("/mailbox/do@example.org/{id}/mail.eml")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "message/rfc822");
    assert!(raw.ends_with("\r\n\r\nhi there"), "{raw}");
    let (status, ..) = get(&app, "/mailbox/do@example.org/0000/mail.eml").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_or_not_understood_is_said() {
    let (app, id) = app(b"To: ds@example.org\n\nhi");
    let (status, _, page) = get(&app, "/mailbox/do@example.org/0000").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.contains("no such mail"));
    for query in ["view=pdf", "width=3", "colours=blue", "folder=inbox"] {
        let (status, _, body) = get(&app, &format!("/mailbox/do@example.org/{id}?{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body.contains(query.split('=').next().unwrap()), "{body}");
    }
    let (status, _, page) = get(&app, "/mailbox/stranger@example.org").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.contains("no account"));
    let (status, ..) = get(&app, "/mailbox/do@example.org?folder=junk").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
