//! What cannot be copied as it is, and what a person is told.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
};

use rustix::fs::{CWD, FileType, Mode};
use syft_jobs::{
    Report, Status,
    mirror::{ErrorKind, Progress},
};

use crate::scene::{Scene, put, text};

/// Checks the only error of a report.
#[track_caller]
fn check(report: &Report, path: &str, kind: ErrorKind, words: &str) {
    let [error] = &report.errors[..] else {
        panic!("{report:?}");
    };
    assert_eq!((error.path.to_str().unwrap(), error.kind), (path, kind));
    assert!(error.message.contains(words), "{}", error.message);
    assert_eq!(report.counts.failed, 1);
}

#[test]
fn a_fifo_is_named_and_nothing_waits_for_it() {
    let scene = Scene::with(&["a"]);
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(CWD, scene.source("fifo"), FileType::Fifo, mode, 0).unwrap();
    let report = scene.run();
    assert_eq!(report.status, Status::Partial);
    check(&report, "fifo", ErrorKind::SpecialFile, "fifo");
    assert_eq!(scene.copied(), ["a"]);
}

#[test]
fn a_socket_is_named() {
    let scene = Scene::with(&["a"]);
    let _listener = UnixListener::bind(scene.source("socket")).unwrap();
    let report = scene.run();
    assert_eq!(report.status, Status::Partial);
    check(&report, "socket", ErrorKind::SpecialFile, "socket");
    assert_eq!(scene.copied(), ["a"]);
}

#[test]
fn a_device_is_named() {
    let scene = Scene::new();
    let job = syft_jobs::Job {
        source: "/dev".into(),
        ..scene.job()
    };
    let looked = scene.in_context(|context| syft_jobs::mirror::look(&job, context));
    let errors = looked.unwrap().plan.errors;
    let null = errors.iter().find(|error| error.path.as_os_str() == "null");
    assert_eq!(null.unwrap().kind, ErrorKind::SpecialFile);
}

/// B3: the predecessor ended the whole run at one of them.
#[test]
fn a_broken_link_is_copied_as_it_is() {
    let scene = Scene::with(&["a"]);
    symlink("nowhere", scene.source("broken")).unwrap();
    assert_eq!(scene.run().status, Status::Success);
    let target = fs::read_link(scene.destination("broken")).unwrap();
    assert_eq!(target.to_str(), Some("nowhere"));
}

/// Lets a file grow each time that a part of one was copied.
#[derive(Debug)]
struct Growth(File);

impl Progress for Growth {
    fn planned(&self, _: u64, _: u64) {}

    fn copied(&self, _: u64) {
        (&self.0).write_all(b"line\n").unwrap();
    }

    fn done(&self, _: &Path) {}
}

#[test]
fn a_file_that_grows_for_ever_ends_the_attempts() {
    let mut scene = Scene::with(&["a", "z"]);
    scene.options.continue_on_error = true;
    let mut log = File::create(scene.source("log")).unwrap();
    log.write_all(b"line\n").unwrap();
    scene.progress = Box::new(Growth(log));
    let report = scene.run();
    assert_eq!(report.status, Status::Partial);
    check(&report, "log", ErrorKind::ChangedDuringCopy, "3 attempts");
    assert_eq!(scene.copied(), ["a", "z"]);
}

#[test]
fn a_file_where_a_directory_should_be_stays_without_the_right_to_delete() {
    let mut scene = Scene::with(&["d/a", "b"]);
    scene.options.continue_on_error = true;
    put(&scene.destination("d"), "a file");
    let report = scene.run();
    assert_eq!(report.status, Status::Partial);
    assert!(
        report.failures.contains_key(&ErrorKind::TypeClash),
        "{report:?}"
    );
    assert_eq!(text(&scene.destination("d")), "a file");
    assert_eq!(text(&scene.destination("b")), "b");

    scene.options.delete = true;
    scene.insist = syft_jobs::mirror::Insist::Yes;
    let report = scene.run();
    assert_eq!(report.status, Status::Success, "{report:?}");
    assert_eq!(scene.copied(), ["b", "d/", "d/a"]);
}

/// A directory that holds what takes no part is not in the way of its own deletion's success.
#[test]
fn what_takes_no_part_survives_with_its_directory() {
    let mut scene = Scene::with(&["a", "b", "c"]).deleting();
    scene.options.filter = syft_jobs::Filter::new(&["*.keep"], &[]).unwrap();
    put(&scene.destination("gone/x.keep"), "kept");
    put(&scene.destination("gone/y"), "deleted");
    scene.insist = syft_jobs::mirror::Insist::Yes;
    let report = scene.run();
    assert_eq!(report.status, Status::Success, "{report:?}");
    assert_eq!(scene.copied(), ["a", "b", "c", "gone/", "gone/x.keep"]);
}

#[test]
fn leftovers_of_a_killed_run_go_away_and_nobody_elses() {
    let scene = Scene::with(&["d/a"]);
    put(&scene.destination("d/.syft-tmp.0123456789abcdef"), "half");
    put(&scene.destination("d/.syft-tmp.locked"), "at work");
    put(&scene.destination("d/.other-tmp"), "somebody's");
    let at_work = File::open(scene.destination("d/.syft-tmp.locked")).unwrap();
    rustix::fs::flock(&at_work, rustix::fs::FlockOperation::LockExclusive).unwrap();
    assert_eq!(scene.run().status, Status::Success);
    let expected = ["d/", "d/.other-tmp", "d/.syft-tmp.locked", "d/a"];
    assert_eq!(scene.copied(), expected);
}

#[test]
fn the_first_error_ends_a_run_that_is_not_to_go_on() {
    let scene = Scene::with(&["d/a", "e/a"]);
    put(&scene.destination("d"), "a file");
    let report = scene.run();
    assert_eq!(report.status, Status::Failed);
    let reason = report.reason.unwrap();
    assert!(
        reason.starts_with("stopped at the first error: d"),
        "{reason}"
    );
}
