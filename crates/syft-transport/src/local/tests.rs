use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::PathBuf,
    slice,
    time::Duration,
};

use syft_state::fs::write_atomic;

use super::*;
use crate::{conformance, drive::Content, mail::Mailer};

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

fn write(path: impl AsRef<Path>, text: impl AsRef<str>) {
    write_atomic(path.as_ref(), text.as_ref().as_bytes(), 0o600).unwrap();
}

fn root() -> FileId {
    FileId::new("root")
}

async fn cursor(drive: &LocalDrive) -> Cursor {
    drive.changes(None).await.unwrap().cursor
}

#[track_caller]
fn check_names_file<T: std::fmt::Debug>(result: Result<T>, file: &str) {
    let error = result.unwrap_err();
    assert!(
        matches!(error, Error::BadFile { .. } | Error::Local { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains(file), "{error}");
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
async fn damage_is_an_error_that_names_the_file() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    let id = file(&drive, &root()).await;
    let record = format!("entries/a@x.org/{id}.json");
    let whole = fs::read_to_string(hub.path(&record)).unwrap();
    let damages = [
        String::new(),
        whole[..40].to_owned(),
        whole.replace("a@x.org\",", "b@x.org\","),
        whole.replace(id.as_str(), "other"),
        whole.replace("\"file\",", "\"folder\","),
    ];
    for damage in damages {
        assert_ne!(damage, whole);
        write(hub.path(&record), damage);
        check_names_file(hub.try_open("a@x.org"), &record);
    }
    write(hub.path(&record), whole);

    let content = format!("content/a@x.org/{id}");
    write(hub.path(&content), "short");
    let read = hub.open("a@x.org").read(&id, 100, &mut Vec::new()).await;
    check_names_file(read, &content);
    fs::remove_file(hub.path(&content)).unwrap();
    let read = drive.read(&id, 100, &mut Vec::new()).await;
    check_names_file(read, &content);

    fs::remove_file(hub.path("changes.log")).unwrap();
    check_names_file(hub.try_open("a@x.org"), "changes.log");
    check_names_file(drive.changes(None).await, "changes.log");
}

#[tokio::test]
async fn links_are_not_followed() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    let secret = tempfile::NamedTempFile::new().unwrap();
    write(secret.path(), "secrets");
    let id = file(&drive, &root()).await;
    let content = format!("content/a@x.org/{id}");
    fs::remove_file(hub.path(&content)).unwrap();
    symlink(secret.path(), hub.path(&content)).unwrap();
    let mut into = Vec::new();
    check_names_file(drive.read(&id, 100, &mut into).await, &content);
    assert!(into.is_empty());

    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), hub.path("entries/b@x.org")).unwrap();
    let entry = NewEntry {
        id: None,
        name: "x".into(),
        parent: None,
        content: Content::Folder,
    };
    let other = LocalDrive {
        account: "b@x.org".parse().unwrap(),
        ..drive.clone()
    };
    check_names_file(other.create(entry).await, "entries/b@x.org");
    check_names_file(hub.try_open("c@x.org"), "entries/b@x.org");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);

    fs::remove_file(hub.path("lock")).unwrap();
    symlink(secret.path(), hub.path("lock")).unwrap();
    check_names_file(drive.trash(&id).await, "lock");
}

#[tokio::test]
async fn leftovers_are_swept_and_work_in_progress_is_not() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    let id = file(&drive, &root()).await;
    let kept = hub.path(&format!("content/a@x.org/{id}"));
    let orphan = hub.path("content/a@x.org/orphan");
    let [old, young, other] =
        ["tmp/.syft-new-1", "tmp/.syft-new-2", "tmp/other"].map(|path| hub.path(path));
    for path in [&orphan, &old, &young, &other] {
        write(path, "x");
    }
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    for path in [&old, &other] {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    // The line of a writer that was killed before it wrote the record.
    let line = "{\"id\":\"orphan\",\"owner\":\"a@x.org\",\"for\":[\"a@x.org\"]}\n";
    let now = cursor(&drive).await;
    let log = fs::read_to_string(hub.path("changes.log")).unwrap();
    write(hub.path("changes.log"), log + line);

    hub.open("b@x.org");
    let exist = [&kept, &orphan, &old, &young, &other].map(|path| path.exists());
    assert_eq!(exist, [true, false, false, true, true]);
    let changes = drive.changes(Some(&now)).await.unwrap();
    assert!(
        changes.entries.is_empty() && changes.removed.is_empty(),
        "{changes:?}"
    );
}

#[tokio::test]
async fn names_and_ids_of_peers_are_no_paths() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    for name in ["../../escape", "/etc/escape", "escape\0", "a\nescape"] {
        create(&drive, name, &root(), Content::Bytes("x".into())).await;
    }
    let paths = hub.paths();
    assert!(
        !paths
            .iter()
            .any(|path| path.to_string_lossy().contains("escape"))
    );
    for id in [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a.json",
        "root:a@x.org",
        &"x".repeat(101),
    ] {
        let entry = NewEntry {
            id: Some(FileId::new(id)),
            name: "x".into(),
            parent: None,
            content: Content::Folder,
        };
        let created = drive.create(entry).await;
        assert!(
            matches!(created, Err(Error::Rejected { .. })),
            "{id:?}: {created:?}"
        );
    }
    assert_eq!(hub.paths().len(), paths.len());
}

#[tokio::test]
async fn a_hub_is_as_private_as_its_directory() {
    for (hub_mode, file_mode) in [(0o700, 0o600), (0o770, 0o660), (0o777, 0o664)] {
        let hub = Hub::new();
        let mode = fs::Permissions::from_mode(hub_mode);
        fs::set_permissions(hub.directory.path(), mode).unwrap();
        let drive = hub.open("a@x.org");
        file(&drive, &root()).await;
        for path in hub.paths() {
            let is_hub = path == hub.directory.path();
            let dir_mode = if is_hub { hub_mode } else { hub_mode & 0o775 };
            let expected = if path.is_dir() { dir_mode } else { file_mode };
            let mode = path.metadata().unwrap().mode() & 0o777;
            assert_eq!(mode, expected, "{}", path.display());
        }
    }
}

#[test]
fn a_directory_of_something_else_is_refused() {
    let hub = Hub::new();
    write(hub.path("thesis.tex"), "years of work");
    check_names_file(hub.try_open("a@x.org"), "thesis.tex");
    check_names_file(hub.try_open("a@x.org"), "empty directory");
    let from = "a@x.org".parse().unwrap();
    check_names_file(LocalMailer::open(hub.directory.path(), from), "thesis.tex");
    assert_eq!(hub.paths().len(), 2);
}

#[tokio::test]
async fn a_page_token_of_elsewhere_is_rejected() {
    let hub = Hub::new();
    let drive = hub.open("a@x.org");
    let token = PageToken::new("nonsense");
    let page = drive.list(&Query::default(), Some(&token)).await;
    assert!(matches!(page, Err(Error::Rejected { .. })), "{page:?}");
}
