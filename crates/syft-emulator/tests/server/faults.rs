//! Faults, as a client feels them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use syft_emulator::{Effect, Emulator, Fault, scopes};

use crate::{DO, about, client, emulator, text};

const SEND: &str = "gmail.users.messages.send";
/// `From: a@b.org, To: do@example.org, Subject: hi` and a body, in base64url.
const RAW: &str =
    "RnJvbTogZG9AZXhhbXBsZS5vcmcNClRvOiBkb0BleGFtcGxlLm9yZw0KU3ViamVjdDogaGkNCg0KYm9keQ0K";

async fn send(emulator: &Emulator, token: &Value) -> Result<u16, reqwest::Error> {
    let url = format!("{}/gmail/v1/users/me/messages/send", emulator.url());
    let request = client()
        .post(url)
        .bearer_auth(text(token, "token"))
        .json(&json!({ "raw": RAW }));
    let response = request.send().await?;
    let status = response.status().as_u16();
    response.bytes().await.map(|_| status)
}

#[tokio::test]
async fn a_status_with_its_reason_and_retry_after() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::DRIVE]);
    let effect = Effect::Status {
        code: 403,
        reason: Some("userRateLimitExceeded".into()),
        retry_after: Some(7),
    };
    emulator.inject(Fault::new(effect).api("drive.*").times(1));
    let url = format!("{}/drive/v3/about?fields=user", emulator.url());
    let response = client()
        .get(&url)
        .bearer_auth(text(&token, "token"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 403);
    assert_eq!(response.headers()["retry-after"], "7");
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        body["error"]["errors"][0]["reason"],
        "userRateLimitExceeded"
    );
    assert_eq!(body["error"]["errors"][0]["domain"], "usageLimits");
    assert_eq!(about(emulator.url(), text(&token, "token")).await.0, 200);
    assert_eq!(emulator.faults()[0].acted, 1);
}

#[tokio::test]
async fn dropped_before_or_after_the_deed() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::GMAIL_SEND]);
    emulator.inject(Fault::new(Effect::DropBefore).api(SEND).times(1));
    assert!(send(&emulator, &token).await.is_err());
    assert_eq!(emulator.inbox(DO).len(), 0);

    emulator.inject(Fault::new(Effect::DropAfter).api(SEND).times(1));
    assert!(send(&emulator, &token).await.is_err());
    assert_eq!(emulator.inbox(DO).len(), 1);
    assert_eq!(emulator.inbox(DO)[0].subject, "hi");

    let log = emulator.requests();
    let seen: Vec<_> = log
        .iter()
        .map(|request| (request.status, request.fault))
        .collect();
    assert_eq!(seen, [(0, Some("drop_before")), (0, Some("drop_after"))]);
}

#[tokio::test]
async fn a_body_that_ends_too_early() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::GMAIL_SEND]);
    emulator.inject(Fault::new(Effect::Truncate).api(SEND));
    let error = send(&emulator, &token).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    assert_eq!(emulator.inbox(DO).len(), 1);
}

#[tokio::test]
async fn garbage_latency_and_expired_cursors() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::DRIVE]);
    emulator.inject(Fault::new(Effect::Garbage).times(1));
    emulator.inject(Fault::new(Effect::Latency { millis: 30 }).times(1));
    emulator.inject(Fault::new(Effect::ExpiredCursor).api("drive.changes.list"));
    let get = async |path: &str| {
        let url = format!("{}{path}", emulator.url());
        client()
            .get(url)
            .bearer_auth(text(&token, "token"))
            .send()
            .await
            .unwrap()
    };
    let garbage = get("/drive/v3/about?fields=user").await;
    assert_eq!(garbage.status(), 200);
    assert!(garbage.json::<Value>().await.is_err());
    let before = Instant::now();
    assert_eq!(get("/drive/v3/about?fields=user").await.status(), 200);
    assert!(before.elapsed() >= Duration::from_millis(30));
    assert_eq!(get("/drive/v3/changes?pageToken=1").await.status(), 410);
}

#[tokio::test]
async fn a_file_is_missed_by_lists_and_made_without_parents() {
    let emulator = emulator().await;
    let token = emulator.token(DO, &[scopes::DRIVE]);
    let bearer = text(&token, "token");
    emulator.inject(
        Fault::new(Effect::IndexLag {
            millis: 0,
            lists: 2,
        })
        .times(1),
    );
    let files = format!("{}/drive/v3/files", emulator.url());
    let create = async |body: Value| -> Value {
        let request = client().post(&files).bearer_auth(bearer).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let lagging = create(json!({ "name": "late" })).await;
    let count = async || {
        let request = client()
            .get(&files)
            .bearer_auth(bearer)
            .query(&[("q", "name='late'")]);
        let list: Value = request.send().await.unwrap().json().await.unwrap();
        list["files"].as_array().unwrap().len()
    };
    assert_eq!([count().await, count().await, count().await], [0, 0, 1]);
    let url = format!("{files}/{}", text(&lagging, "id"));
    assert_eq!(
        client()
            .get(url)
            .bearer_auth(bearer)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );

    let folder = create(json!({ "name": "f", "mimeType": "application/vnd.google-apps.folder" }));
    let folder = folder.await;
    emulator.inject(
        Fault::new(Effect::DropParents)
            .api("drive.files.create")
            .times(1),
    );
    let lost = create(json!({ "name": "lost", "parents": [text(&folder, "id")] })).await;
    let inside = format!("'{}' in parents", text(&folder, "id"));
    let request = client()
        .get(&files)
        .bearer_auth(bearer)
        .query(&[("q", &inside)]);
    let list: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(list["files"], json!([]), "{lost}");
}

#[tokio::test]
async fn the_control_api_stays_whole() {
    let emulator = emulator().await;
    emulator.inject(Fault::new(Effect::DropBefore));
    let url = format!("{}/emulator/faults", emulator.url());
    let list: Value = client()
        .get(&url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(list["faults"][0]["effect"], "drop_before");
    assert_eq!(client().delete(&url).send().await.unwrap().status(), 204);
    assert!(emulator.faults().is_empty());
}
