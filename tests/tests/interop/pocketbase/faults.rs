//! What the client does when things go wrong.

use std::sync::{Arc, Mutex};

use syft_transport::{
    Error,
    pocketbase::{Call, Observer},
};
use tokio::time::Instant;

use super::*;

#[tokio::test]
async fn a_wrong_password_is_said_in_words_and_tried_once_a_minute() {
    for version in VERSIONS {
        let server = server(version);
        let heard = Arc::new(Heard::default());
        let client = Client::new(Options {
            password: Some("hunter2".into()),
            observer: Some(heard.clone()),
            ..options(&server)
        })
        .unwrap();
        for _ in 0..5 {
            let error = client
                .list("things", &List::of(Filter::default()))
                .await
                .unwrap_err();
            assert!(
                matches!(error, Error::Unauthenticated { .. }),
                "{version}: {error}"
            );
            assert!(
                error
                    .to_string()
                    .contains("no superuser or admin of this e-mail")
            );
            assert!(!format!("{error:?} {client:?}").contains("hunter2"));
        }
        let logins = heard.count(|method, status| method == "POST" && status == Some(400));
        assert_eq!(logins, 1, "{version}");
    }
}

#[tokio::test]
async fn a_token_that_ends_is_replaced_and_never_an_empty_list() {
    for version in VERSIONS {
        let server = server(version);
        let client = administrator(&server);
        client.ensure_collections(&[things()]).await.unwrap();
        ordinary_account(&client, version).await;
        client.create("things", &thing(1)).await.unwrap();
        let mut options = options(&server);
        options.auth_collection = Some("daemons".to_owned());
        let member = Client::new(options).unwrap();
        assert_eq!(count(&member, "things").await, 1);

        end_all_tokens(&server, &client).await;
        assert_eq!(
            count(&member, "things").await,
            1,
            "{version}: a guest sees none"
        );
        end_all_tokens(&server, &client).await;
        member.get("things", "thing0000000001").await.unwrap();
        end_all_tokens(&server, &client).await;
        member.create("things", &thing(2)).await.unwrap();
        end_all_tokens(&server, &client).await;
        let change = record(json!({"state": "done"}));
        member
            .update("things", "thing0000000002", &change)
            .await
            .unwrap();
        assert_eq!(
            count(&client, "things").await,
            2,
            "{version}: the administrator's, too"
        );
    }
}

/// Sets the passwords anew, to what they were, which ends every token of the accounts.
async fn end_all_tokens(server: &PocketBase, client: &Client) {
    let member = List::of(Filter::default());
    let member = client.list("daemons", &member).await.unwrap().remove(0);
    let password = record(json!({"password": PASSWORD, "passwordConfirm": PASSWORD}));
    let id = member["id"].as_str().unwrap();
    client.update("daemons", id, &password).await.unwrap();
    server.set_password();
}

#[tokio::test]
async fn batches_are_used_where_they_are_allowed() {
    let server = server(NEW);
    let client = administrator(&server);
    client.ensure_collections(&[things()]).await.unwrap();
    let heard = Arc::new(Heard::default());
    let watched = || {
        Client::new(Options {
            observer: Some(heard.clone()),
            ..options(&server)
        })
        .unwrap()
    };
    let many: Vec<Record> = (0..400).map(thing).collect();
    watched().create_many("things", &many[..30]).await.unwrap();
    assert_eq!(heard.count(|_, status| status == Some(403)), 1);
    assert_eq!(count(&client, "things").await, 30);

    let allow =
        |most: u32| record(json!({"batch": {"enabled": true, "maxRequests": most, "timeout": 3}}));
    administer(&client, "PATCH", "settings", &allow(50)).await;
    let before = heard.count(|_, _| true);
    watched()
        .create_many("things", &many[100..300])
        .await
        .unwrap();
    assert!(
        heard.count(|_, _| true) - before <= 4 + 3,
        "four batches and a login"
    );
    watched().create_many("things", &many[..300]).await.unwrap();
    assert_eq!(count(&client, "things").await, 300);

    administer(&client, "PATCH", "settings", &allow(7)).await;
    watched().create_many("things", &many).await.unwrap();
    assert_eq!(count(&client, "things").await, 400);
}

#[tokio::test]
async fn a_record_that_is_wrong_stops_neither_those_before_it_nor_is_it_skipped() {
    for version in VERSIONS {
        let server = server(version);
        let client = administrator(&server);
        client.ensure_collections(&[things()]).await.unwrap();
        let mut many: Vec<Record> = (0..20).map(thing).collect();
        many[12].insert("state".to_owned(), "nonsense".into());
        let unsent = client.create_many("things", &many).await.unwrap_err();
        assert_eq!(unsent.done, 12, "{version}");
        assert!(
            matches!(unsent.error, Error::Rejected { .. }),
            "{version}: {unsent}"
        );
        client.create_many("things", &many[13..]).await.unwrap();
        assert_eq!(count(&client, "things").await, 19);
    }
}

#[tokio::test]
async fn limits_of_the_server_are_waited_for() {
    let server = server(NEW);
    let client = administrator(&server);
    client.ensure_collections(&[things()]).await.unwrap();
    ordinary_account(&client, NEW).await;
    let limits = json!({"enabled": true, "rules": [
        {"label": "*:auth", "duration": 2, "maxRequests": 1},
        {"label": "*:create", "duration": 1, "maxRequests": 5},
    ]});
    administer(
        &client,
        "PATCH",
        "settings",
        &record(json!({"rateLimits": limits})),
    )
    .await;
    let heard = Arc::new(Heard::default());
    let mut options = options(&server);
    options.auth_collection = Some("daemons".to_owned());
    options.observer = Some(heard.clone());
    let member = Client::new(options).unwrap();
    let many: Vec<Record> = (0..12).map(thing).collect();
    member.create_many("things", &many).await.unwrap();
    assert_eq!(count(&client, "things").await, 12);
    assert!(heard.count(|_, status| status == Some(429)) > 0);
}

#[tokio::test]
async fn every_record_is_made_once_through_a_restart_of_the_server() {
    for version in VERSIONS {
        let mut server = server(version);
        let client = administrator(&server);
        client.ensure_collections(&[things()]).await.unwrap();
        let many: Vec<Record> = (0..1_000).map(thing).collect();
        let (sender, sent) = (client.clone(), many.clone());
        let sending = tokio::spawn(async move { sender.create_many("things", &sent).await });
        while count(&client, "things").await < 100 {}
        server.stop();
        let started = std::thread::spawn(move || {
            server.resume();
            server
        });
        let outcome = sending.await.unwrap();
        let _server = started.join().unwrap();
        if let Err(unsent) = outcome {
            assert!(unsent.error.is_transient(), "{version}: {unsent}");
            client
                .create_many("things", &many[unsent.done..])
                .await
                .unwrap();
        }
        assert_eq!(count(&client, "things").await, 1_000, "{version}");
    }
}

#[tokio::test]
async fn a_server_that_is_upgraded_is_looked_at_again() {
    let old = server(OLD);
    let port = old.port();
    let client = administrator(&old);
    client.login().await.unwrap();
    drop(old);
    let new = PocketBase::start_at(&Peers::beside(env!("CARGO_TARGET_TMPDIR")), NEW, port);
    client.ensure_collections(&[things()]).await.unwrap();
    client.create("things", &thing(1)).await.unwrap();
    drop(new);
}

#[tokio::test]
async fn a_server_that_is_down_is_said_so_at_once_and_then_spared() {
    let mut server = server(NEW);
    let client = Client::new(Options {
        retry: Retry {
            repeats: 0,
            ..Retry::default()
        },
        ..options(&server)
    })
    .unwrap();
    server.stop();
    for _ in 0..5 {
        let error = client.login().await.unwrap_err().to_string();
        assert!(error.contains("Connection refused"), "{error}");
    }
    server.resume();
    let error = client.login().await.unwrap_err().to_string();
    assert!(error.contains("the next attempt is in"), "{error}");
    let mut changes = client.subscribe(&["things/*"]);
    let told = changes.next().await;
    assert!(format!("{told:?}").starts_with("Connected"), "{told:?}");
    client.login().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_stuck_does_not_hold_us_for_longer_than_the_timeout() {
    let server = server(NEW);
    let client = Client::new(Options {
        timeout: Duration::from_millis(600),
        retry: Retry {
            repeats: 0,
            ..Retry::default()
        },
        ..options(&server)
    })
    .unwrap();
    client.login().await.unwrap();
    server.hold(true);
    let start = Instant::now();
    let error = client.health().await.unwrap_err().to_string();
    server.hold(false);
    assert!(start.elapsed() < Duration::from_secs(3));
    assert!(error.contains("it took too long"), "{error}");
    client.health().await.unwrap();
}

/// What was called, and what was answered.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<(String, Option<u16>)>>);

impl Heard {
    fn count(&self, wanted: impl Fn(&str, Option<u16>) -> bool) -> usize {
        let calls = self.0.lock().unwrap();
        calls
            .iter()
            .filter(|(method, status)| wanted(method, *status))
            .count()
    }
}

impl Observer for Heard {
    fn call(&self, call: &Call<'_>) {
        assert_eq!(call.status.is_none(), call.connection_error);
        self.0
            .lock()
            .unwrap()
            .push((call.method.to_owned(), call.status));
    }
}
