use std::{
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    time::Duration,
};

use syft_state::fs::write_atomic;

use super::*;

fn write(path: impl AsRef<Path>, text: impl AsRef<str>) {
    write_atomic(path.as_ref(), text.as_ref().as_bytes(), 0o600).unwrap();
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
