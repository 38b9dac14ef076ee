//! What a server sees to when it starts, and what is cleaned up around it.

use std::{fs::File, sync::Arc, time::Duration};

use serde_json::json;
use syft_rpc_events::{
    CleanupOptions, Headers, PeriodicCleanup, Router, ServerOptions, Status,
    interval::Interval,
    message::{Request, Response},
    permissions::{Evaluator, PermissionPolicy, TEXT},
    publish::discover,
    router::EndpointPath,
};
use syft_state::Email;
use tokio::sync::Notify;

use crate::desk::{BOB, Desk, ME, fields, now, request, router, seen, until};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn permissions_and_schema_are_there_before_the_first_request() {
    let desk = Desk::new();
    let server = desk.start(router()).await;
    let permissions = std::fs::read_to_string(desk.app.permissions()).unwrap();
    assert_eq!(permissions, TEXT);
    let found = discover(&desk.workspace, "app");
    let endpoints: Vec<&str> = found.live[0].endpoints.keys().map(String::as_str).collect();
    assert_eq!(endpoints, ["/a", "/a/b", "/fails", "/shout", "/small"]);
    let (relay, skipped) = Evaluator::read(&desk.workspace.datasites(), None);
    assert_eq!(skipped, []);
    let bob: Email = BOB.parse().unwrap();
    let shout = EndpointPath::new("/shout").unwrap();
    assert!(relay.may_call(&bob, &desk.app, &shout, now()).is_allowed());
    server.stop(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_27_rules_of_ones_own_and_a_published_schema_can_be_left_alone() {
    let desk = Desk::new();
    let own = b"rules: []\n";
    desk.write("syft.pub.yaml", own);
    let options = ServerOptions {
        publishes_schema: false,
        ..ServerOptions::default()
    };
    let server = desk.try_start(router(), options).await.unwrap();
    assert_eq!(std::fs::read(desk.app.permissions()).unwrap(), own);
    assert!(!desk.app.schema().exists());
    server.stop(PATIENCE).await;

    let options = ServerOptions {
        permissions: PermissionPolicy::Overwrite,
        ..ServerOptions::default()
    };
    let server = desk.try_start(router(), options).await.unwrap();
    let text = std::fs::read_to_string(desk.app.permissions()).unwrap();
    assert_eq!(text, TEXT);
    server.stop(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_09_requests_of_the_old_layout_are_moved_and_none_keeps_a_server_from_starting() {
    let desk = Desk::new();
    let (new, answered, hostile) = (
        request("a", ""),
        request("a/b", ""),
        request("shout", "hostile"),
    );
    let legacy = |endpoint: &str, asked: &Request| format!("{endpoint}/{}.request", asked.id);
    desk.write(&legacy("a", &new), &new.encode());
    desk.write(&legacy("a/b", &answered), &answered.encode());
    let answer = Response {
        id: answered.id,
        sender: ME.to_owned(),
        url: answered.url.clone(),
        body: None,
        headers: Headers::default(),
        created: now(),
        expires: answered.expires,
        status: Status::ACCEPTED,
    };
    desk.write(&format!("a/b/{}.response", answered.id), &answer.encode());
    let mut told = fields(&hostile);
    told["sender"] = json!("../../../../../evil");
    desk.write(&legacy("shout", &hostile), told.to_string().as_bytes());
    desk.write(&legacy("small", &request("small", "")), b"{");

    let server = desk.start(router()).await;
    assert_eq!(seen(&desk.answer(&new).await), (200, "a".to_owned()));
    assert!(!desk.path(&legacy("a", &new)).exists());
    // It is not handled again: the answer is the one that it had.
    assert_eq!(desk.answer(&answered).await.status, Status::ACCEPTED);
    assert!(desk.path(&legacy("shout", &hostile)).exists());
    assert_eq!(desk.call("shout", "on").await, (200, "ON".to_owned()));
    assert_eq!(desk.answer(&answered).await.status, Status::ACCEPTED);
    server.stop(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_28_a_request_that_is_being_handled_is_not_cleaned_up() {
    let desk = Desk::new();
    let (go_on, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (wait, began) = (Arc::clone(&go_on), Arc::clone(&gate));
    let slow = move || {
        let (wait, began) = (Arc::clone(&wait), Arc::clone(&began));
        async move {
            began.notify_one();
            wait.notified().await;
            "done"
        }
    };
    let server = desk.start(Router::new().on_request("/slow", slow)).await;
    let asked = request("slow", "");
    desk.ask(&asked);
    gate.notified().await;
    let path = format!("slow/{BOB}/{}.request", asked.id);
    until("the answer is far", || {
        (server.claims().len() == 1).then_some(())
    })
    .await;

    // So short an expiry makes everything old that has not been touched just now.
    let options = CleanupOptions {
        expiry: Interval::new(Duration::from_nanos(1)).unwrap(),
        ..CleanupOptions::default()
    };
    let (workspace, app) = (&desk.workspace, &desk.app);
    let sparing = PeriodicCleanup::sparing(workspace, app, options.clone(), server.claims());
    assert_eq!(sparing.cleanup_now().await.last.requests_deleted, 0);
    assert!(desk.path(&path).exists());
    go_on.notify_one();
    assert_eq!(seen(&desk.answer(&asked).await), (200, "done".to_owned()));
    until("a free request", || {
        server.claims().is_empty().then_some(())
    })
    .await;
    let stats = sparing.cleanup_now().await;
    let deleted = (stats.last.requests_deleted, stats.last.responses_deleted);
    assert_eq!(deleted, (1, 1));
    assert!(!desk.path(&path).exists());
    assert!(desk.path("slow/.syftkeep").exists());
    server.stop(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waited_too_long_goes_without_an_answer_as_upstream() {
    let desk = Desk::new();
    let asked = request("a", "");
    let mut told = fields(&asked);
    told["created"] = json!("2023-11-14T22:13:20Z");
    let place = format!("a/{BOB}/{}.request", asked.id);
    desk.write(&place, told.to_string().as_bytes());
    let path = desk.path(&place);
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    File::open(&path).unwrap().set_modified(long_ago).unwrap();
    let cleanup = PeriodicCleanup::new(&desk.workspace, &desk.app, CleanupOptions::default());
    assert_eq!(cleanup.cleanup_now().await.last.requests_deleted, 1);
    assert!(!path.exists());
}
