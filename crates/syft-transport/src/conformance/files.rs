use std::{io::Write, slice};

use bytes::Bytes;

use super::{check_not_found, create, get, list, names_in, new_file, new_folder, read};
use crate::{
    drive::{Content, Drive, Entry, EntryKind, FileId, NameMatch, NewEntry, Query, Role},
    error::Error,
};

/// More than Google takes in one request.
const LARGE: usize = 6 << 20;

/// What is created is found, by id and in its folder, as it was created.
pub async fn files(drive: &dyn Drive) {
    let folder = new_folder(drive).await;
    let subfolder = create(drive, "folder", Some(&folder), Content::Folder).await;
    check_entry(drive, &subfolder, "folder", &folder, None).await;

    let bytes = Bytes::from_static(b"hello");
    let small = create(drive, "small", Some(&folder), Content::Bytes(bytes)).await;
    check_entry(drive, &small, "small", &folder, Some(5)).await;

    let empty = create(drive, "empty", Some(&folder), Content::Bytes(Bytes::new())).await;
    check_entry(drive, &empty, "empty", &folder, Some(0)).await;

    let mut local = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let content: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
    let written = local.write_all(&content);
    written.expect("a temporary file can be written");
    let content_file = Content::File(local.path().to_owned());
    let large = create(drive, "large", Some(&folder), content_file).await;
    check_entry(drive, &large, "large", &folder, Some(LARGE as u64)).await;

    let expected = ["empty", "folder", "large", "small"];
    assert_eq!(names_in(drive, &folder).await, expected);
    assert_eq!(
        read(drive, &small.id, 100).await.expect("it is there"),
        b"hello"
    );
    assert_eq!(read(drive, &empty.id, 0).await.expect("it is there"), b"");
    let read_back = read(drive, &large.id, LARGE as u64).await;
    assert!(
        read_back.expect("it is there") == content,
        "the large content differs"
    );
}

async fn check_entry(
    drive: &dyn Drive,
    created: &Entry,
    name: &str,
    folder: &FileId,
    size: Option<u64>,
) {
    let entry = get(drive, &created.id).await;
    assert_eq!(entry, *created);
    assert_eq!(entry.name, name);
    assert_eq!(entry.parents, slice::from_ref(folder));
    assert_eq!(entry.owner, drive.account().await.ok());
    assert_eq!(entry.size, size);
    assert_eq!(entry.kind == EntryKind::Folder, size.is_none());
    assert!(!entry.trashed);
}

/// A name may be any text, is kept as it is, and two entries may have the same (T5).
pub async fn names(drive: &dyn Drive) {
    let folder = new_folder(drive).await;
    let long = "long ".repeat(40);
    let texts = [
        "o'brien@example.org",
        "it''s",
        "back\\slash\\'",
        "say \"hello\"",
        "two\nlines\r\n",
        "ünïcödé 名前 👩\u{200d}🔬",
        "../../etc/passwd",
        "a/b",
        "..",
        " spaces around ",
        "' or name contains '",
        "%2e%2e&x=y#z+1",
        long.as_str(),
    ];
    for name in texts {
        let id = new_file(drive, name, &folder).await;
        assert_eq!(get(drive, &id).await.name, name);
        let query = Query {
            any_name: vec![NameMatch::Exact(name.to_owned())],
            parent: Some(folder.clone()),
            ..Query::default()
        };
        let found: Vec<FileId> = list(drive, &query)
            .await
            .into_iter()
            .map(|it| it.id)
            .collect();
        assert_eq!(found, [id], "{name:?}");
    }
    assert_eq!(names_in(drive, &folder).await.len(), texts.len());

    let same = new_folder(drive).await;
    let first = new_file(drive, "same", &same).await;
    let second = new_file(drive, "same", &same).await;
    assert_ne!(first, second);
    assert_eq!(names_in(drive, &same).await, ["same", "same"]);
}

/// No more is read than the caller allows (T6), and what is not there is not found.
pub async fn reading(drive: &dyn Drive) {
    let folder = new_folder(drive).await;
    let content = Bytes::from(vec![7; 100_000]);
    let file = create(
        drive,
        "file",
        Some(&folder),
        Content::Bytes(content.clone()),
    )
    .await;
    let exact = read(drive, &file.id, 100_000).await;
    assert_eq!(exact.expect("the limit is its length"), content);
    for limit in [0, 1, 99_999] {
        let mut into = Vec::new();
        let result = drive.read(&file.id, limit, &mut into).await;
        let is_too_large =
            matches!(result, Err(Error::TooLarge { limit: told, .. }) if told == limit);
        assert!(is_too_large, "limit {limit}: {result:?}");
        assert!(into.len() as u64 <= limit, "{} bytes came", into.len());
    }

    let missing = FileId::new("1aNobodyEverCreatedThisFile");
    let account = drive.account().await.expect("an account has a name");
    check_not_found(drive.get(&missing).await);
    check_not_found(read(drive, &missing, 10).await);
    check_not_found(drive.trash(&missing).await);
    check_not_found(drive.relocate(&missing, &folder, &folder).await);
    check_not_found(drive.share(&missing, &account, Role::Reader).await);
    let orphan = NewEntry {
        id: None,
        name: "orphan".into(),
        parent: Some(missing),
        content: Content::Folder,
    };
    check_not_found(drive.create(orphan).await);
}

/// A creation that is repeated with the same id makes nothing new.
///
/// `id` is one that the server made and that was not used before.
pub async fn one_id_twice(drive: &dyn Drive, id: &FileId) {
    let folder = new_folder(drive).await;
    let entry = NewEntry {
        id: Some(id.clone()),
        name: "once".into(),
        parent: Some(folder.clone()),
        content: Content::Bytes(Bytes::from_static(b"once")),
    };
    let first = drive.create(entry.clone()).await.expect("the id is new");
    assert_eq!(first.id, *id);
    match drive.create(entry).await {
        Ok(again) => assert_eq!(again.id, *id),
        Err(Error::AlreadyExists { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    assert_eq!(names_in(drive, &folder).await, ["once"]);
    assert_eq!(read(drive, id, 100).await.expect("it is there"), b"once");
}
