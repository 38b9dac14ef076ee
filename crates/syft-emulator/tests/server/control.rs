//! The control API and the front page.

use serde_json::{Value, json};
use syft_emulator::scopes;

use crate::{DO, about, client, emulator, text};

#[tokio::test]
async fn tokens_can_be_made_and_their_refresh_can_end() {
    let emulator = emulator().await;
    let url = format!("{}/emulator/tokens", emulator.url());
    let wanted = json!({ "email": DO, "scopes": [scopes::DRIVE], "refresh_expires_in": 60 });
    let made = client().post(&url).json(&wanted).send().await.unwrap();
    let token: Value = made.json().await.unwrap();
    assert_eq!(about(emulator.url(), text(&token, "token")).await.0, 200);

    let clock = format!("{}/emulator/clock", emulator.url());
    let step = json!({ "advance_seconds": 61 });
    assert_eq!(
        client()
            .post(&clock)
            .json(&step)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&token, "refresh_token")),
        ("client_id", text(&token, "client_id")),
        ("client_secret", text(&token, "client_secret")),
    ];
    let refresh = client()
        .post(format!("{}/token", emulator.url()))
        .form(&form);
    let body: Value = refresh.send().await.unwrap().json().await.unwrap();
    assert_eq!(text(&body, "error"), "invalid_grant");
}

#[tokio::test]
async fn mistakes_are_named() {
    let emulator = emulator().await;
    let post = async |path: &str, body: Value| -> (u16, String) {
        let url = format!("{}/emulator/{path}", emulator.url());
        let response = client().post(url).json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            text(&response.json::<Value>().await.unwrap()["error"], "message").to_owned(),
        )
    };
    for (path, body, word) in [
        (
            "tokens",
            json!({ "email": "nobody", "scopes": ["x"] }),
            "e-mail",
        ),
        ("tokens", json!({ "email": DO, "scopes": [] }), "scope"),
        (
            "tokens",
            json!({ "email": DO, "scopes": ["x"], "scoped": 1 }),
            "scoped",
        ),
        ("faults", json!({ "effect": "drop_befor" }), "drop_befor"),
        (
            "faults",
            json!({ "effect": "truncate", "probability": 2 }),
            "probability",
        ),
        (
            "faults",
            json!({ "effect": { "status": { "code": 200 } } }),
            "code",
        ),
        (
            "clock",
            json!({ "advance_seconds": u64::MAX }),
            "advance_seconds",
        ),
    ] {
        let (status, message) = post(path, body).await;
        assert_eq!(status, 400, "{message}");
        assert!(message.contains(word), "{word} in {message}");
    }
    let url = format!("{}/emulator/requests?limt=1", emulator.url());
    assert_eq!(client().get(url).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_foreign_page_cannot_use_it_from_the_browser() {
    let emulator = emulator().await;
    let url = format!("{}/emulator/tokens", emulator.url());
    let body = json!({ "email": DO, "scopes": ["x"] }).to_string();
    let request = client()
        .post(url)
        .header("content-type", "text/plain")
        .body(body);
    assert_eq!(request.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn requests_are_on_record_without_their_tokens() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::DRIVE]);
    let secret = text(&token, "token");
    let url = format!(
        "{}/drive/v3/about?fields=user&access_token={secret}",
        emulator.url()
    );
    client().get(url).send().await.unwrap();
    let log = emulator.requests();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].api, log[0].status), ("drive.about.get", 200));
    assert_eq!(log[0].account.as_deref(), Some(DO));
    assert!(!log[0].query.contains(secret), "{}", log[0].query);
    assert_eq!(emulator.request_counts()["drive.about.get"], 1);
    emulator.reset_requests();
    assert!(emulator.request_counts().is_empty());
}

#[tokio::test]
async fn the_front_page_lists_accounts_and_requests() {
    let emulator = emulator().await;
    let token = emulator.token("o'neil+x@example.org", &[scopes::DRIVE]);
    about(emulator.url(), text(&token, "token")).await;
    let page = client()
        .get(emulator.url())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("o&#39;neil+x@example.org"));
    assert!(page.contains("drive.about.get"));
    // The link leads to a mailbox.
    let link = page
        .split_once("href=\"/mailbox/")
        .unwrap()
        .1
        .split_once('"')
        .unwrap()
        .0;
    let url = format!("{}/mailbox/{link}", emulator.url());
    assert_eq!(client().get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn unknown_paths_answer_in_googles_shape() {
    let emulator = emulator().await;
    let url = format!("{}/drive/v9/files", emulator.url());
    let response = client().get(url).send().await.unwrap();
    assert_eq!(response.status(), 404);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["errors"][0]["reason"], "notFound");
}
