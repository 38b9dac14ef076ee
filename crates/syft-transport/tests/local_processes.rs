//! Several processes on one hub, some of which are killed.
//!
//! A test starts this binary again to run itself as the other process: then the environment
//! says what to create where.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use syft_transport::{Content, Cursor, Drive, FileId, LocalDrive, NewEntry, Query, Role};

const TASK: &str = "SYFT_TEST_TASK";
static CONTENT: [u8; 70_000] = [b'x'; 70_000];

fn open(hub: &Path, account: &str) -> LocalDrive {
    LocalDrive::open(hub, account.parse().unwrap()).unwrap()
}

fn new_file(parent: &FileId) -> NewEntry {
    NewEntry {
        id: None,
        name: "file".into(),
        parent: Some(parent.clone()),
        content: Content::Bytes(CONTENT.to_vec().into()),
    }
}

/// Makes a folder of `do@x.org` that `ds@x.org` may write to.
async fn shared_folder(drive: &LocalDrive) -> FileId {
    let folder = NewEntry {
        name: "folder".into(),
        parent: None,
        content: Content::Folder,
        id: None,
    };
    let folder = drive.create(folder).await.unwrap().id;
    let with = "ds@x.org".parse().unwrap();
    drive.share(&folder, &with, Role::Writer).await.unwrap();
    folder
}

/// Starts `test` of this binary as a process that creates files and prints their ids.
fn start(test: &str, hub: &Path, account: &str, folder: &FileId, count: usize) -> Child {
    let task = format!("{account} {folder} {count} {}", hub.display());
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(TASK, task)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Does the task of the environment, if there is one.
async fn is_other_process() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "the environment tells the two processes of a test apart"
    )]
    let Ok(task) = std::env::var(TASK) else {
        return false;
    };
    let [account, folder, count, hub] = task.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
    let drive = open(Path::new(hub), account);
    let folder = FileId::new(folder);
    for _ in 0..count.parse().unwrap() {
        let entry = drive.create(new_file(&folder)).await.unwrap();
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "\ncreated {}", entry.id).unwrap();
    }
    true
}

/// Reads the ids that a process prints, until it ends or `enough` says so.
fn created(stdout: ChildStdout, mut enough: impl FnMut(usize) -> bool) -> BTreeSet<FileId> {
    let mut ids = BTreeSet::new();
    let mut lines = BufReader::new(stdout).lines();
    while !enough(ids.len()) {
        let Some(line) = lines.next() else { break };
        let line = line.unwrap();
        ids.extend(line.strip_prefix("created ").map(FileId::new));
    }
    ids
}

/// Returns the ids in a folder, after reading each of its files.
async fn whole_files(drive: &LocalDrive, folder: &FileId) -> BTreeSet<FileId> {
    let query = Query {
        parent: Some(folder.clone()),
        ..Query::default()
    };
    let page = drive.list(&query, None).await.unwrap();
    assert!(page.next.is_none());
    for entry in &page.entries {
        let mut content = Vec::new();
        let read = drive.read(&entry.id, 1 << 20, &mut content).await;
        assert_eq!(read.unwrap(), CONTENT.len() as u64);
        assert!(content == CONTENT);
    }
    page.entries.into_iter().map(|entry| entry.id).collect()
}

async fn told(drive: &LocalDrive, since: &Cursor) -> BTreeSet<FileId> {
    let changes = drive.changes(Some(since)).await.unwrap();
    assert!(changes.removed.is_empty());
    changes.entries.into_iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn two_processes_at_once_lose_nothing() {
    if is_other_process().await {
        return;
    }
    let hub = tempfile::tempdir().unwrap();
    let drive = open(hub.path(), "do@x.org");
    let folder = shared_folder(&drive).await;
    let start_of_feed = drive.changes(None).await.unwrap().cursor;
    let mut processes = ["do@x.org", "ds@x.org"].map(|account| {
        let test = "two_processes_at_once_lose_nothing";
        start(test, hub.path(), account, &folder, 60)
    });
    let mut ids = BTreeSet::new();
    for process in &mut processes {
        ids.append(&mut created(process.stdout.take().unwrap(), |_| false));
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(ids.len(), 120);
    for account in ["do@x.org", "ds@x.org"] {
        let reopened = open(hub.path(), account);
        assert_eq!(whole_files(&reopened, &folder).await, ids);
        assert_eq!(told(&reopened, &start_of_feed).await, ids);
    }
    assert_eq!(whole_files(&drive, &folder).await, ids);
}

#[tokio::test]
async fn a_killed_process_leaves_a_readable_hub() {
    if is_other_process().await {
        return;
    }
    let hub = tempfile::tempdir().unwrap();
    let drive = open(hub.path(), "do@x.org");
    let folder = shared_folder(&drive).await;
    let start_of_feed = drive.changes(None).await.unwrap().cursor;
    let mut known = BTreeSet::new();
    for round in 0..40 {
        let test = "a_killed_process_leaves_a_readable_hub";
        let mut process = start(test, hub.path(), "ds@x.org", &folder, 1000);
        let stdout = process.stdout.take().unwrap();
        known.append(&mut created(stdout, |count| count > 0));
        // Different moments within the creation that follows.
        let moment = Instant::now();
        while moment.elapsed() < Duration::from_micros(150 * round) {}
        process.kill().unwrap();
        assert!(!process.wait().unwrap().success());

        let reopened = open(hub.path(), "do@x.org");
        let found = whole_files(&reopened, &folder).await;
        assert!(found.is_superset(&known), "what was created is there");
        assert!(found.len() <= known.len() + 20);
        assert_eq!(told(&drive, &start_of_feed).await, found);
        assert_eq!(whole_files(&drive, &folder).await, found);
        known = found;
    }
    drive.create(new_file(&folder)).await.unwrap();
    let content = hub.path().join("content/ds@x.org");
    let contents = std::fs::read_dir(content).unwrap().count();
    // Opening swept the contents of files that were never created.
    assert_eq!(contents, known.len());
}
