//! Callers and servers that meet in one SyftBox.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::time::Duration;

use serde_json::{Value, json};
use syft_rpc_events::{
    CallError, Client, Json, Method, Outgoing, Request, Response, Router, Sender, Server,
    ServerOptions, Status, SyftUrl, config::ClientConfig, layout::Workspace,
};
use tempfile::TempDir;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

struct Desk {
    dir: TempDir,
    client: Client,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let client = Client::new(workspace(&dir, BOB));
        Self { dir, client }
    }

    async fn serve(&self) -> Server {
        let alice = workspace(&self.dir, ALICE);
        let app = alice.app("app", &ALICE.parse().unwrap()).unwrap();
        let routes = Router::new()
            .on_request("/echo", async |request: Request| {
                let response =
                    Response::new(Status::OK).header("X-Method", request.method.to_string());
                Response {
                    body: request.body,
                    ..response
                }
            })
            .on_request("/add", |Json(numbers): Json<Vec<i64>>| {
                numbers.iter().sum::<i64>()
            })
            .on_request("/who", |Sender(email): Sender| email.to_string())
            .on_request("/teapot", || (Status::new(418).unwrap(), "short and stout"))
            .build()
            .unwrap();
        Server::start(&alice, &app, routes, ServerOptions::default())
            .await
            .unwrap()
    }

    fn url(&self, endpoint: &str) -> SyftUrl {
        self.client
            .url(&ALICE.parse().unwrap(), "app", endpoint)
            .unwrap()
    }
}

fn workspace(dir: &TempDir, email: &str) -> Workspace {
    Workspace::new(&ClientConfig {
        data_dir: dir.path().to_owned(),
        email: email.parse().unwrap(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_and_leaves_nothing_behind() {
    let desk = Desk::new();
    let _server = desk.serve().await;
    let sum: i64 = desk
        .client
        .call(&desk.url("add"), &[1, 2, 3])
        .await
        .unwrap();
    assert_eq!(sum, 6);
    let pending = desk
        .client
        .send(Outgoing::get(desk.url("who")))
        .await
        .unwrap();
    let reply = desk.client.wait(&pending, None).await.unwrap();
    assert_eq!(reply.text(), BOB);
    assert_eq!(std::fs::read_dir(&pending.path).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_comes_back_as_it_was() {
    let desk = Desk::new();
    let _server = desk.serve().await;
    for body in [
        None,
        Some(Vec::new()),
        Some(vec![0, 255, 128]),
        Some(vec![7; 1_000_000]),
    ] {
        let outgoing = Outgoing {
            body: body.clone(),
            method: Method::Put,
            ..Outgoing::post(desk.url("echo"))
        };
        let pending = desk.client.send(outgoing).await.unwrap();
        let reply = desk.client.wait(&pending, None).await.unwrap();
        assert_eq!(reply.body, body);
        assert_eq!(reply.headers.get("x-method"), Some("PUT"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_20_rejected_gone_expired_and_refused_are_told_apart() {
    let desk = Desk::new();
    let soon = Duration::from_millis(50);
    let pending = desk
        .client
        .send(Outgoing::get(desk.url("who")))
        .await
        .unwrap();
    let late = desk.client.wait(&pending, Some(soon)).await.unwrap_err();
    assert!(matches!(late, CallError::Timeout), "{late}");
    // It is still there, and can be waited for after a restart.
    let kept = serde_json::to_string(&pending).unwrap();
    let file = pending.path.join(format!("{}.request", pending.id));
    for marker in ["syftrejected", "rejected", "rejected.20260101000000"] {
        let rejected = pending
            .path
            .join(format!("{}.{marker}.request", pending.id));
        std::fs::rename(&file, &rejected).unwrap();
        let again = Client::new(workspace(&desk.dir, BOB));
        let pending = serde_json::from_str(&kept).unwrap();
        let error = again.wait(&pending, Some(soon)).await.unwrap_err();
        assert!(matches!(error, CallError::Rejected), "{marker}: {error}");
        assert!(!rejected.exists());
        std::fs::File::create(&file).unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    let gone = desk.client.wait(&pending, Some(soon)).await.unwrap_err();
    assert!(matches!(gone, CallError::Gone), "{gone}");

    let outgoing = Outgoing::get(desk.url("who")).expires_in(Duration::from_millis(10));
    let pending = desk.client.send(outgoing).await.unwrap();
    let expired = desk.client.wait(&pending, None).await.unwrap_err();
    assert!(matches!(expired, CallError::Expired), "{expired}");

    let _server = desk.serve().await;
    let refused = desk
        .client
        .call::<_, Value>(&desk.url("teapot"), &())
        .await
        .unwrap_err();
    assert_eq!(
        (refused.status(), refused.to_string()),
        (418, "the answer is 418: short and stout".to_owned())
    );
    let unexpected = desk
        .client
        .call::<_, Value>(&desk.url("who"), &())
        .await
        .unwrap_err();
    assert!(
        matches!(unexpected, CallError::Unexpected(_)),
        "{unexpected}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn row_12_a_half_written_response_is_waited_for_and_never_destroyed() {
    let desk = Desk::new();
    let pending = desk
        .client
        .send(Outgoing::get(desk.url("who")))
        .await
        .unwrap();
    let path = pending.path.join(format!("{}.response", pending.id));
    std::fs::File::create(&path).unwrap();
    let error = desk.client.wait(&pending, None).await.unwrap_err();
    assert!(matches!(error, CallError::Malformed(_)), "{error}");
    assert!(path.exists());
    let whole = json!({"sender": ALICE, "url": desk.url("who").as_str(), "status_code": 299, "body": "aGk="});
    let waiting = tokio::spawn({
        let (client, pending) = (desk.client.clone(), pending.clone());
        async move { client.wait(&pending, None).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    syft_state::fs::write_atomic(&path, whole.to_string().as_bytes(), 0o644).unwrap();
    let reply = waiting.await.unwrap().unwrap();
    assert_eq!((reply.status.code(), &*reply.text()), (299, "hi"));
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_calls_share_an_id_if_asked_to() {
    let desk = Desk::new();
    let outgoing = Outgoing::post(desk.url("echo")).body("same").coalesce();
    let first = desk.client.send(outgoing.clone()).await.unwrap();
    let second = desk.client.send(outgoing).await.unwrap();
    assert_eq!(first, second);
    let other = desk
        .client
        .send(Outgoing::post(desk.url("echo")).body("same"))
        .await
        .unwrap();
    assert_ne!(first.id, other.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_21_a_broadcast_ends_although_members_fail() {
    let desk = Desk::new();
    let _server = desk.serve().await;
    let nobody = desk
        .client
        .url(&"carol@example.com".parse().unwrap(), "app", "echo")
        .unwrap();
    let urls = [desk.url("echo"), nobody, desk.url("teapot")];
    let outgoing = Outgoing::post(desk.url("echo")).body("hello");
    let patience = Some(Duration::from_millis(400));
    let replies = desk
        .client
        .broadcast(urls.clone(), &outgoing, patience)
        .await;
    assert!(replies.iter().map(|(url, _)| url).eq(&urls));
    let outcomes: Vec<u16> = replies
        .into_iter()
        .map(|(_, reply)| match reply {
            Ok(reply) => reply.status.code(),
            Err(error) => error.status(),
        })
        .collect();
    assert_eq!(outcomes, [200, 408, 418]);
}
