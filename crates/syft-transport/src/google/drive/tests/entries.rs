use super::*;
use crate::drive::{NameMatch, Owner};

fn inbox() -> Query {
    Query {
        any_name: vec![NameMatch::StartsWith("msgv2_".into())],
        parent: Some(FileId::new("P")),
        ..Query::default()
    }
}

/// T4, and Drive's `contains`, which finds what was not asked for (notify.md §1.2).
#[tokio::test]
async fn a_listing_is_paged_and_filtered_again() {
    let script = Script::acts([answer(json!({
        "nextPageToken": "p2", "incompleteSearch": false,
        "files": [
            file("1", "msgv2_1.tar.gz", &["P"]),
            file("2", "MSGV2_2.tar.gz", &["P"]),
            file("3", "re msgv2_3.tar.gz", &["P"]),
            file("4", "msgv2_4.tar.gz", &["Q"]),
        ],
    }))])
    .await;
    let drive = drive(&script);
    let page = drive
        .list(&inbox(), Some(&PageToken::new("p1")))
        .await
        .unwrap();
    assert_eq!(page.next, Some(PageToken::new("p2")));
    let ids: Vec<_> = page.entries.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["1"]);

    let [request] = &script.seen()[..] else {
        panic!()
    };
    assert_eq!(request.path(), "/drive/v3/files");
    assert_eq!(request.query("pageToken").as_deref(), Some("p1"));
    assert_eq!(request.query("pageSize").as_deref(), Some("1000"));
    let fields = request.query("fields").unwrap();
    for field in [
        "nextPageToken",
        "incompleteSearch",
        "owners(emailAddress)",
        "parents",
    ] {
        assert!(fields.contains(field), "{fields}");
    }
    assert_eq!(drive.usage().units_last_minute, 100);
}

#[tokio::test]
async fn a_page_that_names_itself_or_is_incomplete_is_no_page() {
    let script = Script::acts([
        answer(json!({"nextPageToken": "p1", "files": []})),
        answer(json!({"incompleteSearch": true, "files": []})),
    ])
    .await;
    let drive = drive(&script);
    let error = drive
        .list(&inbox(), Some(&PageToken::new("p1")))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Garbled { .. }), "{error}");
    let error = drive.list(&inbox(), None).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_not_shared_holds_nothing_for_us() {
    let script = Script::acts([refusal(404, "notFound")]).await;
    let drive = drive(&script);
    assert!(drive.list(&inbox(), None).await.unwrap().entries.is_empty());
    let error = drive.list(&Query::default(), None).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

/// T9: the owner comes from the server.
#[tokio::test]
async fn the_owner_is_the_servers() {
    let script = Script::acts([answer(json!({"files": [file("1", "a", &["P"])]}))]).await;
    let drive = drive(&script);
    let theirs = Query {
        owner: Some(Owner::NotMe),
        ..Query::default()
    };
    let mine = Query {
        owner: Some(Owner::Me),
        ..Query::default()
    };
    assert_eq!(drive.list(&theirs, None).await.unwrap().entries.len(), 1);
    assert_eq!(drive.list(&mine, None).await.unwrap().entries.len(), 0);
}

#[tokio::test]
async fn an_expired_token_is_replaced_once() {
    let mut expired = true;
    let script = Script::new(move |seen| match seen.path() {
        "/token" => {
            answer(json!({"access_token": "ya29.new", "expires_in": 3599, "token_type": "Bearer"}))
        }
        _ if std::mem::take(&mut expired) => status(401),
        _ => answer(file("1", "a", &[])),
    })
    .await;
    let drive = drive(&script);
    drive.get(&FileId::new("1")).await.unwrap();
    let seen = script.seen();
    assert_eq!(
        calls(&script),
        [
            "GET /drive/v3/files/1",
            "POST /token",
            "GET /drive/v3/files/1"
        ]
    );
    assert_eq!(seen[0].header("authorization"), Some("Bearer ya29.t"));
    assert_eq!(seen[2].header("authorization"), Some("Bearer ya29.new"));
}

#[tokio::test]
async fn a_token_that_is_never_accepted_needs_a_person() {
    let script = Script::new(|seen| match seen.path() {
        "/token" => answer(json!({"access_token": "ya29.new", "token_type": "Bearer"})),
        _ => status(401),
    })
    .await;
    let error = drive(&script).get(&FileId::new("1")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("token_do.json is not authorised"),
        "{error}"
    );
    assert!(error.to_string().contains("syft-notify init"), "{error}");
    assert_eq!(script.count(), 3);
}

#[tokio::test]
async fn a_token_of_another_account_is_named() {
    let script = Script::acts([status(500)]).await;
    let error = drive(&script)
        .check_account(&"x@example.org".parse().unwrap())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("belongs to do@example.org, not to x@example.org"),
        "{error}"
    );
    drive(&script)
        .check_account(&"DO@example.org".parse().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn too_many_calls_slow_down_every_call() {
    let wait = vec![("retry-after", "1".to_owned())];
    let script = Script::acts([
        Act::Answer(429, wait, Vec::new()),
        answer(file("1", "a", &[])),
    ])
    .await;
    let drive = drive(&script);
    let id = FileId::new("1");
    let start = std::time::Instant::now();
    drive.get(&id).await.unwrap();
    assert!(start.elapsed() >= std::time::Duration::from_secs(1));
    assert_eq!(drive.usage().calls["drive.files.get"], 2);
}

#[tokio::test]
async fn changes_are_read_to_their_end_and_the_last_state_counts() {
    let script = Script::acts([
        answer(json!({
            "nextPageToken": "c2",
            "changes": [
                {"fileId": "1", "removed": false, "file": file("1", "old", &[])},
                {"fileId": "2", "removed": false, "file": file("2", "b", &[])},
                {"removed": false},
            ],
        })),
        answer(json!({
            "newStartPageToken": "c3",
            "changes": [
                {"fileId": "2", "removed": true},
                {"fileId": "1", "removed": false, "file": file("1", "new", &[])},
                {"fileId": "3", "removed": false},
            ],
        })),
    ])
    .await;
    let drive = drive(&script);
    let changes = drive.changes(Some(&Cursor::new("c1"))).await.unwrap();
    let names: Vec<_> = changes
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["new"]);
    assert_eq!(changes.removed, [FileId::new("2"), FileId::new("3")]);
    assert_eq!(changes.cursor, Cursor::new("c3"));
    let tokens: Vec<_> = script
        .seen()
        .iter()
        .map(|seen| seen.query("pageToken"))
        .collect();
    assert_eq!(tokens, [Some("c1".into()), Some("c2".into())]);
    assert_eq!(
        script.seen()[0].query("includeRemoved").as_deref(),
        Some("true")
    );
}

#[tokio::test]
async fn changes_begin_with_a_cursor_and_cost_one_call_when_nothing_happened() {
    let script = Script::acts([
        answer(json!({"startPageToken": "7"})),
        answer(json!({"newStartPageToken": "7", "changes": []})),
    ])
    .await;
    let drive = drive(&script);
    let start = drive.changes(None).await.unwrap();
    let changes = drive.changes(Some(&start.cursor)).await.unwrap();
    assert_eq!(changes.cursor, start.cursor);
    assert_eq!(
        calls(&script),
        [
            "GET /drive/v3/changes/startPageToken",
            "GET /drive/v3/changes"
        ]
    );
}

#[tokio::test]
async fn a_refused_cursor_has_expired() {
    for code in [400, 404, 410] {
        let script = Script::acts([status(code)]).await;
        let error = drive(&script)
            .changes(Some(&Cursor::new("x")))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::CursorExpired), "{code}: {error}");
    }
    for code in [403, 500, 429] {
        let script = Script::acts([status(code)]).await;
        let error = drive(&script)
            .changes(Some(&Cursor::new("x")))
            .await
            .unwrap_err();
        assert!(!matches!(error, Error::CursorExpired), "{code}: {error}");
    }
}

#[tokio::test]
async fn changes_that_lead_nowhere_are_no_changes() {
    for page in [
        json!({"changes": []}),
        json!({"nextPageToken": "x", "changes": []}),
    ] {
        let script = Script::acts([answer(page)]).await;
        let error = drive(&script)
            .changes(Some(&Cursor::new("x")))
            .await
            .unwrap_err();
        assert!(matches!(error, Error::Garbled { .. }), "{error}");
    }
}

#[tokio::test]
async fn folders_are_changed_by_query_parameters() {
    let script = Script::acts([answer(file("1", "a", &["new"]))]).await;
    let [id, from, to] = ["1", "old", "new"].map(FileId::new);
    drive(&script).relocate(&id, &from, &to).await.unwrap();
    let [request] = &script.seen()[..] else {
        panic!()
    };
    assert_eq!(
        (request.method.as_str(), request.path()),
        ("PATCH", "/drive/v3/files/1")
    );
    assert_eq!(request.query("addParents").as_deref(), Some("new"));
    assert_eq!(request.query("removeParents").as_deref(), Some("old"));
    assert_eq!(request.query("supportsAllDrives").as_deref(), Some("true"));
    assert_eq!(request.text(), "{}");
}

#[tokio::test]
async fn a_move_that_did_not_happen_is_noticed() {
    let script = Script::acts([answer(file("1", "a", &["old"]))]).await;
    let [id, from, to] = ["1", "old", "new"].map(FileId::new);
    let error = drive(&script).relocate(&id, &from, &to).await.unwrap_err();
    assert!(matches!(error, Error::Garbled { .. }), "{error}");
}

async fn share(permissions: Value, role: Role) -> Vec<String> {
    let script = Script::new(move |seen| match seen.method.as_str() {
        "GET" if seen.query("pageToken").is_none() => {
            answer(json!({"nextPageToken": "2", "permissions": [{"id": "o", "type": "user", "role": "owner", "emailAddress": "do@example.org"}]}))
        }
        "GET" => answer(json!({"permissions": permissions})),
        _ => answer(json!({"id": "p"})),
    })
    .await;
    let with = "Ds@example.org".parse().unwrap();
    drive(&script)
        .share(&FileId::new("F"), &with, role)
        .await
        .unwrap();
    calls(&script).split_off(2)
}

/// Upstream mailed people on every repeated share (notify.md §10.6, `bce7dd6`).
#[tokio::test]
async fn what_is_shared_already_is_left_alone() {
    let as_role = |role: &str| json!([{"id": "p", "type": "user", "role": role, "emailAddress": "ds@example.org"}]);
    let nothing: [&str; 0] = [];
    assert_eq!(share(as_role("writer"), Role::Writer).await, nothing);
    assert_eq!(share(as_role("writer"), Role::Reader).await, nothing);
    assert_eq!(share(as_role("reader"), Role::Reader).await, nothing);
    let change = ["PATCH /drive/v3/files/F/permissions/p"];
    assert_eq!(share(as_role("reader"), Role::Writer).await, change);
    let create = ["POST /drive/v3/files/F/permissions"];
    assert_eq!(share(json!([]), Role::Reader).await, create);
    assert_eq!(
        share(
            json!([{"id": "anyone", "type": "anyone", "role": "reader"}]),
            Role::Reader
        )
        .await,
        create
    );
}

#[tokio::test]
async fn the_trash_is_one_edit() {
    let script = Script::acts([answer(json!({"id": "1"}))]).await;
    drive(&script).trash(&FileId::new("1")).await.unwrap();
    assert_eq!(calls(&script), ["PATCH /drive/v3/files/1"]);
    assert_eq!(script.seen()[0].text(), r#"{"trashed":true}"#);
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let script = Script::acts([refusal(403, "insufficientFilePermissions")]).await;
    let drive = drive(&script);
    let error = drive.get(&FileId::new("1")).await.unwrap_err();
    let shown = format!("{:?} {:?} {error:?} {error}", drive.drive, drive.api);
    for secret in ["ya29", "1//r", "s3cret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
