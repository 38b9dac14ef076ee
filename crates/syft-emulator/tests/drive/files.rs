use serde_json::json;

use crate::support::{Account, FOLDER, emulator, text};

const ME: &str = "Me@Example.org";

#[tokio::test]
async fn a_file_is_made_shown_and_changed() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let root = me
        .get(
            "/drive/v3/files/root",
            &[("fields", "id,name,mimeType,parents")],
        )
        .await
        .ok();
    assert_eq!(
        (&root["name"], &root["mimeType"]),
        (&json!("My Drive"), &json!(FOLDER))
    );
    assert!(root.get("parents").is_none());
    let made = me
        .post("/drive/v3/files", json!({"name": "a\n'\"\\ é"}))
        .await
        .ok();
    let id = text(&made["id"]);
    assert_eq!(
        made,
        json!({
            "kind": "drive#file", "id": id, "name": "a\n'\"\\ é", "mimeType": "application/octet-stream",
        })
    );
    let path = format!("/drive/v3/files/{id}");
    let all = me.get(&path, &[("fields", "*")]).await.ok();
    assert_eq!(all["parents"], json!([root["id"]]));
    assert_eq!(all["owners"][0]["emailAddress"], ME, "as first typed");
    assert_eq!(
        (&all["ownedByMe"], &all["shared"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(all["size"], "0", "numbers of 64 bits are strings");
    assert_eq!(all["capabilities"]["canEdit"], true);
    let change = json!({
        "name": "b", "starred": true, "modifiedTime": "2020-01-02T03:04:05.678912+01:00",
        "appProperties": {"job": "7", "gone": null}, "description": "text",
    });
    me.patch(&path, change).await.ok();
    let fields = "name,starred,modifiedTime,appProperties,description,version";
    let changed = me.get(&path, &[("fields", fields)]).await.ok();
    assert_eq!(
        changed,
        json!({
            "name": "b", "starred": true, "modifiedTime": "2020-01-02T02:04:05.678Z",
            "appProperties": {"job": "7"}, "description": "text", "version": "2",
        })
    );
    me.patch(&path, json!({"appProperties": {"job": null}}))
        .await
        .ok();
    let changed = me
        .get(&path, &[("fields", "appProperties,name")])
        .await
        .ok();
    assert_eq!(changed, json!({"name": "b"}));
}

#[tokio::test]
async fn bodies_are_checked() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let files = "/drive/v3/files";
    let message = me
        .post(files, json!({"title": "x"}))
        .await
        .refused(400, "badRequest");
    assert!(message.contains("\"title\""), "{message}");
    me.post(files, json!({"size": "7"}))
        .await
        .refused(403, "fieldNotWritable");
    me.post(files, json!({"name": 7}))
        .await
        .refused(400, "invalid");
    me.post(files, json!({"modifiedTime": "now"}))
        .await
        .refused(400, "invalid");
    me.post(files, json!({"parents": ["nowhere"]}))
        .await
        .refused(404, "notFound");
    me.post(files, json!({"parents": ["root", "root"]}))
        .await
        .refused(403, "cannotAddParent");
    let path = format!("{files}/{}", me.make(json!({})).await);
    let moved = me.patch(&path, json!({"parents": ["root"]})).await;
    assert!(
        moved
            .refused(403, "fieldNotWritable")
            .contains("addParents")
    );
    me.patch("/drive/v3/files/nope", json!({}))
        .await
        .refused(404, "notFound");
    let broken = me.request(reqwest::Method::POST, files).body("{");
    crate::support::Answer::of(broken)
        .await
        .refused(400, "parseError");
}

#[tokio::test]
async fn ids_can_be_chosen_once() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let ids = me
        .get("/drive/v3/files/generateIds", &[("count", "3")])
        .await
        .ok();
    assert_eq!(ids["ids"].as_array().map(Vec::len), Some(3));
    let body = json!({"id": ids["ids"][0], "name": "once"});
    assert_eq!(me.make(body.clone()).await, text(&ids["ids"][0]));
    // A create whose answer got lost is repeated with the same id, and 409 then means done.
    me.post("/drive/v3/files", body)
        .await
        .refused(409, "fileIdInUse");
    me.post("/drive/v3/files", json!({"id": "x"}))
        .await
        .refused(400, "invalid");
}

#[tokio::test]
async fn moves_go_through_parameters() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let a = me.make(json!({"name": "a", "mimeType": FOLDER})).await;
    let b = me
        .make(json!({"name": "b", "mimeType": FOLDER, "parents": [a]}))
        .await;
    let file = me.make(json!({"name": "file", "parents": [a]})).await;
    let path = format!("/drive/v3/files/{file}");
    let both = format!("{path}?addParents={b}&removeParents={a}&fields=id,parents");
    assert_eq!(
        me.patch(&both, json!({})).await.ok(),
        json!({"id": file, "parents": [b]})
    );
    // The same request again changes nothing.
    assert_eq!(
        me.patch(&both, json!({})).await.ok(),
        json!({"id": file, "parents": [b]})
    );
    let add = format!("{path}?addParents={a}");
    me.patch(&add, json!({}))
        .await
        .refused(403, "cannotAddParent");
    let into_file = format!("{path}?addParents={file}&removeParents={b}");
    me.patch(&into_file, json!({}))
        .await
        .refused(403, "parentNotAFolder");
    let cycle = format!("/drive/v3/files/{a}?addParents={b}&removeParents=root");
    me.patch(&cycle, json!({})).await.refused(403, "cyclicMove");
    let remove = format!("{path}?removeParents={b}&fields=parents");
    let root = me
        .get("/drive/v3/files/root", &[("fields", "id")])
        .await
        .ok();
    assert_eq!(
        me.patch(&remove, json!({})).await.ok(),
        json!({"parents": [root["id"]]})
    );
}

#[tokio::test]
async fn trash_and_deletion() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let folder = me.make(json!({"name": "folder", "mimeType": FOLDER})).await;
    let file = me.make(json!({"name": "file", "parents": [folder]})).await;
    let (folder, file) = (
        format!("/drive/v3/files/{folder}"),
        format!("/drive/v3/files/{file}"),
    );
    me.patch(&folder, json!({"trashed": true})).await.ok();
    let fields = [("fields", "trashed,explicitlyTrashed")];
    let shown = me.get(&file, &fields).await.ok();
    assert_eq!(shown, json!({"trashed": true, "explicitlyTrashed": false}));
    assert_eq!(me.names("trashed=true", "name").await, ["file", "folder"]);
    me.patch(&folder, json!({"trashed": false})).await.ok();
    assert_eq!(me.names("trashed=false", "name").await, ["file", "folder"]);
    me.patch(&file, json!({"trashed": true})).await.ok();
    assert_eq!(me.delete("/drive/v3/files/trash").await.status, 204);
    me.get(&file, &[]).await.refused(404, "notFound");
    assert_eq!(me.delete(&folder).await.status, 204);
    me.delete(&folder).await.refused(404, "notFound");
    me.delete("/drive/v3/files/root")
        .await
        .refused(403, "cannotModifyRoot");
}

#[tokio::test]
async fn copies() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let folder = me.make(json!({"name": "folder", "mimeType": FOLDER})).await;
    let file = me
        .make(json!({"name": "file", "parents": [folder], "description": "d"}))
        .await;
    let copied = me
        .post(&format!("/drive/v3/files/{file}/copy?fields=*"), json!({}))
        .await
        .ok();
    assert_ne!(copied["id"], json!(file));
    assert_eq!(
        (&copied["name"], &copied["description"]),
        (&json!("Copy of file"), &json!("d"))
    );
    assert_eq!(copied["parents"], json!([folder]));
    let refused = me
        .post(&format!("/drive/v3/files/{folder}/copy"), json!({}))
        .await;
    refused.refused(403, "cannotCopyFile");
}

#[tokio::test]
async fn about_and_drives() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    me.get("/drive/v3/about", &[])
        .await
        .refused(400, "required");
    let about = me
        .get("/drive/v3/about", &[("fields", "user(emailAddress,me)")])
        .await
        .ok();
    assert_eq!(about, json!({"user": {"emailAddress": ME, "me": true}}));
    let drives = me.get("/drive/v3/drives", &[]).await.ok();
    assert_eq!(drives, json!({"kind": "drive#driveList", "drives": []}));
    let unknown = me.get("/drive/v3/apps", &[]).await;
    assert!(
        unknown
            .refused(501, "notImplemented")
            .contains("/drive/v3/apps")
    );
}

#[tokio::test]
async fn batches_answer_each_call() {
    let emulator = emulator().await;
    let me = Account::new(&emulator, ME);
    let call = |id: &str, request: &str| {
        format!("--b\nContent-Type: application/http\nContent-ID: <{id} + 1>\n\n{request}\n")
    };
    let body = [
        call(
            "x",
            "POST /drive/v3/files HTTP/1.1\nContent-Type: application/json\n\n{\"name\": \"batched\"}",
        ),
        call("y", "GET /drive/v3/files/nope?alt=json HTTP/1.1\n\n"),
        call("z", "GET /batch/drive/v3 HTTP/1.1\n\n"),
        "--b--".to_owned(),
    ];
    let sent = me
        .request(reqwest::Method::POST, "/batch/drive/v3")
        .header("content-type", "multipart/mixed; boundary=\"b\"")
        .body(body.concat());
    let response = sent.send().await.expect("an answer");
    let kind = response.headers()["content-type"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(kind.starts_with("multipart/mixed; boundary="), "{kind}");
    let text = response.text().await.expect("a body");
    let answers: Vec<&str> = text.split("Content-ID: ").skip(1).collect();
    let expected = [
        ("<response-x + 1>", "200"),
        ("<response-y + 1>", "404"),
        ("<response-z + 1>", "400"),
    ];
    assert_eq!(answers.len(), 3, "{text}");
    for (answer, (id, status)) in answers.iter().zip(expected) {
        assert!(answer.starts_with(id), "{answer}");
        assert!(answer.contains(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!(me.names("trashed=false", "name").await, ["batched"]);
    let counts = emulator.request_counts();
    assert_eq!(
        counts.get("drive.files.create"),
        Some(&1),
        "inner calls are counted: {counts:?}"
    );
}
