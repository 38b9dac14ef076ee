//! Answers that no PocketBase should give, and answers that are lost.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::time::Instant;

use super::*;
use crate::{
    Error,
    pocketbase::{Filter, List, is_record_id},
};

const THING: &str = "abcdefghij01234";

#[tokio::test]
async fn what_is_not_pocketbase_gets_no_password() {
    for (status, body) in [
        (200, "<html>Welcome to nginx!"),
        (404, "not here"),
        (200, "[]"),
        (403, ""),
    ] {
        let script = Script::acts([Act::Answer(status, Vec::new(), body.into())]).await;
        let error = client(&script).login().await.unwrap_err().to_string();
        assert!(
            error.ends_with("is not PocketBase; check the address") || status == 403,
            "{error}"
        );
        for seen in script.seen() {
            assert!(!seen.text().contains(SECRET), "{body}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let elsewhere = Script::acts([answer(200, &json!({}))]).await;
    let location = elsewhere.url.to_string();
    let script =
        server(move |_| Act::Answer(307, vec![("location", location.clone())], Vec::new())).await;
    let error = client(&script).get("things", THING).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a redirection, which is not followed"),
        "{error}"
    );
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn many_calls_at_once_log_in_once() {
    let script = server(|_| answer(200, &json!({"id": THING}))).await;
    let client = client(&script);
    let calls = (0..20).map(|_| client.get("things", THING));
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(logins(&script), 1);
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once_for_all() {
    let script = server(|seen| {
        let is_first = seen.header("authorization") == Some("token-1");
        match is_first {
            true => answer(401, &json!({"status": 401, "data": {}})),
            false => answer(200, &json!({"id": THING})),
        }
    })
    .await;
    let client = client(&script);
    let calls = (0..5).map(|_| client.get("things", THING));
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(logins(&script), 2);
}

#[tokio::test]
async fn a_server_that_refuses_every_token_is_not_asked_for_ever() {
    let script = server(|_| answer(401, &json!({"status": 401}))).await;
    let error = client(&script).get("things", THING).await.unwrap_err();
    assert!(matches!(error, Error::Unauthenticated { .. }), "{error}");
    assert_eq!(logins(&script), 2);
    let printed = format!("{error:?} {:?}", client(&script));
    assert!(
        !printed.contains("token-") && !printed.contains(SECRET),
        "{printed}"
    );
}

#[tokio::test]
async fn a_lost_answer_makes_nothing_twice() {
    let script = server(|seen| match seen.method.as_str() {
        "POST" => Act::Drop,
        _ => answer(200, &json!({"id": THING})),
    })
    .await;
    let client = client(&script);
    let with_id = record(json!({"id": THING}));
    let error = client.create("things", &with_id).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let posts = || {
        script
            .seen()
            .iter()
            .filter(|seen| seen.path().ends_with("/records"))
            .count()
    };
    assert_eq!(posts(), 4, "its id makes it safe to repeat");
    let error = client
        .create("things", &record(json!({})))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Ambiguous { .. }), "{error}");
    assert_eq!(posts(), 5);
}

#[tokio::test]
async fn the_server_says_how_long_to_wait() {
    let count = Arc::new(AtomicUsize::new(0));
    let calls = count.clone();
    let script = server(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Act::Answer(429, vec![("retry-after", "1".to_owned())], Vec::new()),
        1 => Act::Answer(429, vec![("retry-after", "3600".to_owned())], Vec::new()),
        _ => panic!("nobody waits for an hour, and nobody calls before"),
    })
    .await;
    let start = Instant::now();
    let error = client(&script).get("things", THING).await.unwrap_err();
    assert!(start.elapsed() >= Duration::from_secs(1));
    let asked = Some(Duration::from_secs(3_600));
    assert!(matches!(error, Error::RateLimited { retry_after, .. } if retry_after == asked));
}

#[tokio::test]
async fn a_call_ends_in_its_time_with_all_its_attempts() {
    let script = server(|_| Act::Hang).await;
    let client = Client::new(Options {
        timeout: Duration::from_millis(200),
        whole_timeout: Duration::from_millis(300),
        ..options(&script)
    })
    .unwrap();
    let start = Instant::now();
    let error = client.get("things", THING).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(
        error
            .to_string()
            .ends_with("it took too long, with all attempts"),
        "{error}"
    );
}

#[tokio::test]
async fn hostile_ids_and_names_stay_in_their_place() {
    let script = server(|_| answer(200, &json!({"id": THING}))).await;
    let client = client(&script);
    for id in [
        "",
        "..",
        "../x",
        "a/b",
        "a?b",
        "a%2fb",
        "a b",
        "ü",
        &"x".repeat(101),
    ] {
        assert!(!is_record_id(id));
        let error = client.get("things", id).await.unwrap_err();
        assert!(matches!(error, Error::Rejected { .. }), "{id}: {error}");
        client.delete("things", id).await.unwrap_err();
        client
            .create("things", &record(json!({"id": id})))
            .await
            .unwrap_err();
    }
    assert_eq!(script.count(), 0);
    client.get("a/../b?c", THING).await.unwrap();
    let target = script.seen().pop().unwrap().target;
    assert_eq!(
        target,
        format!("/api/collections/a%2F..%2Fb%3Fc/records/{THING}")
    );
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    for body in [
        "",
        "{}",
        "[1]",
        "{\"items\":[{}",
        "{\"items\":[{\"name\":1}]}",
    ] {
        let many = format!(
            "{{\"items\":[{}]}}",
            vec!["{\"id\":\"../x\"}"; 200].join(",")
        );
        for body in [body, &many] {
            let body = body.to_owned();
            let script = server(move |_| Act::Answer(200, Vec::new(), body.clone().into())).await;
            let result = client(&script)
                .list("things", &List::of(Filter::default()))
                .await;
            match result {
                Ok(records) => assert_eq!(records.len(), 1, "a record need not have an id"),
                Err(error) => assert!(matches!(error, Error::Garbled { .. }), "{error}"),
            }
        }
    }
}

#[tokio::test]
async fn an_address_below_another_is_kept() {
    let script = Script::new(|_| answer(200, &json!({"code": 200, "message": "x"}))).await;
    let url = script.url.join("pb/?x=1#y").unwrap();
    Client::new(Options::new(url))
        .unwrap()
        .health()
        .await
        .unwrap();
    assert_eq!(script.seen()[0].target, "/pb/api/health");
    for bad in ["ftp://x/", "mailto:ann@example.com"] {
        Client::new(Options::new(bad.parse().unwrap())).unwrap_err();
    }
    let half = Options {
        identity: Some("ann@example.com".to_owned()),
        ..Options::new(script.url.clone())
    };
    Client::new(half).unwrap_err();
}
