//! What a cleanup costs in a directory with 20,000 requests and as many responses.

use std::{
    fs::File,
    path::Path,
    time::{Duration, SystemTime},
};

use divan::Bencher;
use syft_rpc_events::{
    CleanupOptions, PeriodicCleanup,
    config::ClientConfig,
    layout::{AppPaths, Workspace},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

const PAIRS: usize = 20_000;
const SENDERS: usize = 20;

fn main() {
    divan::main();
}

/// All files are young.
#[divan::bench(sample_count = 20)]
fn nothing_is_due(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().expect("a runtime");
    let (_dir, workspace, app) = desk();
    fill(&app, 0);
    let cleanup = PeriodicCleanup::new(&workspace, &app, CleanupOptions::default());
    bencher.bench_local(|| {
        let stats = runtime.block_on(cleanup.cleanup_now());
        assert_eq!((stats.last.requests_deleted, stats.last.errors), (0, 0));
    });
}

/// Half of the files are old, and go.
#[divan::bench(sample_count = 5)]
fn half_is_due(bencher: Bencher<'_, '_>) {
    let runtime = Runtime::new().expect("a runtime");
    bencher
        .with_inputs(|| {
            let (dir, workspace, app) = desk();
            fill(&app, PAIRS / 2);
            let cleanup = PeriodicCleanup::new(&workspace, &app, CleanupOptions::default());
            (dir, cleanup)
        })
        .bench_local_values(|(dir, cleanup)| {
            let stats = runtime.block_on(cleanup.cleanup_now());
            let deleted = (stats.last.requests_deleted, stats.last.responses_deleted);
            assert_eq!(deleted, (PAIRS as u64 / 2, PAIRS as u64 / 2));
            dir
        });
}

fn desk() -> (TempDir, Workspace, AppPaths) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let workspace = Workspace::new(&ClientConfig {
        data_dir: dir.path().to_owned(),
        email: "alice@example.com".parse().expect("an address"),
    });
    let app = workspace.app("app", workspace.email()).expect("a name");
    (dir, workspace, app)
}

/// Writes all pairs, the first of them so that they are due.
fn fill(app: &AppPaths, due: usize) {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for sender in 0..SENDERS {
        let directory = app.rpc().join(format!("hello/bob{sender}@x.org"));
        std::fs::create_dir_all(directory).expect("the directory can be made");
    }
    for number in 0..PAIRS {
        let sender = number % SENDERS;
        let name = app
            .rpc()
            .join(format!("hello/bob{sender}@x.org/{}", Uuid::new_v4()));
        for extension in ["request", "response"] {
            let path = name.with_extension(extension);
            write(&path);
            if number < due {
                let file = File::open(&path).expect("it was just written");
                file.set_modified(long_ago).expect("it is ours");
            }
        }
    }
}

fn write(path: &Path) {
    let message = br#"{"id":"81fcff17-6651-41df-8c1b-8a9d88f96a29","sender":"bob@x.org","url":"syft://alice@example.com/app_data/app/rpc/hello","body":"eyJuYW1lIjoiV29ybGQifQ==","headers":{},"created":"2023-11-14T22:13:20.000001+00:00","expires":"2023-11-14T22:28:20.000001+00:00","method":"POST"}"#;
    syft_state::fs::write_fleeting(path, message, 0o644).expect("it can be written");
}
