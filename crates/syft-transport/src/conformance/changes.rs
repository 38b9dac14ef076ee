use std::slice;

use super::{Accounts, new_file, new_folder, shared_folder};
use crate::{
    drive::{Changes, Cursor, Drive, FileId, Role},
    error::Error,
};

/// The feed tells each account of what it can see, once, and of what it no longer sees.
pub async fn changes(accounts: &Accounts<'_>) {
    let Accounts {
        owner,
        guest,
        stranger,
    } = *accounts;
    let mut follower = Follower::new(guest).await;
    let mut outsider = Follower::new(stranger).await;
    let mut own = Follower::new(owner).await;
    assert!(follower.next().await.entries.is_empty());

    let folder = shared_folder(owner, guest, Role::Writer).await;
    let private = new_folder(owner).await;
    check(&follower.next().await, &[&folder], &[]);
    check(&own.next().await, &[&folder, &private], &[]);

    let file = new_file(owner, "file", &folder).await;
    let reply = new_file(guest, "reply", &folder).await;
    check(&follower.next().await, &[&file, &reply], &[]);
    check(&own.next().await, &[&file, &reply], &[]);
    check(&follower.next().await, &[], &[]);

    let moved = owner.relocate(&file, &folder, &private).await;
    moved.expect("it is the owner's");
    check(&follower.next().await, &[], &[&file]);
    let news = own.next().await;
    check(&news, &[&file], &[]);
    assert_eq!(news.entries[0].parents, slice::from_ref(&private));

    guest.trash(&reply).await.expect("it is the guest's");
    let news = own.next().await;
    let is_trashed = news.entries.iter().any(|it| it.id == reply && it.trashed);
    assert!(is_trashed || news.removed.contains(&reply), "{news:?}");

    check(&outsider.next().await, &[], &[]);
    let nonsense = guest.changes(Some(&Cursor::new("nonsense"))).await;
    assert!(
        matches!(nonsense, Err(Error::CursorExpired)),
        "{nonsense:?}"
    );
}

/// Asks for changes again and again.
struct Follower<'a> {
    drive: &'a dyn Drive,
    cursor: Cursor,
}

impl<'a> Follower<'a> {
    async fn new(drive: &'a dyn Drive) -> Self {
        let changes = drive
            .changes(None)
            .await
            .expect("there is a cursor for now");
        assert!(changes.entries.is_empty() && changes.removed.is_empty());
        let cursor = changes.cursor;
        Self { drive, cursor }
    }

    async fn next(&mut self) -> Changes {
        let changes = self.drive.changes(Some(&self.cursor)).await;
        let changes = changes.expect("the cursor is fresh");
        // The same question has the same answer: a crash before the cursor is kept loses nothing.
        let again = self.drive.changes(Some(&self.cursor)).await;
        assert_eq!(again.expect("the cursor is fresh").entries, changes.entries);
        self.cursor = changes.cursor.clone();
        changes
    }
}

#[track_caller]
fn check(changes: &Changes, entries: &[&FileId], removed: &[&FileId]) {
    let mut told: Vec<&FileId> = changes.entries.iter().map(|entry| &entry.id).collect();
    told.sort();
    let mut entries = entries.to_vec();
    entries.sort();
    assert_eq!(told, entries, "entries of {changes:?}");
    let told: Vec<&FileId> = changes.removed.iter().collect();
    assert_eq!(told, removed, "removed of {changes:?}");
}
