use std::{collections::HashMap, io::Write as _};

use super::*;
use crate::{
    google::{SCOPE_DRIVE, SCOPE_GMAIL_COMPOSE, Tokens},
    http::script::{Act, Script, json, quick_client, status},
};

fn oauth_client() -> OAuthClient {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(br#"{"installed":{"client_id":"id","client_secret":"s3cret"}}"#)
        .unwrap();
    OAuthClient::read(file.path()).unwrap()
}

fn granted(scope: &str) -> serde_json::Value {
    serde_json::json!({
        "access_token": "ya29.t", "refresh_token": "1//r", "expires_in": 3599,
        "scope": scope, "token_type": "Bearer",
    })
}

fn params(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

fn form(body: &[u8]) -> HashMap<String, String> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

fn s256(verifier: &str) -> String {
    let verifier = PkceCodeVerifier::new(verifier.to_owned());
    PkceCodeChallenge::from_code_verifier_sha256(&verifier)
        .as_str()
        .to_owned()
}

#[tokio::test]
async fn a_consent_in_the_browser_becomes_a_token_file() {
    let script = Script::acts([json(granted(SCOPE_DRIVE))]).await;
    let endpoints = Endpoints::at(&script.url).unwrap();
    let account: Email = "o'brien@example.org".parse().unwrap();
    let consent = Authorization::begin(&oauth_client(), &endpoints, &[SCOPE_DRIVE], Some(&account))
        .await
        .unwrap();
    let asked = params(consent.url());
    assert_eq!(consent.url().path(), "/o/oauth2/auth");
    assert_eq!(asked["access_type"], "offline");
    assert_eq!(asked["prompt"], "consent");
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["scope"], SCOPE_DRIVE);
    assert_eq!(asked["login_hint"], "o'brien@example.org");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert!(
        asked["redirect_uri"].starts_with("http://127.0.0.1:"),
        "{asked:?}"
    );

    let client = quick_client();
    let back = format!(
        "{}?state={}&code=4/c",
        asked["redirect_uri"], asked["state"]
    );
    let browser = reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(
            rustls::ClientConfig::builder_with_provider(
                rustls::crypto::ring::default_provider().into(),
            )
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
        );
    let browser = browser.build().unwrap().get(back).send();
    let (grant, page) = tokio::join!(consent.wait(&client, Duration::from_secs(20)), browser);
    assert_eq!(page.unwrap().status(), 200);

    let [request] = &script.seen()[..] else {
        panic!()
    };
    let sent = form(&request.body);
    assert_eq!(sent["code"], "4/c");
    assert_eq!(sent["grant_type"], "authorization_code");
    assert_eq!(sent["redirect_uri"], asked["redirect_uri"]);
    assert_eq!(sent["client_secret"], "s3cret");
    assert_eq!(s256(&sent["code_verifier"]), asked["code_challenge"]);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.json");
    let grant = grant.unwrap();
    grant.save(&path).unwrap();
    let tokens = Tokens::open(&client, &endpoints, &path).unwrap();
    assert_eq!(tokens.scopes(), [SCOPE_DRIVE]);
    tokens.bearer(None).await.unwrap();
    assert_eq!(script.count(), 1);
    let shown = format!("{consent:?} {grant:?} {tokens:?}");
    for secret in ["ya29", "1//r", "s3cret", &sent["code_verifier"]] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

async fn redeem(script: &Script, scopes: &[&str], pasted: &str) -> Result<Grant> {
    let endpoints = Endpoints::at(&script.url).unwrap();
    let consent = Authorization::paste(&oauth_client(), &endpoints, scopes, None);
    let asked = params(consent.url());
    assert_eq!(asked["redirect_uri"], "http://localhost:1");
    consent
        .redeem(&quick_client(), &pasted.replace("STATE", &asked["state"]))
        .await
}

#[tokio::test]
async fn what_a_person_pastes_is_redeemed() {
    let script = Script::acts([json(granted(SCOPE_DRIVE))]).await;
    for pasted in ["4/c", "http://localhost:1/?state=STATE&code=4/c"] {
        let grant = redeem(&script, &[SCOPE_DRIVE], pasted).await.unwrap();
        assert_eq!(grant.scopes(), [SCOPE_DRIVE]);
    }
    assert_eq!(
        form(&script.seen()[1].body)["redirect_uri"],
        "http://localhost:1"
    );
    redeem(
        &script,
        &[SCOPE_DRIVE],
        "http://localhost:1/?state=x&code=4/c",
    )
    .await
    .unwrap_err();
    assert_eq!(script.count(), 2);
}

#[track_caller]
fn check_refused(act: Act, expected: &str) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(async {
        let script = Script::acts([act]).await;
        let asked = [SCOPE_DRIVE, SCOPE_GMAIL_COMPOSE];
        let error = redeem(&script, &asked, "4/c")
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(script.count(), 1);
    });
}

#[test]
fn what_is_no_full_grant_is_explained() {
    check_refused(
        json(granted(SCOPE_DRIVE)),
        "not every box was ticked; missing: https://www.googleapis.com/auth/gmail.compose",
    );
    let mut lasting = granted(&format!("{SCOPE_DRIVE} {SCOPE_GMAIL_COMPOSE}"));
    lasting.as_object_mut().unwrap().remove("refresh_token");
    check_refused(json(lasting), "no lasting token");
    let invalid = br#"{"error":"invalid_grant"}"#.to_vec();
    check_refused(
        Act::Answer(400, Vec::new(), invalid),
        "the code was rejected: it was used before",
    );
    let invalid = br#"{"error":"invalid_client"}"#.to_vec();
    check_refused(Act::Answer(401, Vec::new(), invalid), "credentials.json");
    // A code cannot be used twice.
    check_refused(status(500), "oauth2.token is not available now");
}
