use std::io::Write as _;

use super::*;
use crate::http::script::{Act, Script, json, quick_client, refusal, status};

/// Writes a token file whose token ends in `seconds` from now.
fn token_file(folder: &Path, token: &str, seconds: i64) -> PathBuf {
    let path = folder.join("token.json");
    let expiry = Timestamp::from_seconds(now().as_seconds() + seconds);
    let text = serde_json::json!({
        "token": token, "refresh_token": "1//refresh", "client_id": "id",
        "client_secret": "s3cret", "scopes": ["a"], "token_uri": "https://evil.example/",
        "expiry": expiry.to_string(),
    });
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(text.to_string().as_bytes()).unwrap();
    path
}

fn open(script: &Script, file: &Path) -> Arc<Tokens> {
    Tokens::open(&quick_client(), &Endpoints::at(&script.url).unwrap(), file).unwrap()
}

fn granted(token: &str) -> Act {
    json(serde_json::json!({
        "access_token": token, "expires_in": 3599, "scope": "a", "token_type": "Bearer",
    }))
}

async fn token(tokens: &Tokens, rejected: Option<&Bearer>) -> String {
    let bearer = tokens.bearer(rejected).await.unwrap();
    bearer.token().expose_secret().to_owned()
}

#[tokio::test]
async fn a_good_token_is_used_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::acts([granted("new")]).await;
    let tokens = open(&script, &token_file(folder.path(), "old", 600));
    assert_eq!(token(&tokens, None).await, "old");
    assert_eq!(script.count(), 0);
}

/// T28: a scope would narrow a token that other programs use too.
#[tokio::test]
async fn a_token_is_refreshed_before_it_ends_without_a_scope() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::acts([granted("new")]).await;
    let path = token_file(folder.path(), "old", 220);
    assert_eq!(token(&open(&script, &path), None).await, "new");
    let [request] = &script.seen()[..] else {
        panic!("{:?}", script.seen())
    };
    assert_eq!(
        (request.method.as_str(), request.path()),
        ("POST", "/token")
    );
    let mut form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect();
    form.sort();
    let expected = [
        ("client_id", "id"),
        ("client_secret", "s3cret"),
        ("grant_type", "refresh_token"),
        ("refresh_token", "1//refresh"),
    ];
    assert_eq!(
        form,
        expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
    );

    let stored = token_file::read(&path).unwrap();
    assert_eq!(stored.access_token.unwrap().expose_secret(), "new");
    assert_eq!(stored.refresh_token.expose_secret(), "1//refresh");
    assert_eq!(stored.scopes, ["a"]);
    assert!(stored.expiry.unwrap() > now().after(Duration::from_secs(3500)));
}

#[tokio::test]
async fn all_users_of_a_file_wait_for_one_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::acts([granted("new")]).await;
    let tokens = open(&script, &token_file(folder.path(), "old", -10));
    let all = futures_util::future::join_all((0..20).map(|_| token(&tokens, None))).await;
    assert!(all.iter().all(|token| token == "new"));
    assert_eq!(script.count(), 1);
}

#[tokio::test]
async fn the_refresh_of_another_process_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::acts([granted("new")]).await;
    let tokens = open(&script, &token_file(folder.path(), "old", -10));
    token_file(folder.path(), "theirs", 3000);
    assert_eq!(token(&tokens, None).await, "theirs");
    assert_eq!(script.count(), 0);
}

#[tokio::test]
async fn a_rejected_token_is_replaced_though_it_seems_good() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::acts([granted("new")]).await;
    let tokens = open(&script, &token_file(folder.path(), "old", 3000));
    let old = tokens.bearer(None).await.unwrap();
    assert_eq!(token(&tokens, Some(&old)).await, "new");
    assert_eq!(token(&tokens, Some(&old)).await, "new");
    assert_eq!(script.count(), 1);
}

#[tokio::test]
async fn a_new_refresh_token_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let answer = serde_json::json!({
        "access_token": "new", "token_type": "Bearer", "refresh_token": "1//newer",
    });
    let script = Script::acts([json(answer)]).await;
    let path = token_file(folder.path(), "old", -10);
    assert_eq!(token(&open(&script, &path), None).await, "new");
    assert_eq!(
        token_file::read(&path)
            .unwrap()
            .refresh_token
            .expose_secret(),
        "1//newer"
    );
}

#[tokio::test]
async fn a_revoked_token_names_the_file_and_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let body = serde_json::json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."});
    let act = Act::Answer(400, Vec::new(), body.to_string().into_bytes());
    let script = Script::acts([act]).await;
    let path = token_file(folder.path(), "old", -10);
    let failure = open(&script, &path).bearer(None).await.unwrap_err();
    let Error::Unauthenticated { what, reason } = &failure.error else {
        panic!("{failure:?}")
    };
    assert_eq!(what, path.to_str().unwrap());
    for part in [
        "invalid_grant",
        "7 days",
        "6 months",
        "password",
        "syft-notify init",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    assert!(!failure.error.is_transient());
}

#[tokio::test]
async fn a_server_in_trouble_is_not_a_revoked_token() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::acts([
        status(503),
        refusal(429, "x"),
        Act::Drop,
        Act::Answer(200, Vec::new(), b"<html>".to_vec()),
        status(502),
    ])
    .await;
    let tokens = open(&script, &token_file(folder.path(), "old", -10));
    for _ in 0..5 {
        let failure = tokens.bearer(None).await.unwrap_err();
        assert!(failure.error.is_transient(), "{failure:?}");
    }
}

/// Nothing secret may appear in what ends up in logs.
#[tokio::test]
async fn secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::acts([Act::Answer(
        200,
        Vec::new(),
        br#"{"access_token":"ya29.new""#.to_vec(),
    )])
    .await;
    let tokens = open(&script, &token_file(folder.path(), "ya29.old", 3000));
    let old = tokens.bearer(None).await.unwrap();
    let failure = tokens.bearer(Some(&old)).await.unwrap_err();
    let shown = format!("{tokens:?} {old:?} {failure:?} {}", failure.error);
    for secret in ["ya29", "1//refresh", "s3cret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// Who only looks leaves the file alone, whose owner they may not be.
#[tokio::test]
async fn a_token_that_is_tried_out_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::acts([granted("new")]).await;
    let path = token_file(folder.path(), "old", 600);
    let before = std::fs::read(&path).unwrap();
    let endpoints = Endpoints::at(&script.url).unwrap();
    let tokens = Tokens::open_unsaved(&quick_client(), &endpoints, &path).unwrap();
    assert_eq!(token(&tokens, None).await, "old");
    tokens.renew().await.unwrap();
    assert_eq!(script.count(), 1);
    assert_eq!(token(&tokens, None).await, "new");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_replaced_refresh_token_is_saved_in_any_case() {
    let folder = tempfile::tempdir().unwrap();
    let answer = json(serde_json::json!({
        "access_token": "new", "expires_in": 3599, "token_type": "Bearer",
        "refresh_token": "1//other",
    }));
    let script = Script::acts([answer]).await;
    let path = token_file(folder.path(), "old", 600);
    let endpoints = Endpoints::at(&script.url).unwrap();
    let tokens = Tokens::open_unsaved(&quick_client(), &endpoints, &path).unwrap();
    tokens.renew().await.unwrap();
    let stored = token_file::read(&path).unwrap();
    assert_eq!(stored.refresh_token.expose_secret(), "1//other");
}

#[tokio::test]
async fn a_revoked_consent_shows_before_the_access_token_ends() {
    let folder = tempfile::tempdir().unwrap();
    let body = br#"{"error": "invalid_grant"}"#.to_vec();
    let script = Script::acts([Act::Answer(400, Vec::new(), body)]).await;
    let tokens = open(&script, &token_file(folder.path(), "old", 600));
    let error = tokens.renew().await.unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error:?}");
}
