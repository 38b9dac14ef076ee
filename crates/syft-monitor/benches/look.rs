//! What a look costs that finds nothing new, apart from the network.

use std::{fs, path::Path};

use divan::Bencher;
use syft_monitor::{
    Scope,
    detect::{Circumstances, FirstLook, Grants, Observation, detect},
    local_jobs::{ScanOptions, scan},
    notice::Routes,
    sight::{INBOX, Sight},
};
use syft_state::{
    Email, Timestamp,
    fs::write_atomic,
    ledger::{FolderRecord, State},
};
use syft_transport::FileId;

fn main() {
    divan::main();
}

/// Deciding that nothing happened, with so many peers on record.
#[divan::bench(args = [1, 20, 200])]
fn decide(bencher: Bencher<'_, '_>, peers: usize) {
    let me: Email = "owner@clinic.example".parse().expect("an address");
    let mut state = State::default();
    for op in &detect(&state, &seen(peers), &circumstances(&me, FirstLook::Seed)).ops {
        state.apply(op);
    }
    let idle = seen(0);
    let when = circumstances(&me, FirstLook::Over);
    assert!(detect(&state, &idle, &when).ops.is_empty());
    bencher.bench(|| detect(&state, &idle, &when));
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_256_812)
}

fn seen(peers: usize) -> Observation {
    let mut sight = Sight::default();
    for number in 0..peers {
        let peer: Email = format!("ds{number}@uni.example")
            .parse()
            .expect("an address");
        let id = FileId::new(format!("folder-{number}"));
        let record = FolderRecord::new(peer, INBOX, "W1");
        sight.folders.insert(id, record);
    }
    Observation {
        sight: Some(sight),
        grants: Grants::NoFile,
        ..Observation::default()
    }
}

/// Nobody is told but by mail.
static NO_ROUTES: Routes = Routes {
    collect: false,
    sinks: Vec::new(),
};

fn circumstances(me: &Email, first: FirstLook) -> Circumstances<'_> {
    Circumstances {
        me,
        now: now(),
        first,
        scope: Scope::Everything,
        tell_old: false,
        routes: &NO_ROUTES,
    }
}

/// Looking at so many waiting jobs of the first layout.
#[divan::bench(args = [1, 100, 1000])]
fn scan_local_jobs(bencher: Bencher<'_, '_>, jobs: usize) {
    let root = tempfile::tempdir().expect("a temporary directory");
    for number in 0..jobs {
        write_job(root.path(), number);
    }
    let options = ScanOptions::at(now());
    assert_eq!(scan(root.path(), &options).jobs.len(), jobs);
    bencher.bench(|| scan(root.path(), &options));
}

fn write_job(root: &Path, number: usize) {
    let job = root.join(format!("app_data/job/job-{number:04}"));
    fs::create_dir_all(&job).expect("the directory can be written");
    let config = format!("name: job-{number:04}\nsubmitted_by: ds0@uni.example\n");
    write_atomic(&job.join("config.yaml"), config.as_bytes(), 0o600)
        .expect("the directory can be written");
}
