use std::{io::Write as _, path::PathBuf};

use super::*;
use crate::{
    google::Endpoints,
    http::{
        Client,
        script::{Act, Script, Seen, impatient_client, json, quick_client, refusal, status},
    },
    mail::MessageId,
};

fn token_file(folder: &tempfile::TempDir, scopes: &[&str]) -> PathBuf {
    let path = folder.path().join("gmail_token.json");
    let text = json!({
        "token": "ya29.t", "refresh_token": "1//r", "client_id": "id", "client_secret": "s",
        "scopes": scopes, "expiry": "2999-01-01T00:00:00Z",
    });
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(text.to_string().as_bytes()).unwrap();
    path
}

async fn connect(script: &Script, scopes: &[&str]) -> Result<Gmail> {
    connect_with(&quick_client(), script, scopes).await
}

async fn connect_with(client: &Client, script: &Script, scopes: &[&str]) -> Result<Gmail> {
    let folder = tempfile::tempdir().unwrap();
    let endpoints = Endpoints::at(&script.url).unwrap();
    let tokens = Tokens::open(client, &endpoints, &token_file(&folder, scopes))?;
    Gmail::connect(&tokens, Budget::GMAIL).await
}

fn mail() -> Mail {
    let from: Email = "do@example.org".parse().unwrap();
    Mail {
        message_id: MessageId::new("n1", &from),
        from,
        from_name: "SyftBox".into(),
        to: "ds@example.org".parse().unwrap(),
        subject: "A job".into(),
        date: "2026-11-21T10:26:53Z".parse().unwrap(),
        text: "text".into(),
        html: None,
        in_reply_to: None,
        references: Vec::new(),
        about: None,
    }
}

fn paths(script: &Script) -> Vec<String> {
    let path = |seen: &Seen| {
        seen.path()
            .trim_start_matches("/gmail/v1/users/me")
            .to_owned()
    };
    script.seen().iter().map(path).collect()
}

#[tokio::test]
async fn a_draft_is_made_and_sent() {
    let script = Script::acts([json(json!({"id": "r1"})), json(json!({"id": "m1"}))]).await;
    let gmail = connect(&script, &[SCOPE_GMAIL_COMPOSE]).await.unwrap();
    assert_eq!(gmail.promise(), Promise::ExactlyOnce);
    let draft = gmail.stage(&mail()).await.unwrap().unwrap();
    assert_eq!(
        gmail.send(&mail(), Some(&draft)).await.unwrap(),
        MailId::new("m1")
    );
    assert_eq!(paths(&script), ["/drafts", "/drafts/send"]);
    let [create, send] = &script.seen()[..] else {
        panic!()
    };
    let body: serde_json::Value = serde_json::from_slice(&create.body).unwrap();
    let raw = URL_SAFE_NO_PAD
        .decode(body["message"]["raw"].as_str().unwrap())
        .unwrap();
    assert_eq!(raw, to_mime(&mail()));
    assert_eq!(send.text(), r#"{"id":"r1"}"#);
    assert_eq!(send.header("authorization"), Some("Bearer ya29.t"));
    assert_eq!(gmail.usage().units_last_minute, 110);
}

#[tokio::test]
async fn a_draft_that_is_gone_was_sent() {
    let script = Script::acts([Act::Drop, status(500), refusal(404, "notFound")]).await;
    let gmail = connect(&script, &[SCOPE_GMAIL_MODIFY]).await.unwrap();
    let sent = gmail
        .send(&mail(), Some(&DraftId::new("r1")))
        .await
        .unwrap();
    assert_eq!(sent, MailId::new(""));
    assert_eq!(script.count(), 3);
}

#[tokio::test]
async fn a_draft_whose_making_was_not_confirmed_is_looked_for() {
    let found = json(json!({"drafts": [{"id": "r1"}]}));
    let script = Script::acts([Act::Drop, found]).await;
    let gmail = connect(&script, &[SCOPE_GMAIL_COMPOSE]).await.unwrap();
    assert_eq!(
        gmail.stage(&mail()).await.unwrap(),
        Some(DraftId::new("r1"))
    );
    assert_eq!(paths(&script), ["/drafts", "/drafts"]);
    let q = script.seen()[1].query("q");
    assert_eq!(q.as_deref(), Some("rfc822msgid:n1@example.org"));
}

#[tokio::test]
async fn a_draft_that_was_not_made_can_be_made_later() {
    let script = Script::acts([status(502), json(json!({}))]).await;
    let gmail = connect(&script, &[SCOPE_GMAIL_COMPOSE]).await.unwrap();
    let error = gmail.stage(&mail()).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert_eq!(paths(&script), ["/drafts", "/drafts"]);
}

/// field.md §0.5: Google has the body before an answer is lost.
#[tokio::test]
async fn without_drafts_a_lost_answer_is_never_a_second_mail() {
    for act in [Act::Drop, status(500), status(502), status(504), Act::Hang] {
        let script = Script::acts([act.clone(), json(json!({"id": "m1"}))]).await;
        let client = match act {
            Act::Hang => impatient_client(),
            _ => quick_client(),
        };
        let gmail = connect_with(&client, &script, &[SCOPE_GMAIL_SEND])
            .await
            .unwrap();
        assert_eq!(gmail.promise(), Promise::AtMostOnce);
        assert_eq!(gmail.stage(&mail()).await.unwrap(), None);
        let error = gmail.send(&mail(), None).await.unwrap_err();
        assert!(matches!(error, Error::Ambiguous { .. }), "{act:?}: {error}");
        assert!(!error.is_transient());
        assert_eq!(paths(&script), ["/messages/send"], "{act:?}");
    }
}

#[tokio::test]
async fn without_drafts_a_refused_mail_is_sent_again() {
    let refusals = [status(429), refusal(403, "rateLimitExceeded"), status(503)];
    let script = Script::acts(refusals.into_iter().chain([json(json!({"id": "m1"}))])).await;
    let gmail = connect(&script, &[SCOPE_GMAIL_SEND]).await.unwrap();
    assert_eq!(gmail.send(&mail(), None).await.unwrap(), MailId::new("m1"));
    assert_eq!(script.count(), 4);
}

#[tokio::test]
async fn the_scopes_are_asked_for_where_the_file_has_none() {
    let info =
        json(json!({"scope": format!("openid {SCOPE_GMAIL_COMPOSE}"), "email": "do@example.org"}));
    let script = Script::acts([info]).await;
    let gmail = connect(&script, &[]).await.unwrap();
    assert_eq!(gmail.promise(), Promise::ExactlyOnce);
    let [request] = &script.seen()[..] else {
        panic!()
    };
    assert_eq!(
        (request.target.as_str(), request.text().as_str()),
        ("/tokeninfo", "access_token=ya29.t")
    );
}

#[tokio::test]
async fn a_token_that_cannot_send_is_refused_at_once() {
    let script = Script::acts([status(500)]).await;
    let error = connect(&script, &["https://www.googleapis.com/auth/drive"])
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("cannot send mail: run `syft-notify init`"),
        "{error}"
    );
}

#[track_caller]
fn check_identity(found: Result<Identity>, expected: Result<Identity, &str>) {
    let found = found.map_err(|error| error.to_string());
    match (found, expected) {
        (Err(found), Err(expected)) => assert!(found.contains(expected), "{found}"),
        (found, expected) => assert_eq!(found, expected.map_err(str::to_owned)),
    }
}

#[tokio::test]
async fn the_account_is_checked_as_far_as_it_can_be_seen() {
    let (me, other) = (
        "DO@example.org".parse().unwrap(),
        "x@example.org".parse().unwrap(),
    );
    let script = Script::acts([json(json!({"emailAddress": "do@example.org"}))]).await;
    let gmail = connect(&script, &[SCOPE_GMAIL_COMPOSE]).await.unwrap();
    check_identity(gmail.check_account(&me).await, Ok(Identity::Verified));
    let wrong = Err(
        "gmail_token.json is not authorised: it belongs to do@example.org, not to x@example.org",
    );
    check_identity(gmail.check_account(&other).await, wrong);

    let script = Script::acts([
        json(json!({"scope": SCOPE_GMAIL_SEND})),
        json(json!({"scope": SCOPE_GMAIL_SEND, "email": "do@example.org"})),
    ])
    .await;
    let gmail = connect(&script, &[SCOPE_GMAIL_SEND]).await.unwrap();
    check_identity(gmail.check_account(&other).await, Ok(Identity::Unverified));
    check_identity(gmail.check_account(&other).await, wrong);
    check_identity(gmail.check_account(&me).await, Ok(Identity::Verified));
}
