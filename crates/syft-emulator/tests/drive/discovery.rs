//! Parameters and answers against Google's own description of the API.
//!
//! The format of the table is described in `fixtures/discovery/extract.py`.

use reqwest::Method;
use serde_json::{Value, json};
use syft_emulator::Emulator;

use crate::support::{Account, Answer, FOLDER, emulator, text};

const TABLE: &str = include_str!("../../fixtures/discovery/drive.v3.json");

/// Every method that the emulator answers.
const METHODS: [&str; 18] = [
    "drive.about.get",
    "drive.changes.getStartPageToken",
    "drive.changes.list",
    "drive.drives.list",
    "drive.files.copy",
    "drive.files.create",
    "drive.files.delete",
    "drive.files.emptyTrash",
    "drive.files.export",
    "drive.files.generateIds",
    "drive.files.get",
    "drive.files.list",
    "drive.files.update",
    "drive.permissions.create",
    "drive.permissions.delete",
    "drive.permissions.get",
    "drive.permissions.list",
    "drive.permissions.update",
];

fn table() -> Value {
    serde_json::from_str(TABLE).expect("JSON")
}

/// Verb and path of a method, its path parameters filled with an id that nothing has.
fn call(method: &Value) -> (Method, String) {
    let path = text(&method["path"])
        .replace("{fileId}", "nothing")
        .replace("{permissionId}", "nobody");
    (
        text(&method["http"]).parse().expect("a verb"),
        format!("/drive/v3/{path}"),
    )
}

fn value_for(parameter: &Value) -> &'static str {
    match parameter["type"].as_str() {
        Some("boolean") => "true",
        Some("integer:int32") => "1",
        _ => "drive",
    }
}

/// Asks with the given query and tells whether a parameter was refused as unknown.
async fn knows(me: &Account, method: &Value, query: &[(&str, &str)]) -> bool {
    let (verb, path) = call(method);
    let request = me.request(verb, &path).query(query).json(&json!({}));
    let answer = Answer::of(request).await;
    let message = answer.body["error"]["message"].as_str().unwrap_or_default();
    !message.contains("has no such parameter")
}

#[tokio::test]
async fn parameters_are_exactly_googles() {
    let (emulator, table) = (emulator().await, table());
    let me = Account::new(&emulator, "me@example.org");
    let all: std::collections::BTreeSet<&str> = table["methods"]
        .as_object()
        .expect("methods")
        .values()
        .flat_map(|method| method["parameters"].as_object().expect("parameters").keys())
        .map(String::as_str)
        .collect();
    for id in METHODS {
        let method = &table["methods"][id];
        let known = method["parameters"].as_object().expect("parameters");
        let in_query = |name: &str| known.get(name).is_some_and(|row| row["in"] == "query");
        for name in &all {
            let value = known.get(*name).map_or("true", value_for);
            let expected = in_query(name);
            assert_eq!(
                knows(&me, method, &[(name, value)]).await,
                expected,
                "{id} {name}"
            );
        }
        for name in table["parameters"].as_object().expect("parameters").keys() {
            assert!(knows(&me, method, &[(name, "json")]).await, "{id} {name}");
        }
        assert!(!knows(&me, method, &[("nonsense", "1")]).await, "{id}");
    }
}

#[tokio::test]
async fn methods_are_counted_under_googles_names() {
    let (emulator, table) = (emulator().await, table());
    let me = Account::new(&emulator, "me@example.org");
    for id in METHODS {
        let (verb, path) = call(&table["methods"][id]);
        emulator.reset_requests();
        Answer::of(me.request(verb, &path).json(&json!({}))).await;
        let counts = emulator.request_counts();
        assert_eq!(counts.get(id), Some(&1), "{counts:?}");
    }
}

/// Checks a value against a type of the table.
fn check(table: &Value, kind: &Value, value: &Value, place: &str) {
    match kind {
        Value::String(name) if name.starts_with('#') => {
            check(table, &table["schemas"][&name[1..]], value, place);
        }
        Value::String(name) => {
            let fits = match name.as_str() {
                "string:int64" => value
                    .as_str()
                    .is_some_and(|text| text.parse::<i64>().is_ok()),
                "string:date-time" => value.as_str().is_some_and(|text| {
                    text.ends_with('Z') && text.len() == "2026-11-21T11:08:50.531Z".len()
                }),
                "boolean" => value.is_boolean(),
                name if name.starts_with("integer") => value.is_i64(),
                name if name.starts_with("number") => value.is_number(),
                "any" => true,
                _ => value.is_string(),
            };
            assert!(fits, "{place} is no {name}: {value}");
        }
        Value::Array(item) => {
            for value in value
                .as_array()
                .unwrap_or_else(|| panic!("{place} is no list: {value}"))
            {
                check(table, &item[0], value, place);
            }
        }
        Value::Object(members) => {
            let value = value
                .as_object()
                .unwrap_or_else(|| panic!("{place} is no object: {value}"));
            for (name, value) in value {
                let kind = members.get(name).or_else(|| members.get("*"));
                let kind = kind.unwrap_or_else(|| panic!("Google knows no {place}.{name}"));
                check(table, kind, value, &format!("{place}.{name}"));
            }
        }
        _ => panic!("{place}: the table has no such type"),
    }
}

/// Calls a method with all fields and checks its answer.
async fn checked(me: &Account, id: &str, path: &str, body: Value) -> Value {
    let table = table();
    let method = &table["methods"][id];
    let verb: Method = text(&method["http"]).parse().expect("a verb");
    let separator = if path.contains('?') { '&' } else { '?' };
    let mut request = me.request(verb.clone(), &format!("{path}{separator}fields=*"));
    if verb != Method::GET {
        request = request.json(&body);
    }
    let answer = Answer::of(request).await.ok();
    check(
        &table,
        &json!(format!("#{}", text(&method["response"]))),
        &answer,
        id,
    );
    answer
}

/// A world in which every field that the emulator knows has a value.
async fn fill(emulator: &Emulator) -> (Account, Account, String) {
    let me = Account::new(emulator, "me@example.org");
    let peer = Account::new(emulator, "peer@example.org");
    let folder = me
        .make(json!({"name": "f", "mimeType": FOLDER, "folderColorRgb": "#ac725e"}))
        .await;
    me.share(&folder, "peer@example.org", "writer").await.ok();
    me.post(
        &format!("/drive/v3/files/{folder}/permissions"),
        json!({"type": "domain", "domain": "example.net", "role": "reader"}),
    )
    .await
    .ok();
    let file = me
        .make(json!({
            "name": "a.tar.gz", "parents": [folder], "description": "d", "starred": true,
            "properties": {"a": "b"}, "appProperties": {"c": "d"}, "originalFilename": "o",
        }))
        .await;
    me.share(&file, "peer@example.org", "reader").await.ok();
    me.make(json!({
        "mimeType": "application/vnd.google-apps.shortcut", "shortcutDetails": {"targetId": file},
    }))
    .await;
    (me, peer, file)
}

#[tokio::test]
async fn answers_have_googles_fields_and_types() {
    let emulator = emulator().await;
    let (me, peer, file) = fill(&emulator).await;
    let path = format!("/drive/v3/files/{file}");
    let files = "/drive/v3/files";
    let shown = checked(&me, "drive.files.get", &path, Value::Null).await;
    assert!(
        shown.as_object().is_some_and(|fields| fields.len() > 40),
        "{shown}"
    );
    let shown = checked(&peer, "drive.files.get", &path, Value::Null).await;
    assert!(shown["sharedWithMeTime"].is_string() && shown["sharingUser"].is_object());
    checked(&me, "drive.files.list", files, Value::Null).await;
    checked(
        &peer,
        "drive.files.list",
        &format!("{files}?pageSize=1"),
        Value::Null,
    )
    .await;
    checked(
        &me,
        "drive.files.generateIds",
        &format!("{files}/generateIds"),
        Value::Null,
    )
    .await;
    checked(&me, "drive.files.create", files, json!({"name": "n"})).await;
    checked(&me, "drive.files.update", &path, json!({"name": "n"})).await;
    checked(&me, "drive.files.copy", &format!("{path}/copy"), json!({})).await;
    checked(
        &me,
        "drive.permissions.list",
        &format!("{path}/permissions"),
        Value::Null,
    )
    .await;
    let body = json!({"type": "anyone", "role": "reader"});
    let made = checked(
        &me,
        "drive.permissions.create",
        &format!("{path}/permissions"),
        body,
    )
    .await;
    let one = format!("{path}/permissions/{}", text(&made["id"]));
    checked(&me, "drive.permissions.get", &one, Value::Null).await;
    checked(
        &me,
        "drive.permissions.update",
        &one,
        json!({"role": "commenter"}),
    )
    .await;
    checked(&me, "drive.about.get", "/drive/v3/about", Value::Null).await;
    checked(&me, "drive.drives.list", "/drive/v3/drives", Value::Null).await;
    let start = "/drive/v3/changes/startPageToken";
    checked(&me, "drive.changes.getStartPageToken", start, Value::Null).await;
    me.patch(&path, json!({"trashed": true})).await.ok();
    let trashed = checked(&me, "drive.files.get", &path, Value::Null).await;
    assert!(trashed["trashedTime"].is_string() && trashed["trashingUser"].is_object());
    for account in [&me, &peer] {
        let changes = "/drive/v3/changes?pageToken=1";
        let seen = checked(account, "drive.changes.list", changes, Value::Null).await;
        assert!(
            seen["changes"]
                .as_array()
                .is_some_and(|changes| !changes.is_empty())
        );
    }
}
