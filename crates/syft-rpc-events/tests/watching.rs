//! Apps that watch files, on a real directory.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use syft_rpc_events::{
    AppError, Client, EventHandler, FileChange, FileChangeKind, FileEvent, SyftEvents, Watch,
    config::ClientConfig, layout::Workspace,
};
use tempfile::TempDir;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<FileEvent>>>);

impl Diary {
    fn handler(&self) -> EventHandler {
        let diary = self.clone();
        EventHandler::new(move |event| {
            diary.0.lock().unwrap().push(event);
            async {}
        })
    }

    fn changes(&self) -> Vec<(String, FileChange)> {
        let events = self.0.lock().unwrap();
        let changes = events
            .iter()
            .map(|event| (event.path.clone(), event.change.clone()));
        changes.collect()
    }

    /// Waits for so many events.
    async fn wait(&self, count: usize) -> Vec<(String, FileChange)> {
        for _ in 0..4000 {
            if self.changes().len() >= count {
                return self.changes();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("only {:?}", self.changes());
    }

    /// Waits until so many files were told to be new, and returns how often each was.
    async fn created(&self, count: usize) -> BTreeMap<String, usize> {
        for events in count.. {
            let mut counts = BTreeMap::new();
            let changes = self.wait(events).await.into_iter();
            for (path, _) in changes.filter(|(_, change)| *change == FileChange::Created) {
                *counts.entry(path).or_insert(0) += 1;
            }
            if counts.len() >= count {
                return counts;
            }
        }
        unreachable!("the range has no end")
    }
}

struct Desk {
    dir: TempDir,
    config: ClientConfig,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = ClientConfig {
            data_dir: dir.path().canonicalize().unwrap().join("SyftBox"),
            email: ALICE.parse().unwrap(),
        };
        Self { dir, config }
    }

    fn app(&self) -> SyftEvents {
        SyftEvents::new("app", &self.config).unwrap()
    }

    fn path(&self, path: &str) -> PathBuf {
        Workspace::new(&self.config).datasites().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "peers write in place, too")]
        std::fs::write(path, text).unwrap();
    }

    /// Writes a file that is seen whole or not at all: it is told once.
    fn deliver(&self, path: &str, text: &str) {
        let (aside, path) = (self.dir.path().join("aside"), self.path(path));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "nobody sees it here")]
        std::fs::write(&aside, text).unwrap();
        std::fs::rename(aside, path).unwrap();
    }
}

fn created(path: &str) -> (String, FileChange) {
    (path.to_owned(), FileChange::Created)
}

#[tokio::test(flavor = "multi_thread")]
async fn hears_of_files_that_match_and_of_no_others() {
    let desk = Desk::new();
    let diary = Diary::default();
    desk.deliver("alice@example.com/old.json", "old");
    let mut app = desk
        .app()
        .watch(["{datasite}/**/*.json", "!**/private/**"], diary.handler());
    app.start().await.unwrap();
    assert!(matches!(app.start().await, Err(AppError::Running)));
    desk.deliver("alice@example.com/a/b/new.json", "1");
    assert_eq!(
        diary.wait(1).await,
        [created("alice@example.com/a/b/new.json")]
    );
    desk.deliver("alice@example.com/new.txt", "1");
    desk.deliver("alice@example.com/private/new.json", "1");
    desk.deliver("bob@example.com/new.json", "1");
    desk.deliver("alice@example.com/old.json", "changed");
    let changes = diary.wait(2).await;
    assert_eq!(
        changes[1],
        (
            "alice@example.com/old.json".to_owned(),
            FileChange::Modified
        )
    );
    let event = diary.0.lock().unwrap()[0].clone();
    assert_eq!(event.datasite, Some(ALICE.parse().unwrap()));
    assert_eq!(event.absolute, desk.path("alice@example.com/a/b/new.json"));

    std::fs::rename(
        desk.path("alice@example.com/a"),
        desk.path("alice@example.com/c"),
    )
    .unwrap();
    let from = "alice@example.com/a/b/new.json".to_owned();
    let moved = (
        "alice@example.com/c/b/new.json".to_owned(),
        FileChange::Moved { from },
    );
    assert_eq!(diary.wait(3).await[2], moved);
    std::fs::rename(
        desk.path("alice@example.com/c/b/new.json"),
        desk.path("alice@example.com/c/newer.json"),
    )
    .unwrap();
    let from = "alice@example.com/c/b/new.json".to_owned();
    let moved = (
        "alice@example.com/c/newer.json".to_owned(),
        FileChange::Moved { from },
    );
    assert_eq!(diary.wait(4).await[3], moved);
    // Removals are told to those who ask for them.
    std::fs::remove_file(desk.path("alice@example.com/old.json")).unwrap();
    desk.deliver("alice@example.com/last.json", "1");
    assert_eq!(
        diary.wait(5).await[4],
        created("alice@example.com/last.json")
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_can_be_chosen_and_what_is_there_replayed() {
    let desk = Desk::new();
    desk.write("bob@example.com/one.txt", "1");
    let (all, gone) = (Diary::default(), Diary::default());
    let mut app = desk
        .app()
        .watch(Watch::new(["**/*.txt"]).replay_existing(), all.handler())
        .watch(
            Watch::new(["**/*.txt"]).only([FileChangeKind::Removed]),
            gone.handler(),
        );
    app.start().await.unwrap();
    assert_eq!(all.wait(1).await, [created("bob@example.com/one.txt")]);
    std::fs::remove_file(desk.path("bob@example.com/one.txt")).unwrap();
    let removed = ("bob@example.com/one.txt".to_owned(), FileChange::Removed);
    assert_eq!(gone.wait(1).await, [removed]);
    assert_eq!(all.changes().len(), 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debounced_file_is_told_once() {
    let desk = Desk::new();
    let diary = Diary::default();
    let watch = Watch::new(["**/*.csv"]).debounce(Duration::from_secs(1));
    let mut app = desk.app().watch(watch, diary.handler());
    app.start().await.unwrap();
    for number in 0..10 {
        desk.write("alice@example.com/data.csv", &"x".repeat(number));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    desk.write("alice@example.com/end.csv", "");
    let changes = diary.wait(2).await;
    let wanted = [
        created("alice@example.com/data.csv"),
        created("alice@example.com/end.csv"),
    ];
    assert_eq!(changes, wanted);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_10_a_handler_that_panics_or_hangs_stops_nobody() {
    let desk = Desk::new();
    let diary = Diary::default();
    let mut app = desk
        .app()
        .on_request("/hello", || "hello")
        .watch(
            "**/*.txt",
            EventHandler::new(|_| async { panic!("its own fault") }),
        )
        .watch(
            "**/*.txt",
            EventHandler::blocking(|_| panic!("its own fault")),
        )
        .watch("**/*.txt", EventHandler::new(|_| std::future::pending()))
        .watch("**/*.txt", diary.handler());
    app.start().await.unwrap();
    for number in 0..20 {
        desk.write(&format!("bob@example.com/{number}.txt"), "1");
    }
    assert_eq!(diary.created(20).await.len(), 20);
    let bob = Workspace::new(&ClientConfig {
        email: BOB.parse().unwrap(),
        ..desk.config.clone()
    });
    let client = Client::new(bob);
    let url = client.url(&ALICE.parse().unwrap(), "app", "hello").unwrap();
    let pending = client
        .send(syft_rpc_events::Outgoing::get(url))
        .await
        .unwrap();
    let reply = client
        .wait(&pending, Some(Duration::from_secs(20)))
        .await
        .unwrap();
    assert_eq!(reply.text(), "hello");
    app.stop().await;
}

/// Files that are made right after their directory are the ones that events miss.
#[tokio::test(flavor = "multi_thread")]
async fn files_in_directories_that_are_new_are_all_told_once() {
    let desk = Desk::new();
    let diary = Diary::default();
    let mut app = desk.app().watch("**/*.dat", diary.handler());
    app.start().await.unwrap();
    for number in 0..500 {
        desk.write(&format!("bob@example.com/d{number}/e/f/g.dat"), "1");
        if number % 5 == 0 {
            let full = desk.dir.path().join("full");
            std::fs::create_dir(&full).unwrap();
            std::fs::File::create(full.join("inside.dat")).unwrap();
            std::fs::rename(&full, desk.path(&format!("bob@example.com/m{number}"))).unwrap();
        }
    }
    let counts = diary.created(600).await;
    assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_can_be_stopped_and_started_again() {
    let desk = Desk::new();
    let diary = Diary::default();
    let mut app = desk
        .app()
        .on_request("/hello", || "hello")
        .watch("**/*.dat", diary.handler());
    for number in 1..4 {
        assert!(!app.is_running() && !app.is_cleanup_running());
        app.start().await.unwrap();
        assert!(app.is_running() && app.is_cleanup_running() && app.health().is_watching);
        assert!(app.paths().schema().exists() && app.paths().permissions().exists());
        desk.write(&format!("bob@example.com/{number}.dat"), "1");
        diary.wait(number).await;
        app.stop().await;
    }
    assert_eq!(app.get_cleanup_stats().last.errors, 0);
}
