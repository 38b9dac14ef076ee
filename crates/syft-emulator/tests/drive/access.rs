use serde_json::{Value, json};

use crate::support::{Account, FOLDER, emulator, text};

const DO: &str = "do@example.org";
const DS: &str = "D.S@Example.org";

#[tokio::test]
async fn a_shared_folder_is_found_by_the_other_side_only() {
    let emulator = emulator().await;
    let (ds, owner, stranger) = (
        Account::new(&emulator, DS),
        Account::new(&emulator, DO),
        Account::new(&emulator, "x@example.net"),
    );
    let top = ds
        .make(json!({"name": "SyftBox", "mimeType": FOLDER}))
        .await;
    let inbox = ds
        .make(json!({"name": "inbox", "mimeType": FOLDER, "parents": [top]}))
        .await;
    let job = ds.make(json!({"name": "job", "parents": [inbox]})).await;
    owner
        .get(&format!("/drive/v3/files/{inbox}"), &[])
        .await
        .refused(404, "notFound");
    let given = ds.share(&inbox, "DO@example.org", "writer").await.ok();
    assert_eq!(
        (&given["type"], &given["role"]),
        (&json!("user"), &json!("writer"))
    );
    let shown = owner
        .get(&format!("/drive/v3/files/{inbox}"), &[("fields", "*")])
        .await
        .ok();
    assert!(
        shown.get("parents").is_none(),
        "the folder above is not shared"
    );
    assert_eq!(
        (&shown["ownedByMe"], &shown["shared"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(shown["owners"][0]["emailAddress"], DS);
    assert_eq!(shown["sharingUser"]["emailAddress"], DS);
    assert!(shown["sharedWithMeTime"].is_string());
    assert_eq!(
        owner.names("'d.s@example.org' in owners", "name").await,
        ["inbox", "job"]
    );
    assert_eq!(owner.names("sharedWithMe", "name").await, ["inbox"]);
    let below = format!("'{inbox}' in parents");
    assert_eq!(owner.names(&below, "name").await, ["job"]);
    assert!(stranger.names("trashed=false", "name").await.is_empty());
    stranger
        .get(&format!("/drive/v3/files/{job}"), &[("alt", "media")])
        .await
        .refused(404, "notFound");
}

/// The data owner consumes a proposal: it moves into his archive, but stays the sender's.
#[tokio::test]
async fn a_writer_moves_a_foreign_file_into_his_own_folder() {
    let emulator = emulator().await;
    let (ds, owner) = (Account::new(&emulator, DS), Account::new(&emulator, DO));
    let inbox = ds.make(json!({"name": "inbox", "mimeType": FOLDER})).await;
    let job = ds.make(json!({"name": "job", "parents": [inbox]})).await;
    ds.share(&inbox, DO, "writer").await.ok();
    let archive = owner
        .make(json!({"name": "archive", "mimeType": FOLDER}))
        .await;
    let path = format!(
        "/drive/v3/files/{job}?addParents={archive}&removeParents={inbox}&fields=id,parents,owners(emailAddress)"
    );
    let moved = owner.patch(&path, json!({})).await.ok();
    assert_eq!(
        moved,
        json!({"id": job, "parents": [archive], "owners": [{"emailAddress": DS}]})
    );
    let seen = ds
        .get(
            &format!("/drive/v3/files/{job}"),
            &[("fields", "id,parents")],
        )
        .await
        .ok();
    assert_eq!(
        seen,
        json!({"id": job}),
        "the sender does not see the archive"
    );
}

#[tokio::test]
async fn roles_limit_what_can_be_done() {
    let emulator = emulator().await;
    let (ds, owner) = (Account::new(&emulator, DS), Account::new(&emulator, DO));
    let file = ds.make(json!({"name": "file"})).await;
    let path = format!("/drive/v3/files/{file}");
    ds.share(&file, DO, "reader").await.ok();
    owner
        .patch(&path, json!({"name": "x"}))
        .await
        .refused(403, "insufficientFilePermissions");
    owner.patch(&path, json!({"starred": true})).await.ok();
    owner
        .get(&format!("{path}/permissions"), &[])
        .await
        .refused(403, "insufficientFilePermissions");
    owner
        .share(&file, "x@example.net", "reader")
        .await
        .refused(403, "insufficientFilePermissions");
    ds.share(&file, DO, "writer").await.ok();
    owner.patch(&path, json!({"name": "x"})).await.ok();
    owner
        .patch(&path, json!({"trashed": true}))
        .await
        .refused(403, "insufficientFilePermissions");
    owner
        .delete(&path)
        .await
        .refused(403, "insufficientFilePermissions");
    let limited = "https://www.googleapis.com/auth/gmail.send";
    let mailer = Account::with_scope(&emulator, DO, limited);
    mailer
        .get(&path, &[])
        .await
        .refused(403, "insufficientPermissions");
    let watcher = Account::with_scope(
        &emulator,
        DO,
        "https://www.googleapis.com/auth/drive.metadata.readonly",
    );
    watcher.get(&path, &[]).await.ok();
    watcher
        .get(&path, &[("alt", "media")])
        .await
        .refused(403, "insufficientPermissions");
    let anonymous = owner.anonymous(reqwest::Method::GET, &path);
    crate::support::Answer::of(anonymous)
        .await
        .refused(401, "authError");
}

#[tokio::test]
async fn permissions_are_listed_changed_and_taken_back() {
    let emulator = emulator().await;
    let (ds, owner) = (Account::new(&emulator, DS), Account::new(&emulator, DO));
    let folder = ds.make(json!({"name": "folder", "mimeType": FOLDER})).await;
    let file = ds.make(json!({"name": "file", "parents": [folder]})).await;
    let id = text(&ds.share(&folder, DO, "reader").await.ok()["id"]);
    assert_eq!(
        text(&ds.share(&folder, DO, "reader").await.ok()["id"]),
        id,
        "sharing twice is one permission"
    );
    let all = format!("/drive/v3/files/{folder}/permissions");
    let listed = ds
        .get(&all, &[("fields", "permissions(emailAddress,role)")])
        .await
        .ok();
    assert_eq!(
        listed,
        json!({"permissions": [
            {"emailAddress": DS, "role": "owner"}, {"emailAddress": DO, "role": "reader"},
        ]})
    );
    let one = format!("{all}/{id}");
    assert_eq!(
        ds.patch(&one, json!({"role": "commenter"})).await.ok()["role"],
        "commenter"
    );
    assert_eq!(
        ds.get(&one, &[("fields", "*")]).await.ok()["emailAddress"],
        DO
    );
    let inherited = format!("/drive/v3/files/{file}/permissions/{id}");
    ds.delete(&inherited)
        .await
        .refused(403, "cannotDeleteInheritedPermission");
    assert_eq!(owner.delete(&one).await.status, 204, "everybody may leave");
    owner
        .get(&format!("/drive/v3/files/{file}"), &[])
        .await
        .refused(404, "notFound");
    ds.delete(&one).await.refused(404, "notFound");
}

#[tokio::test]
async fn bad_shares_are_refused() {
    let emulator = emulator().await;
    let ds = Account::new(&emulator, DS);
    let file = ds.make(json!({"name": "file"})).await;
    let path = format!("/drive/v3/files/{file}/permissions");
    let check = |body: Value, status: u16, reason: &'static str| {
        let answer = ds.post(&path, body);
        async move { answer.await.refused(status, reason) }
    };
    check(json!({"type": "user", "role": "reader"}), 400, "invalid").await;
    check(
        json!({"type": "user", "role": "reader", "emailAddress": "no address"}),
        400,
        "invalid",
    )
    .await;
    check(
        json!({"type": "user", "role": "king", "emailAddress": DO}),
        400,
        "invalid",
    )
    .await;
    check(json!({"type": "robot", "role": "reader"}), 400, "invalid").await;
    check(json!({"role": "reader"}), 400, "required").await;
    check(json!({"type": "anyone"}), 400, "required").await;
    check(
        json!({"type": "user", "role": "owner", "emailAddress": DO}),
        403,
        "forbidden",
    )
    .await;
    check(json!({"kid": "user"}), 400, "badRequest").await;
    let transfer = format!("{path}?transferOwnership=true&sendNotificationEmail=false");
    let heir = json!({"type": "user", "role": "owner", "emailAddress": DO});
    assert_eq!(ds.post(&transfer, heir).await.ok()["role"], "owner");
    let path = format!("/drive/v3/files/{file}");
    let shown = ds.get(&path, &[("fields", "ownedByMe,capabilities/canEdit")]);
    assert_eq!(
        shown.await.ok(),
        json!({"ownedByMe": false, "capabilities": {"canEdit": true}})
    );
}

#[tokio::test]
async fn a_link_opens_a_file_to_anyone() {
    let emulator = emulator().await;
    let (ds, stranger) = (
        Account::new(&emulator, DS),
        Account::new(&emulator, "x@example.net"),
    );
    let file = ds.make(json!({"name": "file"})).await;
    let permissions = format!("/drive/v3/files/{file}/permissions");
    let link = ds.post(&permissions, json!({"type": "anyone", "role": "reader"}));
    assert_eq!(
        link.await.ok(),
        json!({
            "kind": "drive#permission", "id": "anyoneWithLink", "type": "anyone", "role": "reader",
        })
    );
    stranger
        .get(&format!("/drive/v3/files/{file}"), &[])
        .await
        .ok();
    assert!(stranger.names("trashed=false", "name").await.is_empty());
    assert_eq!(
        ds.names("visibility = 'anyoneWithLink'", "name").await,
        ["file"]
    );
}
