use std::slice;

use super::{
    Accounts, check_not_found, check_refused, create, get, list, names_in, new_file, new_folder,
    read, shared_folder,
};
use crate::drive::{Content, Drive, FileId, NameMatch, NewEntry, Query, Role};

/// What is not shared is not found; what is shared is found with everything below it.
pub async fn sharing(accounts: &Accounts<'_>) {
    let Accounts {
        owner,
        guest,
        stranger,
    } = *accounts;
    let folder = new_folder(owner).await;
    let name = format!("secret {folder}");
    let subfolder = create(owner, "subfolder", Some(&folder), Content::Folder)
        .await
        .id;
    let file = new_file(owner, &name, &subfolder).await;
    for id in [&folder, &subfolder, &file] {
        check_hidden(guest, id, &name).await;
    }

    let address = guest.account().await.expect("an account has a name");
    share(owner, &folder, guest, Role::Reader).await;
    share(owner, &folder, guest, Role::Reader).await;
    assert_eq!(names_in(guest, &folder).await, ["subfolder"]);
    assert_eq!(names_in(guest, &subfolder).await, [name.as_str()]);
    assert_eq!(
        read(guest, &file, 100).await.expect("it is shared"),
        b"content"
    );
    let seen = get(guest, &file).await;
    // T9: the server says who owns it.
    assert_eq!(seen.owner, owner.account().await.ok());
    assert_eq!(seen.parents, slice::from_ref(&subfolder));
    assert_eq!(found_by_name(guest, &name).await, slice::from_ref(&file));
    check_refused(guest.create(new_entry("unwanted", &folder)).await);
    check_refused(guest.trash(&file).await);
    check_refused(guest.share(&file, &address, Role::Writer).await);
    check_hidden(stranger, &file, &name).await;
    check_hidden(stranger, &folder, &name).await;

    share(owner, &folder, guest, Role::Writer).await;
    let contribution = guest.create(new_entry("contribution", &subfolder)).await;
    let contribution = contribution.expect("a writer may create").id;
    let seen = get(owner, &contribution).await;
    assert_eq!(seen.owner, Some(address));
    assert_eq!(
        read(owner, &contribution, 100)
            .await
            .expect("it is in a folder of the owner"),
        b"new"
    );
    check_hidden(stranger, &contribution, "contribution").await;
}

async fn share(drive: &dyn Drive, id: &FileId, with: &dyn Drive, role: Role) {
    let with = with.account().await.expect("an account has a name");
    let shared = drive.share(id, &with, role).await;
    shared.expect("an owner may share");
}

fn new_entry(name: &str, parent: &FileId) -> NewEntry {
    NewEntry {
        id: None,
        name: name.to_owned(),
        parent: Some(parent.clone()),
        content: Content::Bytes("new".into()),
    }
}

async fn check_hidden(drive: &dyn Drive, id: &FileId, name: &str) {
    check_not_found(drive.get(id).await);
    check_not_found(read(drive, id, 100).await);
    check_not_found(drive.trash(id).await);
    check_not_found(drive.create(new_entry("intruder", id)).await);
    assert!(
        found_by_name(drive, name).await.is_empty(),
        "{name:?} is listed"
    );
}

async fn found_by_name(drive: &dyn Drive, name: &str) -> Vec<FileId> {
    let query = Query {
        any_name: vec![NameMatch::Exact(name.to_owned())],
        ..Query::default()
    };
    list(drive, &query)
        .await
        .into_iter()
        .map(|it| it.id)
        .collect()
}

/// A file that moves into the mover's folder keeps its id and its owner (T27).
pub async fn relocation(accounts: &Accounts<'_>) {
    // As a data owner consumes the proposal of a data scientist, whose inbox it is.
    let Accounts {
        owner,
        guest: sender,
        stranger,
    } = *accounts;
    let inbox = shared_folder(sender, owner, Role::Writer).await;
    let archive = new_folder(owner).await;
    let message = new_file(sender, "message", &inbox).await;
    let moved = owner.relocate(&message, &inbox, &archive).await;
    let moved = moved.expect("a writer may move");
    assert_eq!(moved.id, message);
    assert_eq!(moved.parents, slice::from_ref(&archive));
    assert_eq!(moved.owner, sender.account().await.ok());
    assert_eq!(get(owner, &message).await, moved);
    assert!(names_in(owner, &inbox).await.is_empty());
    assert!(names_in(sender, &inbox).await.is_empty());
    assert_eq!(names_in(owner, &archive).await, ["message"]);
    assert_eq!(
        read(owner, &message, 100)
            .await
            .expect("it is in a folder of the owner"),
        b"content"
    );
    assert_eq!(get(sender, &message).await.owner, moved.owner);
    check_not_found(sender.get(&archive).await);
    check_not_found(stranger.get(&message).await);
}

/// What is in the trash is not listed, and neither is what lies below it.
pub async fn trash(accounts: &Accounts<'_>) {
    let Accounts { owner, guest, .. } = *accounts;
    let folder = shared_folder(owner, guest, Role::Reader).await;
    let subfolder = create(owner, "subfolder", Some(&folder), Content::Folder)
        .await
        .id;
    let kept = new_file(owner, "kept", &folder).await;
    let file = new_file(owner, "file", &folder).await;
    new_file(owner, "below", &subfolder).await;
    for id in [&file, &file, &subfolder] {
        owner.trash(id).await.expect("it is the owner's");
    }
    for drive in [owner, guest] {
        assert_eq!(names_in(drive, &folder).await, ["kept"]);
        assert!(names_in(drive, &subfolder).await.is_empty());
    }
    assert!(get(owner, &file).await.trashed);
    assert!(!get(owner, &kept).await.trashed);
}
