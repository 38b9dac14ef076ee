//! `CONNECT`, as unmodified clients come in.

use reqwest::{Certificate, Client, Proxy};
use serde_json::json;
use syft_emulator::{Emulator, Error, Options, scopes};

use crate::{DO, builder, client, emulator, text};

fn through(emulator: &Emulator) -> Client {
    let certificate = Certificate::from_pem(emulator.ca_pem().as_bytes()).unwrap();
    builder()
        .proxy(Proxy::all(emulator.url()).unwrap())
        .tls_certs_only([certificate])
        .build()
        .unwrap()
}

#[tokio::test]
async fn googles_hosts_are_played_behind_the_proxy() {
    let emulator = emulator().await;
    let client = through(&emulator);
    let token = emulator.token(DO, &[scopes::DRIVE, scopes::GMAIL_MODIFY]);
    for url in [
        "https://www.googleapis.com/drive/v3/about?fields=user",
        "https://gmail.googleapis.com/gmail/v1/users/me/profile",
    ] {
        let response = client
            .get(url)
            .bearer_auth(text(&token, "token"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{url}");
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind, "application/json; charset=UTF-8");
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", text(&token, "refresh_token")),
        ("client_id", text(&token, "client_id")),
        ("client_secret", text(&token, "client_secret")),
    ];
    let url = "https://oauth2.googleapis.com/token";
    assert_eq!(
        client.post(url).form(&form).send().await.unwrap().status(),
        200
    );

    let hosts: Vec<String> = emulator
        .requests()
        .into_iter()
        .map(|request| request.host)
        .collect();
    assert_eq!(
        hosts,
        [
            "www.googleapis.com",
            "gmail.googleapis.com",
            "oauth2.googleapis.com"
        ]
    );
}

#[tokio::test]
async fn other_hosts_are_not_reached() {
    let emulator = emulator().await;
    let error = through(&emulator)
        .get("https://example.org/")
        .send()
        .await
        .unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert!(emulator.requests().is_empty());
}

#[tokio::test]
async fn a_client_without_our_certificate_gets_nothing() {
    let emulator = emulator().await;
    let other = Emulator::start(Options::default()).await.unwrap();
    let wrong = Certificate::from_pem(other.ca_pem().as_bytes()).unwrap();
    let proxy = Proxy::all(emulator.url()).unwrap();
    let client = builder()
        .proxy(proxy)
        .tls_certs_only([wrong])
        .build()
        .unwrap();
    assert!(
        client
            .get("https://www.googleapis.com/")
            .send()
            .await
            .is_err()
    );
    assert!(emulator.requests().is_empty());
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_refused() {
    let emulator = emulator().await;
    let request = client()
        .get(emulator.url())
        .header("host", "rebound.example");
    assert_eq!(request.send().await.unwrap().status(), 421);
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let address = "0.0.0.0:0".parse().unwrap();
    let options = Options {
        address,
        ..Options::default()
    };
    let error = Emulator::start(options).await.unwrap_err();
    assert!(matches!(error, Error::NotLoopback(_)), "{error}");
}

#[tokio::test]
async fn large_answers_are_packed_for_those_who_ask() {
    let emulator = emulator().await;
    for i in 0..60 {
        emulator.token(&format!("account-{i}@example.org"), &[scopes::DRIVE]);
    }
    let url = format!("{}/emulator/accounts", emulator.url());
    let plain = builder().no_gzip().build().unwrap();
    let packed = plain
        .get(&url)
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let packed = packed.bytes().await.unwrap().len();
    let whole = plain.get(&url).send().await.unwrap();
    assert!(!whole.headers().contains_key("content-encoding"));
    assert!(packed < whole.bytes().await.unwrap().len() / 2);
    let understood: serde_json::Value = client()
        .get(&url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(understood["accounts"][0], json!("account-0@example.org"));
}
