use std::time::Duration;

use serde_json::json;

use crate::support::{Account, FOLDER, emulator, text};

const ME: &str = "me@example.org";

#[tokio::test]
async fn default_projection_and_masks() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let id = me.make(json!({"name": "one"})).await;
    let whole = me.list(&[]).await.ok();
    assert_eq!(
        whole,
        json!({
            "kind": "drive#fileList",
            "incompleteSearch": false,
            "files": [{
                "kind": "drive#file", "id": id, "name": "one", "mimeType": "application/octet-stream",
            }],
        })
    );
    // Go's client sends an empty mask.
    assert_eq!(me.list(&[("fields", "")]).await.ok(), whole);
    let masked = me
        .list(&[("fields", "files(name,owners/me), nextPageToken")])
        .await
        .ok();
    assert_eq!(
        masked,
        json!({"files": [{"name": "one", "owners": [{"me": true}]}]})
    );
    let refused = me.list(&[("fields", "files(title)")]).await;
    assert!(refused.refused(400, "invalidParameter").contains("title"));
}

/// T4: a page has a hundred rows unless asked, and the rest comes with the token.
#[tokio::test]
async fn pages_hold_a_hundred_and_continue() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    for number in 0..103 {
        me.make(json!({"name": format!("f{number:03}")})).await;
    }
    let query = [("q", "name contains 'f'"), ("orderBy", "name desc")];
    let first = me.list(&query).await.ok();
    assert_eq!(first["files"].as_array().map(Vec::len), Some(100));
    let token = text(&first["nextPageToken"]);
    // A file that appears between two pages moves nothing.
    me.make(json!({"name": "f999"})).await;
    let rest = me
        .list(&[query[0], query[1], ("pageToken", &token)])
        .await
        .ok();
    let names: Vec<&str> = rest["files"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|file| file["name"].as_str())
        .collect();
    assert_eq!(names, ["f002", "f001", "f000"]);
    assert!(rest.get("nextPageToken").is_none());
    let other = [
        ("q", "name contains 'g'"),
        ("orderBy", "name desc"),
        ("pageToken", token.as_str()),
    ];
    me.list(&other).await.refused(400, "invalid");
    let stranger = Account::new(&emulator, "x@example.org");
    stranger
        .list(&[query[0], query[1], ("pageToken", &token)])
        .await
        .refused(400, "invalid");
    me.list(&[("pageToken", "garbage")])
        .await
        .refused(400, "invalid");
    let small = me
        .list(&[("pageSize", "1"), ("fields", "files(id),nextPageToken")])
        .await
        .ok();
    assert_eq!(small["files"].as_array().map(Vec::len), Some(1));
    for size in ["0", "1001", "-1", "x"] {
        me.list(&[("pageSize", size)])
            .await
            .refused(400, "invalidParameter");
    }
}

#[tokio::test]
async fn mistakes_are_named() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let message = me
        .list(&[("q", "name = 'o'brien'")])
        .await
        .refused(400, "invalid");
    assert!(message.contains("character 16"), "{message}");
    let message = me
        .list(&[("orderBy", "title")])
        .await
        .refused(400, "invalidParameter");
    assert!(message.contains("title"), "{message}");
    let message = me
        .list(&[("query", "x")])
        .await
        .refused(400, "invalidParameter");
    assert!(message.contains("query"), "{message}");
    me.list(&[("corpora", "allDrives")])
        .await
        .refused(400, "invalidParameter");
    me.list(&[("spaces", "appDataFolder")])
        .await
        .refused(400, "invalidParameter");
    me.list(&[("supportsAllDrives", "maybe")])
        .await
        .refused(400, "invalidParameter");
    me.list(&[("alt", "media")])
        .await
        .refused(400, "invalidParameter");
    me.list(&[("q", "fullText contains 'x'"), ("orderBy", "name")])
        .await
        .refused(403, "badRequest");
    // Below a folder that the caller cannot see there is nothing to search.
    let message = me
        .list(&[("q", "'nowhere' in parents")])
        .await
        .refused(404, "notFound");
    assert_eq!(message, "File not found: .");
}

#[tokio::test]
async fn order_and_several_files_of_one_name() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    for (name, kind) in [
        ("b", "x/y"),
        ("a10", "x/y"),
        ("a2", "x/y"),
        ("c", FOLDER),
        ("b", "x/y"),
    ] {
        me.make(json!({"name": name, "mimeType": kind})).await;
    }
    assert_eq!(
        me.names("trashed=false", "name").await,
        ["a10", "a2", "b", "b", "c"]
    );
    assert_eq!(
        me.names("trashed=false", "name_natural desc").await,
        ["c", "b", "b", "a10", "a2"]
    );
    assert_eq!(
        me.names("trashed=false", "folder,name_natural").await,
        ["c", "a2", "a10", "b", "b"]
    );
    assert_eq!(me.names("name = 'b'", "createdTime").await, ["b", "b"]);
    assert_eq!(
        me.names(
            "'root' in parents and mimeType='application/vnd.google-apps.folder'",
            "name"
        )
        .await,
        ["c"]
    );
}

#[tokio::test]
async fn a_new_file_is_missed_by_lists_for_a_while() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let fault = json!({
        "api": "drive.files.create", "times": 1,
        "effect": {"index_lag": {"lists": 1, "millis": 5000}},
    });
    emulator.inject(serde_json::from_value(fault).expect("a fault"));
    let id = me.make(json!({"name": "late"})).await;
    assert_eq!(
        me.get(&format!("/drive/v3/files/{id}"), &[]).await.ok()["name"],
        "late"
    );
    assert!(me.names("trashed=false", "name").await.is_empty());
    assert!(
        me.names("trashed=false", "name").await.is_empty(),
        "the time is not over"
    );
    emulator.advance(Duration::from_secs(6));
    assert_eq!(me.names("trashed=false", "name").await, ["late"]);
}

#[tokio::test]
async fn a_new_file_may_lose_its_parent() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let folder = me.make(json!({"name": "folder", "mimeType": FOLDER})).await;
    let fault = json!({"api": "drive.files.create", "times": 1, "effect": "drop_parents"});
    emulator.inject(serde_json::from_value(fault).expect("a fault"));
    let made = me
        .post(
            "/drive/v3/files?fields=id,parents",
            json!({"parents": [folder]}),
        )
        .await
        .ok();
    let root = me
        .get("/drive/v3/files/root", &[("fields", "id")])
        .await
        .ok();
    assert_eq!(made["parents"], json!([root["id"]]));
}

/// Google's Python client turns a long search into a form.
#[tokio::test]
async fn a_search_may_come_as_a_form() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    me.make(json!({"name": "one"})).await;
    let never = "name = 'x' or ".repeat(300);
    let query = format!("{never}name = 'one'");
    let sent = me
        .request(reqwest::Method::POST, "/drive/v3/files")
        .header("x-http-method-override", "GET")
        .form(&[("q", query.as_str()), ("fields", "files(name)")]);
    let found = crate::support::Answer::of(sent).await.ok();
    assert_eq!(found, json!({"files": [{"name": "one"}]}));
}
