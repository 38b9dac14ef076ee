//! Answers against Google's own description of the API.

use std::collections::BTreeSet;

use super::*;

fn table() -> Value {
    serde_json::from_str(include_str!("../../../../fixtures/discovery/gmail.v1.json")).unwrap()
}

/// Checks that `value` has the type that the table writes as `shape`, and no unknown field.
#[track_caller]
fn check(table: &Value, shape: &Value, value: &Value, at: &str) {
    match shape {
        Value::Array(items) => {
            let found = value
                .as_array()
                .unwrap_or_else(|| panic!("{at} is no list: {value}"));
            found
                .iter()
                .for_each(|item| check(table, &items[0], item, at));
        }
        Value::Object(fields) => {
            let found = value
                .as_object()
                .unwrap_or_else(|| panic!("{at} is no object: {value}"));
            for (name, value) in found {
                let at = format!("{at}.{name}");
                let shape = fields
                    .get(name)
                    .unwrap_or_else(|| panic!("{at} is unknown"));
                check(table, shape, value, &at);
            }
        }
        Value::String(name) => match name.strip_prefix('#') {
            Some(schema) => check(table, &table["schemas"][schema], value, at),
            None => {
                let kind = name.split(':').next().unwrap_or(name);
                let good = match kind {
                    "integer" => value.is_u64(),
                    "boolean" => value.is_boolean(),
                    _ => value.is_string(),
                };
                assert!(good, "{at} is no {name}: {value}");
            }
        },
        _ => panic!("{at}: unknown shape {shape}"),
    }
}

#[tokio::test]
async fn answers_have_googles_fields() {
    let table = table();
    let app = app();
    let client = Client::new(&app, DO, &[FULL]);
    let mail = "To: ds@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\n\
        Content-Type: text/csv; name=a.csv\n\n1\n--b--\n";
    let mut checked = BTreeSet::new();
    let mut check_answer = |method: &'static str, answer: &Value| {
        let response = table["methods"][method]["response"].as_str().unwrap();
        check(&table, &table["schemas"][response], answer, method);
        assert!(
            answer.as_object().is_some_and(|answer| !answer.is_empty()),
            "{method}"
        );
        checked.insert(method);
    };

    let sent = client.post("messages/send", raw(mail)).await;
    check_answer("gmail.users.messages.send", &sent);
    let id = sent["id"].as_str().unwrap();
    for format in ["minimal", "metadata", "full", "raw"] {
        let answer = client.get(&format!("messages/{id}?format={format}")).await;
        check_answer("gmail.users.messages.get", &answer);
    }
    let attachment = format!("messages/{id}/attachments/part-2");
    check_answer(
        "gmail.users.messages.attachments.get",
        &client.get(&attachment).await,
    );
    check_answer(
        "gmail.users.messages.list",
        &client.get("messages?maxResults=1").await,
    );
    check_answer("gmail.users.threads.list", &client.get("threads").await);
    check_answer(
        "gmail.users.threads.get",
        &client.get(&format!("threads/{id}")).await,
    );
    check_answer("gmail.users.labels.list", &client.get("labels").await);
    check_answer("gmail.users.getProfile", &client.get("profile").await);
    for (method, action) in [
        ("gmail.users.messages.modify", "modify"),
        ("gmail.users.messages.trash", "trash"),
        ("gmail.users.messages.untrash", "untrash"),
    ] {
        check_answer(
            method,
            &client
                .post(&format!("messages/{id}/{action}"), json!({}))
                .await,
        );
    }

    let draft = client.post("drafts", json!({ "message": raw(mail) })).await;
    check_answer("gmail.users.drafts.create", &draft);
    let id = draft["id"].as_str().unwrap();
    let path = format!("drafts/{id}");
    check_answer("gmail.users.drafts.get", &client.get(&path).await);
    check_answer("gmail.users.drafts.list", &client.get("drafts").await);
    let body = json!({ "message": raw(mail) });
    check_answer(
        "gmail.users.drafts.update",
        &client.call(Verb::PUT, &path, body).await.1,
    );
    check_answer(
        "gmail.users.drafts.send",
        &client.post("drafts/send", json!({ "id": id })).await,
    );

    let routed = "drafts.create drafts.get drafts.list drafts.send drafts.update getProfile \
        labels.list messages.attachments.get messages.get messages.list messages.modify \
        messages.send messages.trash messages.untrash threads.get threads.list";
    let all: BTreeSet<_> = routed
        .split_whitespace()
        .map(|id| format!("gmail.users.{id}"))
        .collect();
    let checked: BTreeSet<_> = checked.into_iter().map(str::to_owned).collect();
    assert_eq!(checked, all, "every method is checked");
}
