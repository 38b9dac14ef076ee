//! What every [`Drive`] and every [`Mailer`](crate::Mailer) must do, as functions that panic where one does not.
//!
//! They run on anything: each works in new folders with names of its own and leaves what
//! others have there alone. The three drives are three accounts of one server.
//!
//! ```
//! use syft_transport::{LocalDrive, conformance};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let hub = tempfile::tempdir()?;
//! let open = |account: &str| LocalDrive::open(hub.path(), account.parse().unwrap());
//! conformance::sharing(&conformance::Accounts {
//!     owner: &open("do@example.org")?,
//!     guest: &open("ds@example.org")?,
//!     stranger: &open("eve@example.org")?,
//! })
//! .await;
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```

mod changes;
mod files;
mod listing;
mod mailer;
mod sharing;

use bytes::Bytes;

use crate::{
    drive::{Content, Drive, Entry, FileId, NewEntry, Query, Role},
    error::Error,
};

pub use changes::changes;
pub use files::{files, names, one_id_twice, reading};
pub use listing::{listing, paging};
pub use mailer::{Correspondents, delivery, exactly_once, threading};
pub use sharing::{relocation, sharing, trash};

/// Three accounts of one server; nothing is shared between them yet.
#[derive(Clone, Copy, Debug)]
pub struct Accounts<'a> {
    /// Creates and shares.
    pub owner: &'a dyn Drive,
    /// Is given access.
    pub guest: &'a dyn Drive,
    /// Is never given access.
    pub stranger: &'a dyn Drive,
}

/// Runs everything that a [`Drive`] must do, except [`one_id_twice`], which needs an id.
pub async fn drive(accounts: &Accounts<'_>) {
    files(accounts.owner).await;
    names(accounts.owner).await;
    reading(accounts.owner).await;
    listing(accounts).await;
    paging(accounts.owner).await;
    sharing(accounts).await;
    relocation(accounts).await;
    trash(accounts).await;
    changes(accounts).await;
}

/// Creates a folder of a new name in the account's root.
async fn new_folder(drive: &dyn Drive) -> FileId {
    let name = format!("conformance {}", uuid::Uuid::new_v4());
    create(drive, &name, None, Content::Folder).await.id
}

async fn shared_folder(owner: &dyn Drive, with: &dyn Drive, role: Role) -> FileId {
    let folder = new_folder(owner).await;
    let with = with.account().await.expect("an account has a name");
    let shared = owner.share(&folder, &with, role).await;
    shared.expect("an owner may share");
    folder
}

async fn new_file(drive: &dyn Drive, name: &str, parent: &FileId) -> FileId {
    let content = Content::Bytes(Bytes::from_static(b"content"));
    create(drive, name, Some(parent), content).await.id
}

async fn create(drive: &dyn Drive, name: &str, parent: Option<&FileId>, content: Content) -> Entry {
    let entry = NewEntry {
        id: None,
        name: name.to_owned(),
        parent: parent.cloned(),
        content,
    };
    let created = drive.create(entry).await;
    created.unwrap_or_else(|error| panic!("{name:?} cannot be created: {error}"))
}

async fn get(drive: &dyn Drive, id: &FileId) -> Entry {
    let entry = drive.get(id).await;
    entry.unwrap_or_else(|error| panic!("{id} cannot be looked at: {error}"))
}

async fn read(drive: &dyn Drive, id: &FileId, limit: u64) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    let length = drive.read(id, limit, &mut content).await?;
    assert_eq!(length, content.len() as u64, "the length that is returned");
    Ok(content)
}

/// Lists every page.
async fn list(drive: &dyn Drive, query: &Query) -> Vec<Entry> {
    pages(drive, query).await.concat()
}

async fn pages(drive: &dyn Drive, query: &Query) -> Vec<Vec<Entry>> {
    let mut pages = Vec::new();
    let mut next = None;
    for _ in 0..1000 {
        let page = drive.list(query, next.as_ref()).await;
        let page = page.unwrap_or_else(|error| panic!("{query:?} cannot be listed: {error}"));
        pages.push(page.entries);
        assert!(
            page.next.is_none() || page.next != next,
            "a token came twice"
        );
        next = page.next;
        if next.is_none() {
            return pages;
        }
    }
    panic!("the listing of {query:?} does not end");
}

async fn names_in(drive: &dyn Drive, folder: &FileId) -> Vec<String> {
    let mut names: Vec<String> = list(drive, &children(folder))
        .await
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    names.sort();
    names
}

fn children(folder: &FileId) -> Query {
    Query {
        parent: Some(folder.clone()),
        ..Query::default()
    }
}

#[track_caller]
fn check_not_found<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::NotFound { .. })), "{result:?}");
}

#[track_caller]
fn check_refused<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(
        matches!(result, Err(Error::PermissionDenied { .. })),
        "{result:?}"
    );
}
