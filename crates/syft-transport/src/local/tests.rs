use std::{fs, path::PathBuf, slice};

use super::*;
use crate::{conformance, drive::Content, mail::Mailer};

mod disk;
mod mailer;

struct Hub {
    directory: tempfile::TempDir,
}

impl Hub {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    fn open(&self, account: &str) -> LocalDrive {
        self.try_open(account).unwrap()
    }

    fn try_open(&self, account: &str) -> Result<LocalDrive> {
        LocalDrive::open(self.directory.path(), account.parse().unwrap())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Every file and directory below the hub.
    fn paths(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.directory.path().to_owned()];
        let mut next = 0;
        while let Some(path) = paths.get(next).cloned() {
            if path.is_dir() {
                paths.extend(
                    fs::read_dir(path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            }
            next += 1;
        }
        paths
    }
}

async fn create(drive: &LocalDrive, name: &str, parent: &FileId, content: Content) -> FileId {
    let entry = NewEntry {
        id: None,
        name: name.into(),
        parent: Some(parent.clone()),
        content,
    };
    drive.create(entry).await.unwrap().id
}

async fn folder(drive: &LocalDrive, parent: &FileId) -> FileId {
    create(drive, "folder", parent, Content::Folder).await
}

async fn file(drive: &LocalDrive, parent: &FileId) -> FileId {
    create(drive, "file", parent, Content::Bytes("content".into())).await
}

fn root() -> FileId {
    FileId::new("root")
}

async fn cursor(drive: &LocalDrive) -> Cursor {
    drive.changes(None).await.unwrap().cursor
}

#[tokio::test]
async fn conforms() {
    let hub = Hub::new();
    let (owner, guest, stranger) = (
        hub.open("DO@example.org"),
        hub.open("o'brien_ds@example.org"),
        hub.open("eve@example.org"),
    );
    let accounts = conformance::Accounts {
        owner: &owner,
        guest: &guest,
        stranger: &stranger,
    };
    conformance::drive(&accounts).await;
    conformance::one_id_twice(&owner, &LocalDrive::new_id()).await;
}

#[tokio::test]
async fn a_root_belongs_to_its_account() {
    let hub = Hub::new();
    let (owner, other) = (hub.open("Alice@x.org"), hub.open("b@x.org"));
    let below = folder(&owner, &root()).await;
    let entry = owner.get(&below).await.unwrap();
    assert_eq!(entry.parents, [FileId::new("root:alice@x.org")]);
    let foreign = entry.parents[0].clone();
    assert!(matches!(
        other.get(&foreign).await,
        Err(Error::NotFound { .. })
    ));
    assert_eq!(owner.get(&root()).await.unwrap().id, foreign);

    let inner = folder(&owner, &below).await;
    let moved = owner.relocate(&inner, &below, &root()).await.unwrap();
    assert_eq!(moved.parents, slice::from_ref(&foreign));
    // A repeated call whose first answer was lost.
    assert_eq!(
        owner.relocate(&inner, &below, &root()).await.unwrap(),
        moved
    );
    // T3: the same account, typed differently.
    assert_eq!(hub.open("ALICE@X.ORG").get(&inner).await.unwrap(), moved);
    let with = other.account().await.unwrap();
    assert!(owner.share(&root(), &with, Role::Reader).await.is_err());
}

#[tokio::test]
async fn a_folder_cannot_move_into_itself_or_too_deep() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    let top = folder(&drive, &root()).await;
    let middle = folder(&drive, &top).await;
    let bottom = folder(&drive, &middle).await;
    let mut last = folder(&drive, &root()).await;
    for _ in 0..98 {
        last = folder(&drive, &last).await;
    }
    let deepest = folder(&drive, &last).await;
    let too_deep = NewEntry {
        id: None,
        name: "x".into(),
        parent: Some(deepest.clone()),
        content: Content::Folder,
    };
    let results = [
        drive.relocate(&top, &root(), &top).await,
        drive.relocate(&top, &root(), &bottom).await,
        drive.relocate(&bottom, &top, &root()).await,
        drive.relocate(&middle, &top, &last).await,
        drive.create(too_deep).await,
    ];
    for result in results {
        assert!(matches!(result, Err(Error::Rejected { .. })), "{result:?}");
    }
    drive.relocate(&bottom, &middle, &last).await.unwrap();
}

#[tokio::test]
async fn the_feed_tells_of_everything_below_a_shared_folder() {
    let hub = Hub::new();
    let (owner, guest) = (hub.open("do@x.org"), hub.open("ds@x.org"));
    let top = folder(&owner, &root()).await;
    let private = folder(&owner, &root()).await;
    let inner = folder(&owner, &top).await;
    let content = file(&owner, &inner).await;
    let start = cursor(&guest).await;
    let with = guest.account().await.unwrap();
    owner.share(&top, &with, Role::Reader).await.unwrap();
    let mut expected = vec![top.clone(), inner.clone(), content.clone()];
    expected.sort();

    let shared = guest.changes(Some(&start)).await.unwrap();
    let mut told: Vec<FileId> = shared.entries.into_iter().map(|it| it.id).collect();
    told.sort();
    assert_eq!((told, shared.removed), (expected, Vec::new()));

    owner.relocate(&inner, &top, &private).await.unwrap();
    let hidden = guest.changes(Some(&shared.cursor)).await.unwrap();
    let mut removed = hidden.removed;
    removed.sort();
    let mut expected = vec![inner, content];
    expected.sort();
    assert_eq!((hidden.entries, removed), (Vec::new(), expected));
}

#[tokio::test]
async fn an_idle_feed_looks_at_the_log_alone() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    file(&drive, &root()).await;
    let now = cursor(&drive).await;
    for part in ["entries", "content", "lock"] {
        fs::rename(hub.path(part), hub.path(&format!("{part}.away"))).unwrap();
    }
    let changes = drive.changes(Some(&now)).await.unwrap();
    assert_eq!((changes.entries.len(), changes.cursor), (0, now));
}

#[tokio::test]
async fn a_new_feed_expires_cursors_and_loses_nothing() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    let id = file(&drive, &root()).await;
    let now = cursor(&drive).await;
    feed::Feed::new(hub.path("changes.log"), 0o600)
        .start()
        .unwrap();
    let changes = drive.changes(Some(&now)).await;
    assert!(matches!(changes, Err(Error::CursorExpired)), "{changes:?}");
    assert_eq!(drive.get(&id).await.unwrap().id, id);
}

#[tokio::test]
async fn a_page_token_of_elsewhere_is_rejected() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    let token = PageToken::new("nonsense");
    let page = drive.list(&Query::default(), Some(&token)).await;
    assert!(matches!(page, Err(Error::Rejected { .. })), "{page:?}");
}
