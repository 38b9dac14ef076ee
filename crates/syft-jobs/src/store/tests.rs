use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, os::unix::fs::PermissionsExt};

use syft_state::Timestamp;

use super::*;
use crate::{
    Report, RunRecord,
    mirror::{
        ErrorKind, FileError, Kind, Time,
        base::{Agreed, Base, Version},
    },
    queue::Cause,
};

fn record(number: i64, job: &str) -> RunRecord {
    let mut report = Report::default();
    report.fail(FileError {
        path: Path::new(OsStr::from_bytes(b"\xff.txt")).to_owned(),
        kind: ErrorKind::Io,
        message: "cannot read it".to_owned(),
    });
    RunRecord {
        run_id: format!("{number:015}"),
        job: job.parse().unwrap(),
        trigger: Cause::Manual,
        started: Timestamp::from_seconds(number),
        finished: Timestamp::from_seconds(number + 1),
        report,
    }
}

fn ids(runs: &[RunRecord]) -> Vec<i64> {
    runs.iter().map(|run| run.run_id.parse().unwrap()).collect()
}

#[test]
fn runs_come_back_the_latest_first() {
    let store = Store::in_memory();
    for number in 0..6 {
        let job = if number % 2 == 0 { "even" } else { "odd" };
        store.record_run(&record(number, job)).unwrap();
    }
    store.record_run(&record(3, "odd")).unwrap();
    let even = "even".parse().unwrap();
    assert_eq!(ids(&store.runs(Some(&even), 2).unwrap()), [4, 2]);
    assert_eq!(ids(&store.runs(None, 10).unwrap()), [5, 4, 3, 2, 1, 0]);
    let one = store.run(&record(3, "odd").run_id).unwrap().unwrap();
    assert_eq!(one.started, record(3, "odd").started);
    assert_eq!(store.run("unknown").unwrap(), None);
}

#[test]
fn what_was_sent_is_not_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jobs.sqlite");
    let store = Store::open(&path).unwrap();
    for number in 0..4 {
        store.record_run(&record(number, "a")).unwrap();
    }
    store
        .mark_sent(&[record(0, "a").run_id, record(2, "a").run_id])
        .unwrap();
    drop(store);
    let store = Store::open(&path).unwrap();
    assert_eq!(ids(&store.unsent_runs(10).unwrap()), [1, 3]);
    assert_eq!(ids(&store.unsent_runs(1).unwrap()), [1]);
}

#[test]
fn the_oldest_runs_of_a_job_are_forgotten_once_they_are_sent() {
    let store = Store::in_memory();
    store.record_run(&record(-1, "other")).unwrap();
    for number in 0..1_005 {
        let run = record(number, "a");
        store.record_run(&run).unwrap();
        if number != 1 {
            store.mark_sent(&[run.run_id]).unwrap();
        }
    }
    let job = "a".parse().unwrap();
    let kept = ids(&store.runs(Some(&job), 2_000).unwrap());
    assert_eq!(kept.len(), 1_001);
    assert_eq!(kept[999..], [5, 1]);
    assert_eq!(store.runs(None, 2_000).unwrap().len(), 1_002);
}

#[test]
fn bases_come_back_as_they_were() {
    let store = Store::in_memory();
    let job: JobId = "a".parse().unwrap();
    let version = |size| Version {
        mode: 0o644,
        size,
        mtime: Time {
            seconds: -5,
            nanos: 999_999_999,
        },
    };
    let agreed = |kind, size| Agreed {
        kind,
        source: version(size),
        destination: version(u64::MAX),
    };
    let odd = Path::new(OsStr::from_bytes(b"d/\xff")).to_owned();
    let mut base = Base::default();
    assert_eq!(store.base(&job).unwrap(), base);
    base.entries.insert("d".into(), agreed(Kind::Directory, 0));
    base.entries.insert(odd.clone(), agreed(Kind::File, 7));
    store.set_base(&job, &Base::default(), &base).unwrap();
    assert_eq!(store.base(&job).unwrap(), base);
    let mut new = base.clone();
    new.entries.remove(&odd);
    new.entries.insert("d".into(), agreed(Kind::Symlink, 1));
    store.set_base(&job, &base, &new).unwrap();
    assert_eq!(store.base(&job).unwrap(), new);
    let other = "b".parse().unwrap();
    assert_eq!(store.base(&other).unwrap(), Base::default());
}

#[test]
fn a_damaged_store_stops_the_program_and_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jobs.sqlite");
    let store = Store::open(&path).unwrap();
    for number in 0..50 {
        store.record_run(&record(number, "a")).unwrap();
    }
    drop(store);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let mut bytes = fs::read(&path).unwrap();
    bytes[..16].fill(b'x');
    syft_state::fs::write_atomic(&path, &bytes, 0o600).unwrap();
    let error = Store::open(&path).unwrap_err().to_string();
    assert!(error.contains("jobs.sqlite is damaged"), "{error}");
    assert!(error.contains("move it away to begin anew"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
