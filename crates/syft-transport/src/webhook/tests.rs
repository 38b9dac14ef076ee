use std::time::Duration;

use serde_json::{Value, json};
use syft_state::Timestamp;

use super::*;
use crate::{
    http::script::{Act, Script, impatient_client, quick_client, status},
    mail::{About, MessageId},
};

fn mail() -> Mail {
    let from = "do@example.org".parse().unwrap();
    Mail {
        message_id: MessageId::new("n1", &from),
        from,
        from_name: "SyftBox".into(),
        to: "do@example.org".parse().unwrap(),
        subject: "New job: Ärger\r\nX-Evil: 1".into(),
        date: Timestamp::from_seconds(1_765_362_413),
        text: "A <job> for you & me\n<!channel>\n".into(),
        html: Some("<p>no</p>".into()),
        in_reply_to: None,
        references: Vec::new(),
        about: Some(About {
            event: "new_job".into(),
            data: json!({"job": "a"}),
        }),
    }
}

fn webhook(client: Client, url: Url, format: Format) -> Webhook {
    let options = Options {
        name: "ops".into(),
        url,
        format,
        secret_file: None,
    };
    Webhook::new(client, options).unwrap()
}

fn secret_url(script: &Script) -> Url {
    script
        .url
        .join("/services/T0/hunter2?token=hunter2")
        .unwrap()
}

async fn call(script: &Script, format: Format) -> Result<MailId> {
    webhook(quick_client(), secret_url(script), format)
        .send(&mail(), None)
        .await
}

#[tokio::test]
async fn our_own_json() {
    let script = Script::acts([status(204)]).await;
    call(&script, Format::Json).await.unwrap();
    let [seen] = &script.seen()[..] else {
        panic!("{:?}", script.seen())
    };
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.target, "/services/T0/hunter2?token=hunter2");
    assert_eq!(seen.header("idempotency-key"), Some("n1@example.org"));
    assert_eq!(
        seen.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(seen.header("x-syft-signature"), None);
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    let expected = json!({
        "version": 1,
        "id": "n1@example.org",
        "event": "new_job",
        "subject": "New job: Ärger X-Evil: 1",
        "text": "A <job> for you & me\n<!channel>\n",
        "to": "do@example.org",
        "at": "2025-12-10T10:26:53Z",
        "data": {"job": "a"},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn slack_is_told_nothing_that_it_would_obey() {
    let script = Script::acts([status(200)]).await;
    call(&script, Format::Slack).await.unwrap();
    let body: Value = serde_json::from_slice(&script.seen()[0].body).unwrap();
    let text = "*New job: Ärger X-Evil: 1*\nA &lt;job&gt; for you &amp; me\n&lt;!channel&gt;";
    assert_eq!(body, json!({ "text": text }));
}

#[tokio::test]
async fn ntfy_has_the_subject_in_a_header() {
    let script = Script::acts([status(200)]).await;
    call(&script, Format::Ntfy).await.unwrap();
    let seen = &script.seen()[0];
    assert_eq!(
        seen.header("title"),
        Some("=?UTF-8?B?TmV3IGpvYjogw4RyZ2VyIFgtRXZpbDogMQ==?=")
    );
    assert_eq!(seen.header("x-evil"), None);
    assert_eq!(seen.text(), "A <job> for you & me\n<!channel>");
}

#[tokio::test]
async fn the_signature_is_that_of_the_body() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    syft_state::fs::write_atomic(&secret, b"Jefe\n", 0o600).unwrap();
    let script = Script::acts([status(200)]).await;
    let options = Options {
        name: "ops".into(),
        url: script.url.clone(),
        format: Format::Json,
        secret_file: Some(secret),
    };
    let webhook = Webhook::new(quick_client(), options).unwrap();
    webhook.send(&mail(), None).await.unwrap();
    let seen = &script.seen()[0];
    let expected = format!("sha256={}", sign(b"Jefe", &seen.body));
    assert_eq!(seen.header("x-syft-signature"), Some(expected.as_str()));
    // RFC 4231 §4.3.
    assert_eq!(
        sign(b"Jefe", b"what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

/// Makes a call that is answered so, checks the error and that it was the only call.
async fn check(act: Act, kind: &str, text: &str) {
    let script = Script::acts([act.clone()]).await;
    let webhook = webhook(impatient_client(), secret_url(&script), Format::Json);
    let error = webhook.send(&mail(), None).await.unwrap_err();
    let debug = format!("{error:?} {webhook:?}");
    assert!(debug.starts_with(kind), "{act:?}: {debug}");
    let chain = format!("{error}");
    assert!(chain.contains(text), "{act:?}: {chain}");
    let place = format!("webhook ops at {}", origin(&script.url));
    assert!(chain.contains(&place), "{act:?}: {chain}");
    assert!(!format!("{chain}{debug}").contains("hunter2"), "{debug}");
    assert_eq!(script.count(), 1, "{act:?}: repeating is the courier's");
}

#[tokio::test]
async fn an_answer_says_what_becomes_of_the_notice() {
    check(status(401), "Unauthenticated", "status 401").await;
    check(status(403), "PermissionDenied", "status 403").await;
    check(status(404), "NotFound", "not found").await;
    check(status(410), "NotFound", "not found").await;
    check(status(400), "Rejected", "status 400").await;
    check(status(413), "Rejected", "status 413").await;
    for code in [408, 409, 425, 500, 502, 503, 504] {
        check(status(code), "Unavailable", &format!("status {code}")).await;
    }
    check(Act::Drop, "Unavailable", "not available").await;
    check(Act::Hang, "Unavailable", "took too long").await;
    let body = b"hunter2".to_vec();
    check(Act::Answer(500, Vec::new(), body), "Unavailable", "500").await;
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let other = Script::acts([status(200)]).await;
    let location = vec![("location", other.url.to_string())];
    for code in [301, 302, 303, 307, 308] {
        let act = Act::Answer(code, location.clone(), Vec::new());
        check(act, "PermissionDenied", "a redirection").await;
    }
    assert_eq!(other.count(), 0);
}

#[tokio::test]
async fn a_receiver_may_ask_for_time() {
    let headers = vec![("retry-after", "120".to_owned())];
    let script = Script::acts([Act::Answer(429, headers, Vec::new())]).await;
    match call(&script, Format::Json).await {
        Err(Error::RateLimited { retry_after, .. }) => {
            assert_eq!(retry_after, Some(Duration::from_secs(120)));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_long_answer_is_not_read() {
    // The length is promised and never comes.
    let script = Script::acts([Act::Truncate(10, vec![b'x'; 1 << 30 >> 10])]).await;
    call(&script, Format::Json).await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_no_more_than_unavailable() {
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hunter2", unused.local_addr().unwrap());
    drop(unused);
    let webhook = webhook(quick_client(), url.parse().unwrap(), Format::Json);
    let error = webhook.send(&mail(), None).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[test]
fn only_encrypted_addresses_leave_this_machine() {
    let make = |url: &str| {
        let options = Options {
            name: "ops".into(),
            url: url.parse().unwrap(),
            format: Format::Json,
            secret_file: None,
        };
        Webhook::new(quick_client(), options)
    };
    for url in [
        "https://hooks.example.org/hunter2",
        "http://127.0.0.1:1/hunter2",
        "http://localhost/hunter2",
        "http://[::1]:8/hunter2",
    ] {
        make(url).unwrap();
    }
    for url in [
        "http://hooks.example.org/hunter2",
        "http://127.0.0.1.example.org/hunter2",
        "http://localhost.example.org/hunter2",
        "http://10.0.0.1/hunter2",
        "ftp://127.0.0.1/hunter2",
        "file:///hunter2",
    ] {
        let error = make(url).unwrap_err().to_string();
        assert!(error.contains("must begin with https://"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
