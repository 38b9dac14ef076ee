//! The weaknesses of Python's server, by their rows in the specification, and what becomes of each.

use std::time::Duration;

use syft_rpc_events::{Router, Sender, ServerOptions, server::StartError};
use uuid::Uuid;

use crate::desk::{BOB, Desk, fields, now, request, router, seen, still_serves, until};

#[tokio::test(flavor = "multi_thread")]
async fn answers_requests_that_waited_and_those_that_come() {
    let desk = Desk::new();
    let waiting = request("shout", "before");
    desk.ask(&waiting);
    let server = desk.start(router()).await;
    assert_eq!(
        seen(&desk.answer(&waiting).await),
        (200, "BEFORE".to_owned())
    );
    assert_eq!(desk.call("shout", "after").await, (200, "AFTER".to_owned()));
    assert_eq!(desk.call("a", "").await, (200, "a".to_owned()));
    let answer = {
        let asked = request("shout", "x");
        desk.ask(&asked);
        let answer = desk.answer(&asked).await;
        assert_eq!(
            (answer.id, &answer.url, answer.expires),
            (asked.id, &asked.url, asked.expires)
        );
        answer
    };
    assert_eq!(answer.sender, "alice@example.com");
    assert!(desk.path("shout/.syftkeep").exists());
    assert!(server.health().is_running && server.health().handled >= 4);
    server.stop(Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_01_junk_with_a_strange_name_is_left_alone() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    let id = Uuid::new_v4();
    for name in [
        "junk.request",
        &format!("{id}.conflict.request"),
        &format!("{id}.rejected.20260101000000.request"),
        ".request",
    ] {
        desk.write(&format!("shout/{BOB}/{name}"), b"\xff{");
    }
    still_serves(&desk).await;
    let entries = std::fs::read_dir(desk.path(&format!("shout/{BOB}"))).unwrap();
    let responses = entries.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_str().unwrap().contains("response")
    });
    assert_eq!(responses.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_02_a_time_without_a_zone_is_utc() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    let asked = request("shout", "zone");
    let mut told = fields(&asked);
    told["expires"] = "2099-01-01T00:00:00".into();
    desk.write(
        &format!("shout/{BOB}/{}.request", asked.id),
        told.to_string().as_bytes(),
    );
    assert_eq!(seen(&desk.answer(&asked).await).0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_04_a_directory_named_like_a_request_is_no_request() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    let id = Uuid::new_v4();
    desk.write(&format!("shout/{BOB}/{id}.request/inner.txt"), b"x");
    desk.write(&format!("shout/{BOB}/{id}.request/{id}.request"), b"x");
    still_serves(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_05_to_08_the_place_counts_and_not_the_word() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    for (field, value) in [
        ("sender", "/etc"),
        ("sender", "../../.."),
        ("sender", "carol@example.com"),
        ("url", "syft://victim@example.com/app_data/app/rpc/shout"),
        ("url", "syft://alice@example.com/../../etc/rpc/shout"),
        ("url", "syft://alice@example.com/app_data/other/rpc/shout"),
        ("url", "syft://alice@example.com/app_data/app/rpc/a"),
        ("id", "81fcff17-6651-41df-8c1b-8a9d88f96a29"),
    ] {
        let asked = request("shout", "x");
        let mut told = fields(&asked);
        told[field] = value.into();
        desk.write(
            &format!("shout/{BOB}/{}.request", asked.id),
            told.to_string().as_bytes(),
        );
        let answer = desk.answer(&asked).await;
        let (status, text) = seen(&answer);
        assert_eq!((status, answer.id), (400, asked.id), "{field}: {value}");
        assert!(
            text.starts_with("Error loading request: ") && !text.contains(value),
            "{text}"
        );
    }
    // A query and a slash at the end are the caller's own business.
    for endpoint in ["shout/", "shout?x=1"] {
        let asked = request(endpoint, "x");
        let path = format!("shout/{BOB}/{}", asked.id);
        desk.write(&format!("{path}.request"), &asked.encode());
        assert_eq!(
            desk.response_at(&format!("{path}.response"))
                .await
                .status
                .code(),
            200
        );
    }
    still_serves(&desk).await;
    let outside: Vec<_> = walk(desk.dir.path());
    let strange = outside.iter().filter(|path| {
        path.ends_with(".response") && !path.contains(&format!("/rpc/shout/{BOB}/"))
    });
    assert_eq!(strange.count(), 0, "{outside:?}");
}

fn walk(directory: &std::path::Path) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths.extend(walk(&path));
        }
        paths.push(path.to_str().unwrap().to_owned());
    }
    paths
}

#[tokio::test(flavor = "multi_thread")]
async fn row_11_a_request_that_is_written_slowly_gets_no_400() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    let asked = request("shout", "slow");
    let bytes = asked.encode();
    for end in [0, 1, bytes.len() / 2, bytes.len() - 1, bytes.len()] {
        desk.write(&format!("shout/{BOB}/{}.request", asked.id), &bytes[..end]);
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    assert_eq!(seen(&desk.answer(&asked).await), (200, "SLOW".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_11_junk_that_stays_junk_gets_a_400() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    let path = format!("shout/{BOB}/{}", Uuid::new_v4());
    desk.write(&format!("{path}.request"), b"{\"sender\": \"secret");
    let answer = desk.response_at(&format!("{path}.response")).await;
    let (status, text) = seen(&answer);
    assert_eq!(status, 400);
    assert!(
        text.starts_with("Error loading request: ") && !text.contains("secret"),
        "{text}"
    );
    assert_eq!(answer.url.path(), format!("/app_data/app/rpc/shout/{BOB}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_13_a_torn_response_is_none() {
    let desk = Desk::new();
    let asked = request("shout", "torn");
    desk.ask(&asked);
    desk.write(&format!("shout/{BOB}/{}.response", asked.id), b"{\"id\":");
    let _server = desk.start(router()).await;
    let path = desk.path(&format!("shout/{BOB}/{}.response", asked.id));
    until("whole response", || {
        let bytes = std::fs::read(&path).unwrap();
        bytes.ends_with(b"}").then_some(())
    })
    .await;
    assert_eq!(seen(&desk.answer(&asked).await), (200, "TORN".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_16_nested_endpoints_are_told_apart() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    for _ in 0..20 {
        assert_eq!(desk.call("a", "").await.1, "a");
        assert_eq!(desk.call("a/b", "").await.1, "a/b");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_17_slow_handlers_run_side_by_side() {
    let slow = async || tokio::time::sleep(Duration::from_millis(200)).await;
    let desk = Desk::new();
    let _server = desk.start(Router::new().on_request("/slow", slow)).await;
    let asked: Vec<_> = (0..10).map(|_| request("slow", "")).collect();
    let began = std::time::Instant::now();
    asked.iter().for_each(|request| desk.ask(request));
    for request in &asked {
        assert_eq!(desk.answer(request).await.status.code(), 200);
    }
    let took = began.elapsed();
    assert!(
        took < Duration::from_millis(1200),
        "one after the other: {took:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn row_18_one_process_answers_an_app() {
    let desk = Desk::new();
    let server = desk.start(router()).await;
    let second = desk.try_start(router(), ServerOptions::default()).await;
    assert!(
        matches!(second, Err(StartError::Taken { .. })),
        "{second:?}"
    );
    server.stop(Duration::from_secs(1)).await;
    desk.start(router()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_19_a_repeated_call_is_answered_although_the_old_answer_is_there() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    let mut asked = request("shout", "again");
    desk.ask(&asked);
    let first = desk.answer(&asked).await;
    asked.created = now();
    asked.expires = asked.created.after(Duration::from_secs(99));
    desk.ask(&asked);
    let path = desk.path(&format!("shout/{BOB}/{}.response", asked.id));
    until("the second answer", || {
        let bytes = std::fs::read(&path).ok()?;
        let again = syft_rpc_events::message::Response::parse(&bytes, asked.id, now()).ok()?;
        (again.expires == asked.expires && again.created > first.created).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_22_a_server_can_be_stopped_and_started_again() {
    let desk = Desk::new();
    for _ in 0..3 {
        let server = desk.start(router()).await;
        still_serves(&desk).await;
        server.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_23_an_endpoint_that_is_unknown_is_said_to_be() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    assert_eq!(desk.call("nowhere", "").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_24_an_expired_request_is_told_so_with_leeway() {
    let desk = Desk::new();
    let options = ServerOptions {
        leeway: Duration::from_secs(60),
        ..ServerOptions::default()
    };
    let _server = desk.try_start(router(), options).await.unwrap();
    let mut asked = request("shout", "late");
    asked.expires = now().before(Duration::from_secs(30));
    desk.ask(&asked);
    assert_eq!(desk.answer(&asked).await.status.code(), 200);
    let mut asked = request("shout", "late");
    asked.expires = now().before(Duration::from_secs(90));
    desk.ask(&asked);
    assert_eq!(
        seen(&desk.answer(&asked).await),
        (419, "Request expired".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn row_25_a_failure_tells_nothing() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    let text = "Internal server error. Please try again later.".to_owned();
    assert_eq!(desk.call("fails", "").await, (500, text));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_26_too_large_and_too_many_is_said() {
    let desk = Desk::new();
    let options = ServerOptions {
        max_file: 10_000,
        waiting_per_sender: 2,
        concurrency: 1.try_into().unwrap(),
        ..ServerOptions::default()
    };
    let slow = async || tokio::time::sleep(Duration::from_millis(300)).await;
    let router = router().on_request("/slow", slow);
    let _server = desk.try_start(router, options).await.unwrap();
    assert_eq!(desk.call("shout", &"x".repeat(20_000)).await.0, 413);
    assert_eq!(desk.call("small", "123456789").await.0, 413);
    let asked: Vec<_> = (0..10).map(|_| request("slow", "")).collect();
    asked.iter().for_each(|request| desk.ask(request));
    let mut codes = Vec::new();
    for request in &asked {
        codes.push(desk.answer(request).await.status.code());
    }
    assert!(codes.contains(&429) && codes.contains(&200), "{codes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_29_links_are_not_followed() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    let asked = request("shout", "link");
    let real = desk.dir.path().join("elsewhere");
    std::fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, desk.path("shout/carol@example.com")).unwrap();
    #[expect(clippy::disallowed_methods, reason = "a file of the test's own")]
    std::fs::write(real.join(format!("{}.request", asked.id)), asked.encode()).unwrap();
    std::fs::create_dir_all(desk.path(&format!("shout/{BOB}"))).unwrap();
    let inside = desk.path(&format!("shout/{BOB}/{}.request", asked.id));
    std::os::unix::fs::symlink(real.join(format!("{}.request", asked.id)), inside).unwrap();
    still_serves(&desk).await;
    assert_eq!(std::fs::read_dir(&real).unwrap().count(), 1);
    assert!(
        !desk
            .path(&format!("shout/{BOB}/{}.response", asked.id))
            .exists()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_that_is_removed_is_made_anew() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    still_serves(&desk).await;
    std::fs::remove_dir_all(desk.app.rpc()).unwrap();
    until("the endpoint's directory", || {
        desk.path("shout/.syftkeep").exists().then_some(())
    })
    .await;
    still_serves(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_place_of_answers_blocks_nobody_else() {
    let desk = Desk::new();
    let _server = desk.start(router()).await;
    for _ in 0..200 {
        let asked = request("shout", "x");
        let place = format!("shout/eve@example.com/{}", asked.id);
        std::fs::create_dir_all(desk.path(&format!("{place}.response/full"))).unwrap();
        let mut told = fields(&asked);
        told["sender"] = "eve@example.com".into();
        desk.write(&format!("{place}.request"), told.to_string().as_bytes());
    }
    still_serves(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_30_braces_in_names_are_only_braces() {
    let desk = Desk::new();
    let _server = desk
        .start(Router::new().on_request("/{id}/{0}", || "braces"))
        .await;
    assert_eq!(desk.call("{id}/{0}", "").await, (200, "braces".to_owned()));
    let path = format!("{{id}}/{{0}}/{BOB}/{}", Uuid::new_v4());
    desk.write(&format!("{path}.request"), b"{");
    let answer = desk.response_at(&format!("{path}.response")).await;
    assert_eq!(answer.status.code(), 400);
}

/// A sender is only known by the directory, and that is worth what the relay is worth.
#[tokio::test(flavor = "multi_thread")]
async fn row_31_who_must_know_the_sender_is_not_told_a_claim() {
    let desk = Desk::new();
    let router = router().on_request("/who", |Sender(email): Sender| email.to_string());
    let _server = desk.start(router).await;
    assert_eq!(desk.call("who", "").await, (200, BOB.to_owned()));
    // Anybody may have put it where no sender has a directory.
    for (endpoint, code) in [("who", 403), ("shout", 200)] {
        let asked = request(endpoint, "x");
        let path = format!("{endpoint}/{}", asked.id);
        desk.write(&format!("{path}.request"), &asked.encode());
        let answer = desk.response_at(&format!("{path}.response")).await;
        assert_eq!(answer.status.code(), code, "{endpoint}");
    }
}
