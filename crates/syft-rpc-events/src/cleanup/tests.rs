use std::{
    fs::{self, File},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use proptest::{prelude::*, test_runner::TestCaseError};
use tempfile::TempDir;

use super::*;
use crate::{config::ClientConfig, message::Request};

const DAY_SECONDS: i64 = 86_400;
const NOW: i64 = 1_800_000_000;
const ID: &str = "81fcff17-6651-41df-8c1b-8a9d88f96a29";

/// An app with files of any age.
struct Desk {
    dir: TempDir,
    workspace: Workspace,
    app: AppPaths,
}

impl Desk {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let email: syft_state::Email = "alice@example.com".parse().unwrap();
        let workspace = Workspace::new(&ClientConfig {
            data_dir: dir.path().to_owned(),
            email: email.clone(),
        });
        let app = workspace.app("app", &email).unwrap();
        fs::create_dir_all(app.rpc()).unwrap();
        Self {
            dir,
            workspace,
            app,
        }
    }

    /// Writes a file that was changed so many days ago, and returns its path.
    fn write(&self, path: &str, content: &str, days: i64) -> PathBuf {
        let path = self.app.rpc().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        syft_state::fs::write_fleeting(&path, content.as_bytes(), 0o644).unwrap();
        age(&path, days);
        path
    }

    /// Writes a request that says that it was made so many days ago.
    fn request(&self, path: &str, days: i64, said: i64) -> PathBuf {
        let made = chrono::DateTime::from_timestamp(NOW - said * DAY_SECONDS, 0).unwrap();
        let text = format!(
            r#"{{"sender":"bob@x.org","url":"syft://alice@example.com/app_data/app/rpc/a","created":"{}"}}"#,
            made.to_rfc3339()
        );
        Request::parse(text.as_bytes(), Uuid::nil(), Timestamp::EPOCH).unwrap();
        self.write(path, &text, days)
    }

    fn cleaner(&self, is_dry: bool, claims: Claims) -> Cleaner {
        let policy = Policy { expiry: DAY * 30 };
        Cleaner::new(&self.workspace, &self.app, policy, is_dry, claims)
    }

    fn run(&self) -> CleanupStats {
        stats_of(&self.cleaner(false, Claims::default()))
    }

    fn periodic(&self, options: CleanupOptions) -> PeriodicCleanup {
        PeriodicCleanup::new(&self.workspace, &self.app, options)
    }
}

fn stats_of(cleaner: &Cleaner) -> CleanupStats {
    let now = Timestamp::from_seconds(NOW);
    let mut stats = CleanupStats::default();
    stats.note(cleaner.run(now), now);
    stats
}

fn age(path: &std::path::Path, days: i64) {
    let seconds = u64::try_from(NOW - days * DAY_SECONDS).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    File::open(path).unwrap().set_modified(time).unwrap();
}

#[track_caller]
fn check_gone(paths: &[PathBuf]) {
    for path in paths {
        assert!(!path.exists(), "{}", path.display());
    }
}

#[track_caller]
fn check_kept(paths: &[PathBuf]) {
    for path in paths {
        assert!(path.exists(), "{}", path.display());
    }
}

#[test]
fn requests_go_with_their_responses_answered_or_not_at_any_depth() {
    let desk = Desk::new();
    let gone = [
        desk.request("a/bob@x.org/1.request", 31, 31),
        desk.write("a/bob@x.org/1.response", "answer", 31),
        desk.request("a/b/c/bob@x.org/2.request", 31, 40),
        desk.request("legacy.request", 31, 31),
        desk.request(&format!("unregistered/carol@x.org/{ID}.request"), 40, 31),
    ];
    let kept = [
        desk.request("a/bob@x.org/3.request", 29, 40),
        desk.write("a/bob@x.org/3.response", "answer", 40),
        desk.request("a/bob@x.org/4.request", 40, 29),
        desk.request("a/bob@x.org/5.request", 40, 40),
        desk.write("a/bob@x.org/5.response", "just answered", 1),
        desk.write("a/.syftkeep", "", 99),
        desk.write("rpc.schema.json", "{}", 99),
        desk.write("syft.pub.yaml", "", 99),
        desk.write("a/bob@x.org/notes.txt", "", 99),
    ];
    let stats = desk.run();
    check_gone(&gone);
    check_kept(&kept);
    let last = stats.last;
    assert_eq!(
        (last.requests_deleted, last.responses_deleted, last.errors),
        (4, 1, 0)
    );
    let bob = &stats.senders[&"bob@x.org".parse().unwrap()];
    assert_eq!((bob.requests_deleted, bob.responses_deleted), (2, 1));
    assert_eq!(stats.senders.len(), 2);
    assert!(last.bytes_freed > 400);
}

#[test]
fn row_28_what_python_never_deletes_goes() {
    let desk = Desk::new();
    let gone = [
        desk.write("a/bob@x.org/junk.request", "\u{0}{", 31),
        desk.write("a/bob@x.org/orphan.response", "{}", 31),
        desk.request("a/bob@x.org/tomorrow.request", 31, -1),
        desk.write(&format!("a/bob@x.org/{ID}.rejected.request"), "{}", 31),
        desk.write(
            &format!("a/bob@x.org/{ID}.conflict.20260101000000.response"),
            "{}",
            31,
        ),
        desk.write(&format!("a/bob@x.org/{ID}.syftrejected.request"), "{}", 31),
        desk.write(&format!("a/bob@x.org/{ID}.request.tmp.1234"), "{", 31),
    ];
    let empty = desk.app.rpc().join("a/gone@x.org");
    fs::create_dir(&empty).unwrap();
    age(&empty, 31);
    let stats = desk.run();
    check_gone(&gone);
    check_gone(&[empty]);
    let last = stats.last;
    let counts = (
        last.requests_deleted,
        last.responses_deleted,
        last.markers_deleted,
        last.temporaries_deleted,
        last.directories_deleted,
        last.errors,
    );
    assert_eq!(counts, (2, 1, 3, 1, 1, 0));
}

#[test]
fn directories_stay_unless_they_are_a_senders_empty_and_old() {
    let desk = Desk::new();
    let directories = ["a/young@x.org", "a/b", "a/full@x.org"].map(|path| {
        let path = desk.app.rpc().join(path);
        fs::create_dir_all(&path).unwrap();
        path
    });
    desk.write("a/full@x.org/notes.txt", "", 99);
    age(&directories[1], 99);
    age(&directories[2], 99);
    age(&directories[0], 1);
    assert_eq!(desk.run().last, Counts::default());
    check_kept(&directories);
}

#[test]
fn our_leftovers_go_and_the_go_clients_files_stay() {
    let desk = Desk::new();
    let staging = desk.workspace.staging();
    fs::create_dir_all(&staging).unwrap();
    let write = |name: &str, days| {
        let path = staging.join(name);
        syft_state::fs::write_fleeting(&path, b"x", 0o644).unwrap();
        age(&path, days);
        path
    };
    let gone = [write("rpc-12-3.tmp", 1)];
    let kept = [
        write("rpc-12-4.tmp", 0),
        write("rpc-alice@example.com-app.lock", 99),
        write("rpc-x-1.tmp", 99),
        write("download-12.tmp", 99),
    ];
    assert_eq!(desk.run().last.temporaries_deleted, 1);
    check_gone(&gone);
    check_kept(&kept);
}

#[test]
fn row_29_nothing_is_followed() {
    let desk = Desk::new();
    let outside = desk.dir.path().join("outside");
    fs::create_dir_all(outside.join("bob@x.org")).unwrap();
    let victim = outside.join("bob@x.org/1.request");
    syft_state::fs::write_fleeting(&victim, b"{}", 0o644).unwrap();
    age(&victim, 99);
    let link = |to: &std::path::Path, at: &str| {
        let at = desk.app.rpc().join(at);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(to, at).unwrap();
    };
    link(&outside, "linked");
    link(&outside.join("bob@x.org"), "a/carol@x.org");
    link(&victim, "a/bob@x.org/2.request");
    assert_eq!(desk.run().last, Counts::default());
    check_kept(&[victim]);
}

#[test]
fn what_is_handled_stays_with_its_answer() {
    let desk = Desk::new();
    let request = desk.request("a/bob@x.org/1.request", 99, 99);
    let response = desk.write("a/bob@x.org/1.response", "an older answer", 99);
    let claims = Claims::default();
    claims.take(&"a/bob@x.org/1.request".into());
    let cleaner = desk.cleaner(false, claims.clone());
    assert_eq!(stats_of(&cleaner).last, Counts::default());
    check_kept(&[request.clone(), response.clone()]);
    claims.release("a/bob@x.org/1.request");
    assert_eq!(stats_of(&cleaner).last.responses_deleted, 1);
    check_gone(&[request, response]);
}

#[test]
fn a_dry_run_deletes_nothing_and_lists_what_would_go() {
    let desk = Desk::new();
    let request = desk.request("a/bob@x.org/1.request", 31, 31);
    let stats = stats_of(&desk.cleaner(true, Claims::default()));
    check_kept(std::slice::from_ref(&request));
    let listed = stats.dry_run.unwrap();
    assert_eq!(
        (stats.last.requests_deleted, stats.total.requests_deleted),
        (1, 0)
    );
    assert_eq!((&listed[0].path, listed[0].kind), (&request, Kind::Request));
    assert_eq!(listed[0].sender, "bob@x.org".parse().ok());
}

#[test]
fn what_cannot_be_deleted_is_counted_and_the_rest_goes() {
    let desk = Desk::new();
    let gone = desk.request("a/bob@x.org/1.request", 31, 31);
    // A file where a directory should be cannot be looked into, whoever asks.
    let strange = Cleaner::new(
        &desk.workspace,
        &desk
            .workspace
            .app("strange", desk.workspace.email())
            .unwrap(),
        Policy { expiry: DAY },
        false,
        Claims::default(),
    );
    let rpc = desk
        .dir
        .path()
        .join("datasites/alice@example.com/app_data/strange/rpc");
    fs::create_dir_all(rpc.parent().unwrap()).unwrap();
    syft_state::fs::write_fleeting(&rpc, b"", 0o644).unwrap();
    assert_eq!(stats_of(&strange).last.errors, 1);
    assert_eq!(desk.run().last.requests_deleted, 1);
    check_gone(&[gone]);
}

#[test]
fn an_app_that_has_no_files_is_clean() {
    let desk = Desk::new();
    fs::remove_dir_all(desk.app.rpc()).unwrap();
    assert_eq!(desk.run().last, Counts::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_the_names_are_only_what_is_due_goes(
        names in proptest::collection::btree_set(
            "(a/)?(bob@x\\.org/|[a-c]/|@/)?[12](\\.rejected|\\.conflict)?\\.(request|response|request\\.tmp\\.1|txt)",
            0..12,
        ),
        is_old in any::<bool>(),
    ) {
        let desk = Desk::new();
        let days = if is_old { 31 } else { 29 };
        let written: Vec<PathBuf> = names.iter().map(|name| desk.write(name, "{}", days)).collect();
        let stats = desk.run();
        prop_assert_eq!(stats.last.errors, 0);
        for path in written {
            let is_ours = path.extension() != Some("txt".as_ref());
            if path.exists() == (is_old && is_ours) {
                return Err(TestCaseError::fail(path.display().to_string()));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_runs_at_once_and_after_each_interval_and_again_after_a_stop() {
    let desk = Desk::new();
    let (runs, mut told) = tokio::sync::mpsc::unbounded_channel();
    let options = CleanupOptions {
        interval: "1h".parse().unwrap(),
        jitter: Duration::from_secs(60),
        on_complete: Some(Callback::new(move |stats| {
            runs.send(stats.runs).unwrap();
            panic!("it is not its business");
        })),
        ..CleanupOptions::default()
    };
    let cleanup = desk.periodic(options);
    assert!(!cleanup.is_running());
    cleanup.stop().await;
    let began = tokio::time::Instant::now();
    cleanup.start();
    cleanup.start();
    for run in 1..=4 {
        assert_eq!(told.recv().await, Some(run));
        let hours = Duration::from_secs(3600) * u32::try_from(run - 1).unwrap();
        let late = began.elapsed().checked_sub(hours).unwrap();
        assert!(late < Duration::from_secs(240), "{run} {late:?}");
    }
    assert!(cleanup.is_running());
    cleanup.stop().await;
    assert!(!cleanup.is_running());
    assert!(told.try_recv().is_err());

    cleanup.start();
    assert_eq!(told.recv().await, Some(5));
    assert!(cleanup.is_running());
    assert_eq!(cleanup.stats().runs, 5);
}

#[tokio::test]
async fn it_can_be_asked_to_run_now() {
    let desk = Desk::new();
    let request = desk.write("a/bob@x.org/1.request", "{}", 0);
    let hours_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    File::open(&request)
        .unwrap()
        .set_modified(hours_ago)
        .unwrap();
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let cleanup = desk.periodic(CleanupOptions {
        on_complete: Some(Callback::new(move |stats| {
            counted.fetch_add(stats.last.requests_deleted, Ordering::SeqCst);
        })),
        ..CleanupOptions::default()
    });
    let stats = cleanup.cleanup_now().await;
    assert_eq!((stats.last.requests_deleted, stats.runs), (1, 1));
    assert!(stats.last_cleanup.is_some() && !cleanup.is_running());
    assert_eq!(stats, cleanup.stats());
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    check_gone(&[request]);
}

#[test]
fn jitter_is_at_most_what_was_asked_for() {
    assert_eq!(jitter(Duration::ZERO), Duration::ZERO);
    let longest = Duration::from_secs(60);
    let all: Vec<Duration> = (0..100).map(|_| jitter(longest)).collect();
    assert!(all.iter().all(|one| *one <= longest));
    assert!(all.iter().any(|one| *one != all[0]));
    jitter(Duration::MAX);
}
