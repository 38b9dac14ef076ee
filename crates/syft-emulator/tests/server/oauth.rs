//! The consent page and the token endpoints.

use std::time::Duration;

use reqwest::{Response, header::LOCATION};
use serde_json::Value;
use syft_emulator::{Emulator, scopes};
use url::Url;

use crate::{DO, about, client, emulator, text};

const REDIRECT: &str = "http://127.0.0.1:43210/";
/// The pair of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn request(redirect_uri: &str) -> Vec<(&str, &str)> {
    vec![
        ("client_id", "test-client"),
        ("redirect_uri", redirect_uri),
        ("response_type", "code"),
        (
            "scope",
            "https://www.googleapis.com/auth/drive https://www.googleapis.com/auth/gmail.send",
        ),
        ("state", "a b&c"),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

/// Opens the page and returns its ticket.
async fn ticket(emulator: &Emulator, request: &[(&str, &str)]) -> String {
    let url = format!("{}/o/oauth2/auth", emulator.url());
    let response = client().get(url).query(request).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let page = response.text().await.unwrap();
    let start = page.split_once("name=\"ticket\" value=\"").unwrap().1;
    start.split_once('"').unwrap().0.to_owned()
}

async fn press(emulator: &Emulator, form: &[(&str, &str)]) -> Response {
    let url = format!("{}/o/oauth2/consent", emulator.url());
    client().post(url).form(form).send().await.unwrap()
}

/// Clicks through the page and returns the parameters of the redirect.
async fn consent(
    emulator: &Emulator,
    request: &[(&str, &str)],
    allowed: &[&str],
) -> Vec<(String, String)> {
    let ticket = ticket(emulator, request).await;
    let mut form = vec![
        ("ticket", &*ticket),
        ("account", ""),
        ("email", DO),
        ("decision", "allow"),
    ];
    form.extend(allowed.iter().map(|scope| ("scope", *scope)));
    let response = press(emulator, &form).await;
    assert_eq!(response.status(), 303);
    let location = response.headers()[LOCATION].to_str().unwrap();
    assert!(location.starts_with(REDIRECT), "{location}");
    Url::parse(location)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

fn named<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| &**value)
}

async fn post_token(emulator: &Emulator, form: &[(&str, &str)]) -> (u16, Value) {
    let url = format!("{}/token", emulator.url());
    let response = client().post(url).form(form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn exchange<'a>(code: &'a str, verifier: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("client_id", "test-client"),
        ("client_secret", "s3cret"),
        ("code_verifier", verifier),
    ]
}

async fn refresh(emulator: &Emulator, token: &Value, scope: Option<&str>) -> (u16, Value) {
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", text(token, "refresh_token")),
        ("client_id", text(token, "client_id")),
        ("client_secret", text(token, "client_secret")),
    ];
    form.extend(scope.map(|scope| ("scope", scope)));
    post_token(emulator, &form).await
}

#[tokio::test]
async fn a_user_clicks_through_the_page() {
    let emulator = emulator().await;
    let pairs = consent(
        &emulator,
        &request(REDIRECT),
        &[scopes::DRIVE, scopes::GMAIL_SEND],
    )
    .await;
    assert_eq!(named(&pairs, "state"), Some("a b&c"));
    let code = named(&pairs, "code").unwrap();

    let (status, token) = post_token(&emulator, &exchange(code, VERIFIER)).await;
    assert_eq!(status, 200, "{token}");
    assert_eq!(token["expires_in"], 3599);
    assert_eq!(token["token_type"], "Bearer");
    assert!(token["refresh_token"].is_string());
    let (status, body) = about(emulator.url(), text(&token, "access_token")).await;
    assert_eq!((status, text(&body["user"], "emailAddress")), (200, DO));

    // A code works once.
    let (status, again) = post_token(&emulator, &exchange(code, VERIFIER)).await;
    assert_eq!((status, text(&again, "error")), (400, "invalid_grant"));
}

#[tokio::test]
async fn a_user_may_allow_a_part_or_nothing() {
    let emulator = emulator().await;
    let pairs = consent(&emulator, &request(REDIRECT), &[scopes::GMAIL_SEND]).await;
    assert_eq!(named(&pairs, "scope"), Some(scopes::GMAIL_SEND));

    let ticket = ticket(&emulator, &request(REDIRECT)).await;
    let response = press(&emulator, &[("ticket", &ticket), ("decision", "deny")]).await;
    let location = response.headers()[LOCATION].to_str().unwrap();
    assert!(
        location.contains("error=access_denied") && location.contains("state="),
        "{location}"
    );

    // A ticket works once, and none can be guessed.
    let response = press(&emulator, &[("ticket", &ticket), ("decision", "deny")]).await;
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn a_page_shows_the_code_where_no_port_waits() {
    let emulator = emulator().await;
    for redirect in ["http://localhost:1", "urn:ietf:wg:oauth:2.0:oob"] {
        let ticket = ticket(&emulator, &request(redirect)).await;
        let form = [
            ("ticket", &*ticket),
            ("email", DO),
            ("scope", scopes::DRIVE),
            ("decision", "allow"),
        ];
        let page = press(&emulator, &form).await.text().await.unwrap();
        assert!(page.contains("id=\"code\">4/0"), "{page}");
    }
}

#[tokio::test]
async fn wrong_requests_get_no_page() {
    let emulator = emulator().await;
    for (name, value) in [
        ("redirect_uri", "https://evil.example/"),
        ("response_type", "token"),
        ("scope", ""),
        ("code_challenge_method", "S512"),
    ] {
        let mut request = request(REDIRECT);
        request.retain(|(key, _)| *key != name);
        request.push((name, value));
        let url = format!("{}/o/oauth2/v2/auth", emulator.url());
        let response = client().get(url).query(&request).send().await.unwrap();
        assert_eq!(response.status(), 400, "{name}");
        assert!(!response.text().await.unwrap().contains("ticket"), "{name}");
    }
}

#[tokio::test]
async fn a_code_needs_its_verifier_and_its_redirect_and_lives_ten_minutes() {
    let emulator = emulator().await;
    let code = async || {
        let pairs = consent(&emulator, &request(REDIRECT), &[scopes::DRIVE]).await;
        named(&pairs, "code").unwrap().to_owned()
    };
    let (status, body) = post_token(&emulator, &exchange(&code().await, "wrong")).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));

    let elsewhere = code().await;
    let mut form = exchange(&elsewhere, VERIFIER);
    form[2].1 = "http://127.0.0.1:1111/";
    let (status, body) = post_token(&emulator, &form).await;
    assert_eq!(
        (status, text(&body, "error")),
        (400, "redirect_uri_mismatch")
    );

    let late = code().await;
    emulator.advance(Duration::from_secs(601));
    let (status, body) = post_token(&emulator, &exchange(&late, VERIFIER)).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));
}

#[tokio::test]
async fn only_a_first_or_renewed_consent_yields_a_refresh_token() {
    let emulator = emulator().await;
    let mut silent = request(REDIRECT);
    silent.retain(|(name, _)| *name != "prompt");
    let mut seen = Vec::new();
    for request in [&silent, &silent, &request(REDIRECT)] {
        let pairs = consent(&emulator, request, &[scopes::DRIVE]).await;
        let code = named(&pairs, "code").unwrap();
        let (_, token) = post_token(&emulator, &exchange(code, VERIFIER)).await;
        seen.push(token["refresh_token"].is_string());
    }
    assert_eq!(seen, [true, false, true]);
}

#[tokio::test]
async fn a_refresh_keeps_the_scopes_and_the_refresh_token() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::DRIVE, scopes::GMAIL_SEND]);
    emulator.advance(Duration::from_secs(3601));
    assert_eq!(about(emulator.url(), text(&token, "token")).await.0, 401);

    let (status, fresh) = refresh(&emulator, &token, None).await;
    assert_eq!(status, 200, "{fresh}");
    assert_eq!(
        text(&fresh, "scope"),
        format!("{} {}", scopes::DRIVE, scopes::GMAIL_SEND)
    );
    assert!(fresh.get("refresh_token").is_none());
    assert_eq!(
        about(emulator.url(), text(&fresh, "access_token")).await.0,
        200
    );
}

#[tokio::test]
async fn t28_a_refresh_cannot_widen_the_scopes() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::GMAIL_SEND]);
    let (status, body) = refresh(&emulator, &token, Some(scopes::GMAIL_MODIFY)).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_scope"));

    let both = emulator.token(DO, &[scopes::DRIVE, scopes::GMAIL_SEND]);
    let (status, narrow) = refresh(&emulator, &both, Some(scopes::GMAIL_SEND)).await;
    assert_eq!((status, text(&narrow, "scope")), (200, scopes::GMAIL_SEND));
    let (status, body) = about(emulator.url(), text(&narrow, "access_token")).await;
    assert_eq!(status, 403);
    assert_eq!(
        body["error"]["details"][0]["reason"],
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    );
}

#[tokio::test]
async fn revoked_tokens_are_refused() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::DRIVE]);
    let url = format!("{}/revoke", emulator.url());
    let revoke = async || {
        let form = [("token", text(&token, "token"))];
        client()
            .post(&url)
            .form(&form)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!((revoke().await, revoke().await), (200, 400));
    assert_eq!(about(emulator.url(), text(&token, "token")).await.0, 401);
    let (status, body) = refresh(&emulator, &token, None).await;
    assert_eq!((status, text(&body, "error")), (400, "invalid_grant"));

    let other = emulator.token(DO, &[scopes::DRIVE]);
    emulator.revoke("DO@example.org");
    assert_eq!(refresh(&emulator, &other, None).await.0, 400);
}

#[tokio::test]
async fn a_client_keeps_its_secret() {
    let emulator = emulator().await;
    let mut token = emulator.token(DO, &[scopes::DRIVE]);
    token["client_secret"] = "another".into();
    let (status, body) = refresh(&emulator, &token, None).await;
    assert_eq!((status, text(&body, "error")), (401, "invalid_client"));

    let good = emulator.token(DO, &[scopes::DRIVE]);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&good, "refresh_token")),
    ];
    let response = client()
        .post(format!("{}/token", emulator.url()))
        .basic_auth(text(&good, "client_id"), Some(text(&good, "client_secret")))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_token_tells_whose_it_is() {
    let emulator = emulator().await;
    let get = async |path: &str, token: &str| -> (u16, Value) {
        let url = format!("{}{path}?access_token={token}", emulator.url());
        let response = client().get(url).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let drive = emulator.token(DO, &[scopes::DRIVE]);
    let (status, info) = get("/tokeninfo", text(&drive, "token")).await;
    assert_eq!((status, text(&info, "scope")), (200, scopes::DRIVE));
    assert!(info["expires_in"].is_string());
    // As at Google, the address shows only to those who asked for it.
    assert!(info.get("email").is_none());
    assert_eq!(
        get("/oauth2/v2/userinfo", text(&drive, "token")).await.0,
        403
    );
    assert_eq!(get("/tokeninfo", "made-up").await.0, 400);

    let known = emulator.token(DO, &["https://www.googleapis.com/auth/userinfo.email"]);
    let (_, info) = get("/oauth2/v2/tokeninfo", text(&known, "token")).await;
    assert_eq!(text(&info, "email"), DO);
    for path in ["/oauth2/v2/userinfo", "/oauth2/v3/userinfo", "/v1/userinfo"] {
        let (status, info) = get(path, text(&known, "token")).await;
        assert_eq!((status, text(&info, "email")), (200, DO), "{path}");
    }
}

#[tokio::test]
async fn answers_have_only_the_fields_that_google_describes() {
    let table = include_str!("../../fixtures/discovery/oauth2.v2.json");
    let table: Value = serde_json::from_str(table).unwrap();
    let emulator = emulator().await;
    let token = emulator.token(DO, &["https://www.googleapis.com/auth/userinfo.email"]);
    for (path, schema) in [("tokeninfo", "Tokeninfo"), ("userinfo", "Userinfo")] {
        let base = emulator.url();
        let url = format!(
            "{base}/oauth2/v2/{path}?access_token={}",
            text(&token, "token")
        );
        let answer: Value = client()
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        let known = table["schemas"][schema].as_object().unwrap();
        for name in answer.as_object().unwrap().keys() {
            assert!(known.contains_key(name), "{name} in {schema}");
        }
        assert_eq!(text(&answer, "email"), DO);
        let url = format!(
            "{base}/oauth2/v2/{path}?acces_token={}",
            text(&token, "token")
        );
        let typo = client().get(url).bearer_auth(text(&token, "token"));
        assert_eq!(typo.send().await.unwrap().status(), 400, "{path}");
    }
}

#[tokio::test]
async fn a_token_file_has_googles_form() {
    let emulator = emulator().await;
    let token = emulator.token("Do@Example.org", &[scopes::DRIVE]);
    let keys: Vec<&String> = token.as_object().unwrap().keys().collect();
    let expected = [
        "token",
        "refresh_token",
        "token_uri",
        "client_id",
        "client_secret",
        "scopes",
        "universe_domain",
        "account",
        "expiry",
    ];
    assert_eq!(keys, expected);
    let expiry = text(&token, "expiry");
    let form = "0000-00-00T00:00:00.000000Z";
    let digits: String = expiry
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(digits, form);
    assert_eq!(token["scopes"], serde_json::json!([scopes::DRIVE]));
}

#[tokio::test]
async fn the_page_does_not_trust_its_input() {
    let emulator = emulator().await;
    let mut request = request(REDIRECT);
    request[0].1 = "<script>alert(1)</script>";
    request.push(("login_hint", "\"><img@x.org"));
    let url = format!("{}/o/oauth2/auth", emulator.url());
    let response = client().get(url).query(&request).send().await.unwrap();
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let page = response.text().await.unwrap();
    assert!(
        !page.contains("<script>") && !page.contains("<img"),
        "{page}"
    );
}
