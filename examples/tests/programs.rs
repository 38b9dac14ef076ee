//! The examples as their users run them.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "files are written as others write them, and made old"
)]

#[path = "programs/command.rs"]
mod command;
#[path = "programs/desk.rs"]
mod desk;

use std::{
    fs,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use syft_rpc_events::{CallError, Status};

use crate::desk::{ALICE, BOB, Desk};

#[tokio::test]
async fn the_server_takes_named_parameters() {
    let desk = Desk::new();
    let server = desk.start("rpc_server", ALICE, &[]);
    let hello: String = desk
        .text("my_app", "/hello", json!({"name": "World"}))
        .await;
    assert_eq!(hello, "Hello, World!");

    let calculate = async |body: Value| desk.call("my_app", "/calculate", body).await;
    assert_eq!(calculate(json!({"a": 2, "b": 3})).await.unwrap(), 5);
    let product = json!({"a": 2, "b": 3, "operation": "multiply"});
    assert_eq!(calculate(product).await.unwrap(), 6);
    for (body, wanted) in [
        (json!({"a": 2, "b": 3, "operation": "divide"}), 400),
        (json!({"a": 2}), 400),
        (json!({"a": i64::MAX, "b": 1}), 422),
    ] {
        let error = calculate(body).await.unwrap_err();
        assert_eq!(error.status(), wanted, "{error}");
    }
    server.stop();
}

#[test]
fn the_watch_tells_of_files() {
    let desk = Desk::new();
    let (mine, theirs) = (desk.datasites().join(ALICE), desk.datasites().join(BOB));
    fs::create_dir_all(mine.join("deep/er")).unwrap();
    fs::create_dir_all(&theirs).unwrap();
    let mut watch = desk.start("rpc_watch", ALICE, &[]);
    watch.until("watching");
    fs::write(mine.join("deep/er/a.json"), "{}").unwrap();
    watch.until("JSON file changed: alice@example.com/deep/er/a.json");
    fs::rename(mine.join("deep/er/a.json"), mine.join("b.json")).unwrap();
    watch.until("JSON file moved: alice@example.com/deep/er/a.json -> alice@example.com/b.json");

    fs::write(theirs.join("c.json"), "{}").unwrap();
    // What is renamed before anybody has noticed it is new under its new name.
    fs::write(theirs.join("e.log"), "line").unwrap();
    fs::write(theirs.join("d.txt"), "text").unwrap();
    watch.until("Text file created: bob@example.com/d.txt");
    fs::rename(theirs.join("e.log"), theirs.join("f.log")).unwrap();
    watch.until("Log file moved: bob@example.com/e.log -> bob@example.com/f.log");
    let told = watch.stop();
    assert!(!told.contains("c.json"), "{told}");
}

#[tokio::test]
async fn a_router_has_its_prefix() {
    let desk = Desk::new();
    let server = desk.start("rpc_routers", ALICE, &[]);
    let user = json!({"user_id": "7"});
    let profile = desk.call("user_service", "/v1/users/profile", user.clone());
    let wanted = json!({"user_id": "7", "name": "John Doe"});
    assert_eq!(profile.await.unwrap(), wanted);
    let settings = desk.call("user_service", "/v1/users/settings", user);
    let wanted = json!({"theme": "dark", "notifications": true});
    assert_eq!(settings.await.unwrap(), wanted);
    server.stop();
}

#[tokio::test]
async fn handlers_that_wait_do_so_together() {
    let desk = Desk::new();
    let server = desk.start("rpc_async", ALICE, &[]);
    let began = Instant::now();
    let calls = (0..20).map(|task| {
        let body = json!({"task_id": task.to_string()});
        desk.call("async_app", "/async-task", body)
    });
    for (task, done) in join_all(calls).await.into_iter().enumerate() {
        let wanted = json!({"task_id": task.to_string(), "status": "completed"});
        assert_eq!(done.unwrap(), wanted);
    }
    // One after the other they would take twenty seconds.
    assert!(began.elapsed() < Duration::from_secs(15));
    server.stop();
}

#[test]
fn an_app_deletes_what_is_old() {
    let desk = Desk::new();
    let old = desk.answered_request("my_app", "ping", Duration::from_secs(8 * 86_400));
    let young = desk.answered_request("my_app", "ping", Duration::from_secs(6 * 86_400));
    let mut server = desk.start("rpc_cleanup", ALICE, &[]);
    server.until("Cleanup service is active");
    desk::wait("the old request goes", || !old.exists());
    assert!(!old.with_extension("response").exists());
    assert!(young.exists());
    let told = server.stop();
    let wanted = "Deleted 1 requests and 1 responses in 1 runs, with 0 errors\nLast cleanup: 20";
    assert!(told.starts_with(wanted), "{told}");
}

#[test]
fn a_cleanup_needs_no_server() {
    let desk = Desk::new();
    let old = desk.answered_request("my_app", "ping", Duration::from_secs(31 * 86_400));
    let told = desk.finish("rpc_standalone_cleanup", ALICE, &[]);
    assert!(told.contains("Cleaned up 1 files\n"), "{told}");
    assert!(
        told.contains("Immediate cleanup: 1 requests deleted in all\n"),
        "{told}"
    );
    assert!(!old.exists());
}

#[tokio::test]
async fn a_response_has_a_status_and_headers_of_its_own() {
    let desk = Desk::new();
    let server = desk.start("rpc_response", ALICE, &[]);
    let reply = desk
        .ask("advanced_app", "/custom-response", json!({}))
        .await;
    let reply = reply.unwrap();
    assert_eq!(reply.status, Status::CREATED);
    assert_eq!(reply.headers.get("X-Custom-Header"), Some("value"));
    let body: Value = reply.json().unwrap();
    assert_eq!(body, json!({"message": "Custom response"}));
    server.stop();
}

#[tokio::test]
async fn handlers_share_a_state() {
    let desk = Desk::new();
    let server = desk.start("rpc_state", ALICE, &[]);
    for count in 1..=3 {
        let counted = desk.call("stateful_app", "/increment", json!({})).await;
        assert_eq!(counted.unwrap(), json!({"counter": count}));
    }
    let unknown = desk.call("stateful_app", "/decrement", json!({})).await;
    assert!(matches!(unknown, Err(CallError::Refused(_))), "{unknown:?}");
    server.stop();
}
