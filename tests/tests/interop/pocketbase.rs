//! The client of PocketBase against the real servers, one of each generation.

#[path = "pocketbase/client.rs"]
mod client;
#[path = "pocketbase/daemon.rs"]
mod daemon;
#[path = "pocketbase/faults.rs"]
mod faults;
#[path = "pocketbase/uploads.rs"]
mod uploads;

use std::time::Duration;

use serde_json::{Value, json};
use syft_tests::peers::{
    Peers,
    pocketbase::{EMAIL, NEW, OLD, PASSWORD, PocketBase},
};
use syft_transport::{
    http::Retry,
    pocketbase::{
        Client, CollectionSpec, FieldKind, FieldSpec, Filter, IndexSpec, List, Options, Record,
    },
};

const VERSIONS: [&str; 2] = [OLD, NEW];

fn server(version: &str) -> PocketBase {
    let peers = Peers::beside(env!("CARGO_TARGET_TMPDIR"));
    PocketBase::start(&peers, version)
}

/// How the administrator calls the server, with waits that a test can bear.
fn options(server: &PocketBase) -> Options {
    Options {
        identity: Some(EMAIL.to_owned()),
        password: Some(PASSWORD.into()),
        timeout: Duration::from_secs(10),
        retry: Retry {
            first_wait: Duration::from_millis(300),
            longest_wait: Duration::from_secs(2),
            ..Retry::default()
        },
        ..Options::new(server.url().parse().unwrap())
    }
}

fn administrator(server: &PocketBase) -> Client {
    Client::new(options(server)).unwrap()
}

/// A collection with a field of each kind.
fn things() -> CollectionSpec {
    CollectionSpec {
        name: "things".to_owned(),
        fields: vec![
            FieldSpec::required("name", FieldKind::Text(1_000)),
            FieldSpec::new("size", FieldKind::Number),
            FieldSpec::new("enabled", FieldKind::Bool),
            FieldSpec::new("more", FieldKind::Json),
            FieldSpec::new("day", FieldKind::Date),
            FieldSpec::new("state", FieldKind::Select(&["new", "done"])),
        ],
        indexes: vec![IndexSpec {
            columns: &["name"],
            unique: true,
        }],
    }
}

fn record(value: Value) -> Record {
    match value {
        Value::Object(record) => record,
        other => panic!("{other} is no record"),
    }
}

fn thing(number: usize) -> Record {
    record(
        json!({"id": format!("thing{number:010}"), "name": format!("n{number}"), "size": number}),
    )
}

async fn count(client: &Client, collection: &str) -> usize {
    let all = List {
        limit: 1_000_000,
        ..List::of(Filter::default())
    };
    client.list(collection, &all).await.unwrap().len()
}

/// The rule that lets members of `daemons` in.
const MEMBER: &str = "@request.auth.collectionName = 'daemons'";

/// Makes an ordinary auth collection `daemons` with one member, who may use `things`.
async fn ordinary_account(client: &Client, version: &str) {
    member(client, version).await;
    let rules = [
        "listRule",
        "viewRule",
        "createRule",
        "updateRule",
        "deleteRule",
    ];
    let rules = rules.map(|rule| (rule.to_owned(), MEMBER.into()));
    administer(
        client,
        "PATCH",
        "collections/things",
        &rules.into_iter().collect(),
    )
    .await;
}

/// Makes an ordinary auth collection `daemons` with one member.
async fn member(client: &Client, version: &str) {
    let mut daemons = record(json!({"name": "daemons", "type": "auth"}));
    if version == OLD {
        let options = json!({"allowEmailAuth": true, "minPasswordLength": 8, "onlyVerified": false,
            "allowUsernameAuth": false, "allowOAuth2Auth": false, "requireEmail": true});
        daemons.insert("options".to_owned(), options);
        daemons.insert("schema".to_owned(), json!([]));
    }
    administer(client, "POST", "collections", &daemons).await;
    let member = record(json!({
        "email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": true
    }));
    client.create("daemons", &member).await.unwrap();
}

/// Calls what administrators call, with a login of its own.
async fn administer(client: &Client, method: &str, path: &str, body: &Record) {
    let _was_there = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let at = |path: &str| client.url().join(&format!("/api/{path}")).unwrap();
    let login = json!({"identity": EMAIL, "password": PASSWORD});
    let mut token = None;
    for place in ["admins", "collections/_superusers"] {
        let url = at(&format!("{place}/auth-with-password"));
        let answer = http.post(url).json(&login).send().await.unwrap();
        if answer.status().is_success() {
            let granted: Value = answer.json().await.unwrap();
            token = granted["token"].as_str().map(str::to_owned);
        }
    }
    let answer = http
        .request(method.parse().unwrap(), at(path))
        .header("authorization", token.unwrap())
        .json(body)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{method} {path}: {status} {text}");
}
