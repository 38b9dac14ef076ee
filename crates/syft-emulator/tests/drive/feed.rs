use serde_json::{Value, json};

use crate::support::{Account, FOLDER, emulator, text};

async fn start(account: &Account) -> String {
    text(
        &account
            .get("/drive/v3/changes/startPageToken", &[])
            .await
            .ok()["startPageToken"],
    )
}

/// Names or, for removals, `-id` of the changes since `token`, and the next token.
async fn poll(account: &Account, token: &str, extra: &[(&str, &str)]) -> (Vec<String>, String) {
    let fields = "changes(fileId,removed,file(name)),newStartPageToken";
    let mut query = vec![("pageToken", token), ("fields", fields)];
    query.extend_from_slice(extra);
    let answer = account.get("/drive/v3/changes", &query).await.ok();
    let changes = answer["changes"].as_array().expect("a list").iter();
    let name = |change: &Value| match &change["removed"] {
        Value::Bool(true) => format!("-{}", text(&change["fileId"])),
        _ => text(&change["file"]["name"]),
    };
    (
        changes.map(name).collect(),
        text(&answer["newStartPageToken"]),
    )
}

#[tokio::test]
async fn one_call_tells_what_happened_to_whom() {
    let emulator = emulator().await;
    let (ds, owner) = (
        Account::new(&emulator, "ds@example.org"),
        Account::new(&emulator, "do@example.org"),
    );
    let token = start(&owner).await;
    let inbox = ds.make(json!({"name": "inbox", "mimeType": FOLDER})).await;
    assert_eq!(
        poll(&owner, &token, &[]).await.0,
        [""; 0],
        "nothing is shared yet"
    );
    ds.share(&inbox, "do@example.org", "writer").await.ok();
    let (names, next) = poll(&owner, &token, &[]).await;
    assert_eq!(names, ["inbox"]);
    let job = ds.make(json!({"name": "job", "parents": [inbox]})).await;
    ds.patch(&format!("/drive/v3/files/{job}"), json!({"name": "job2"}))
        .await
        .ok();
    let (names, after) = poll(&owner, &next, &[]).await;
    assert_eq!(names, ["job2"], "one entry per file");
    assert_eq!(
        poll(&owner, &next, &[]).await.0,
        ["job2"],
        "a cursor can be used again"
    );
    assert_eq!(
        poll(&owner, &next, &[("restrictToMyDrive", "true")])
            .await
            .0,
        [""; 0]
    );
    ds.delete(&format!("/drive/v3/files/{job}")).await;
    assert_eq!(poll(&owner, &after, &[]).await.0, [format!("-{job}")]);
    assert_eq!(
        poll(&owner, &after, &[("includeRemoved", "false")]).await.0,
        [""; 0]
    );
    let own = owner.make(json!({"name": "own"})).await;
    let (names, idle) = poll(&owner, &after, &[("restrictToMyDrive", "true")]).await;
    assert_eq!(names, ["own"], "{own}");
    assert_eq!(poll(&owner, &idle, &[]).await, (vec![], idle.clone()));
}

#[tokio::test]
async fn pages_and_refused_cursors() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, "me@example.org");
    let token = start(&me).await;
    for number in 0..5 {
        me.make(json!({"name": format!("f{number}")})).await;
    }
    let page = [("pageToken", token.as_str()), ("pageSize", "3")];
    let first = me.get("/drive/v3/changes", &page).await.ok();
    assert_eq!(first["changes"].as_array().map(Vec::len), Some(3));
    assert!(
        first.get("newStartPageToken").is_none(),
        "only on the last page"
    );
    let change = &first["changes"][0];
    assert_eq!(
        (&change["type"], &change["changeType"]),
        (&json!("file"), &json!("file"))
    );
    let next = text(&first["nextPageToken"]);
    let (names, _) = poll(&me, &next, &[]).await;
    assert_eq!(names, ["f3", "f4"]);
    for bad in ["0", "-1", "999999", "token", ""] {
        me.get("/drive/v3/changes", &[("pageToken", bad)])
            .await
            .refused(400, "invalid");
    }
    me.get("/drive/v3/changes", &[])
        .await
        .refused(400, "required");
}
