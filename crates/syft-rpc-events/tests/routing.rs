//! Routers and handlers, without files.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use syft_rpc_events::{
    Endpoint, Failure, Headers, Json, Method, Next, Params, Request, RequestId, Response, Router,
    Sender, State, Status,
    router::{BuildError, Routes},
};
use syft_state::Timestamp;

fn request(endpoint: &str) -> Request {
    let url = format!("syft://alice@example.com/app_data/app/rpc/{endpoint}");
    let sender = "bob@example.com".parse().unwrap();
    Request::new(sender, url.parse().unwrap(), Timestamp::EPOCH)
}

#[track_caller]
fn text(response: &Response) -> (u16, String) {
    let body = response.body.clone().unwrap_or_default();
    (
        response.status.code(),
        String::from_utf8(body.into()).unwrap(),
    )
}

#[derive(Deserialize, JsonSchema)]
struct Calculation {
    a: i64,
    b: i64,
    #[serde(default = "add")]
    operation: String,
}

fn add() -> String {
    "add".to_owned()
}

/// The example of the Python package's front page, which there answers 400 to everything.
fn calculate(Params(it): Params<Calculation>) -> Result<i64, Failure> {
    match it.operation.as_str() {
        "add" => Ok(it.a + it.b),
        "multiply" => Ok(it.a * it.b),
        _ => Err("Unsupported operation".into()),
    }
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Ping {
    n: u32,
}

async fn ping(Json(ping): Json<Ping>) -> Json<Ping> {
    Json(Ping { n: ping.n + 1 })
}

async fn echo(body: Bytes) -> Bytes {
    body
}

async fn whoami(Sender(email): Sender, RequestId(id): RequestId, method: Method) -> String {
    format!("{email} {id} {method}")
}

fn created() -> Response {
    let body = json!({"message": "Custom response"});
    let response = Response::new(Status::CREATED).json(&body);
    response.header("X-Custom-Header", "value")
}

async fn count(counter: State<AtomicU64>) -> Json<u64> {
    Json(counter.fetch_add(1, Ordering::Relaxed) + 1)
}

async fn nothing() {}

fn panics() -> &'static str {
    panic!("a handler's own fault")
}

async fn sleeps() {
    std::future::pending::<()>().await;
}

fn routes() -> Routes {
    let router = Router::new()
        .on_request("/calculate", calculate)
        .on_request("/ping", ping)
        .on_request("/echo", echo)
        .on_request("/whoami", whoami)
        .on_request("/created", created)
        .on_request("/count", count)
        .on_request("/nothing", nothing)
        .on_request("/panics", panics)
        .endpoint(
            "/sleeps",
            Endpoint::new(sleeps).timeout(Duration::from_secs(9)),
        )
        .endpoint("/small", Endpoint::new(echo).max_body(3))
        .on_request("/", || "root")
        .state(AtomicU64::new(0));
    router.build().unwrap()
}

#[tokio::test]
async fn named_parameters_have_defaults() {
    let routes = routes();
    let call =
        async |body: &'static str| text(&routes.dispatch(request("calculate").body(body)).await);
    assert_eq!(call(r#"{"a": 2, "b": 3}"#).await, (200, "5".to_owned()));
    let body = r#"{"a": 2, "b": 3, "operation": "multiply"}"#;
    assert_eq!(call(body).await, (200, "6".to_owned()));
    let body = r#"{"a": 2, "b": 3, "operation": "secret"}"#;
    assert_eq!(call(body).await, (500, Response::INTERNAL_ERROR.to_owned()));
    let (status, why) = call(r#"{"a": "secret", "b": 3}"#).await;
    assert_eq!(status, 400);
    assert!(why.starts_with("Invalid request schema: `a` "), "{why}");
    assert!(!why.contains("secret"), "{why}");
}

#[tokio::test]
async fn handlers_of_all_kinds() {
    let routes = routes();
    let answer = async |endpoint: &str, body: &'static [u8]| {
        text(&routes.dispatch(request(endpoint).body(body)).await)
    };
    assert_eq!(
        answer("ping", br#"{"n": 1}"#).await,
        (200, r#"{"n":2}"#.to_owned())
    );
    assert_eq!(answer("echo", b"\xc3\xa9").await, (200, "é".to_owned()));
    assert_eq!(answer("count", b"").await, (200, "1".to_owned()));
    assert_eq!(answer("count", b"").await, (200, "2".to_owned()));
    assert_eq!(answer("", b"").await, (200, "root".to_owned()));
    assert_eq!(answer("panics", b"").await.0, 500);
    assert_eq!(answer("small", b"abc").await.0, 200);
    assert_eq!(answer("small", b"abcd").await.0, 413);
    assert_eq!(answer("unknown", b"").await.0, 404);
    let response = routes.dispatch(request("created")).await;
    assert_eq!(
        text(&response),
        (201, r#"{"message":"Custom response"}"#.to_owned())
    );
    assert_eq!(response.headers.get("x-custom-header"), Some("value"));
    assert_eq!(routes.dispatch(request("nothing")).await.body, None);
    let asked = request("whoami");
    let wanted = format!("bob@example.com {} POST", asked.id);
    assert_eq!(text(&routes.dispatch(asked).await).1, wanted);
}

/// What Python's handlers can return and its peers cannot read: here it has no type, or is a 500.
#[tokio::test]
async fn row_03_what_no_peer_can_read_cannot_be_said() {
    assert_eq!(Status::new(299), None);
    let strange = || {
        let keys_that_are_no_text = BTreeMap::from([(vec![1, 2], "x")]);
        Response::new(Status::OK).json(&keys_that_are_no_text)
    };
    let routes = Router::new()
        .on_request("/strange", strange)
        .build()
        .unwrap();
    let answer = routes.dispatch(request("strange")).await;
    assert_eq!(text(&answer), (500, Response::INTERNAL_ERROR.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_answered_for() {
    let response = routes().dispatch(request("sleeps")).await;
    assert_eq!(response.status.code(), 504);
}

#[tokio::test]
async fn layers_see_every_call_and_its_answer() {
    async fn guard(request: Request, next: Next) -> Response {
        if request.headers.get("x-token").is_none() {
            return Response::new(Status::UNAUTHORIZED);
        }
        next.run().await.header("X-Seen", "yes")
    }
    let routes = Router::new()
        .on_request("echo", echo)
        .layer(guard)
        .build()
        .unwrap();
    assert_eq!(routes.dispatch(request("echo")).await.status.code(), 401);
    let mut asked = request("echo");
    asked.headers = Headers::from_iter([("X-Token", "t")]);
    let response = routes.dispatch(asked).await;
    assert_eq!(response.headers.get("x-seen"), Some("yes"));
}

#[test]
fn what_is_wrong_with_a_router_is_said_at_once() {
    let errors = Router::new()
        .on_request("/a", nothing)
        .on_request("a/", nothing)
        .on_request("/a/*", nothing)
        .on_request("/a//b", nothing)
        .on_request("/../b", nothing)
        .on_request("/x@y.z", nothing)
        .on_request("/api/v1/users", nothing)
        .on_request("/logs", nothing)
        .on_request("/count", count)
        .build()
        .unwrap_err();
    let kinds: Vec<&str> = errors
        .iter()
        .map(|error| match error {
            BuildError::Duplicate(_) => "duplicate",
            BuildError::BadPath { .. } => "bad",
            BuildError::Unsynced { .. } => "unsynced",
            BuildError::MissingState { .. } => "state",
            _ => "other",
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "duplicate",
            "bad",
            "bad",
            "bad",
            "bad",
            "unsynced",
            "unsynced",
            "state"
        ]
    );
}

#[test]
fn routers_are_put_together() {
    let users = Router::new()
        .on_request("/profile", || "profile")
        .on_request("settings", || "settings");
    let routes = Router::new()
        .include("/api/v1/users", users.clone())
        .include("v2/", users)
        .allow_unsynced_names()
        .build()
        .unwrap();
    let paths: Vec<String> = routes.endpoints().map(ToString::to_string).collect();
    let wanted = [
        "/api/v1/users/profile",
        "/api/v1/users/settings",
        "/v2/profile",
        "/v2/settings",
    ];
    assert_eq!(paths, wanted);
}

#[test]
fn the_schema_says_what_endpoints_take() {
    let schema = routes().schema();
    assert_eq!(
        schema["/calculate"],
        json!({"description": null, "args": {
            "a": {"type": "int", "required": true},
            "b": {"type": "int", "required": true},
            "operation": {"type": "str", "required": false},
        }, "returns": "int"})
    );
    let ping = &schema["/ping"]["args"]["body"];
    assert_eq!(ping["required"], true);
    assert_eq!(ping["type"]["type"], "model");
    assert_eq!(ping["type"]["name"], "Ping");
    assert_eq!(ping["type"]["schema"]["required"], json!(["n"]));
    assert_eq!(ping["type"]["schema"].get("$schema"), None);
    assert_eq!(schema["/echo"]["returns"], "bytes");
    assert_eq!(schema["/created"]["returns"], "any");
    assert_eq!(schema["/nothing"]["returns"], "nonetype");
    assert_eq!(schema["/."]["returns"], "str");
    assert_eq!(schema["/count"]["args"], json!({}));
}
