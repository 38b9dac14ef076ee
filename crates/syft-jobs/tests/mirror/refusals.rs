//! Runs that do not begin, and why.

use std::{fs, os::unix::fs::symlink};

use syft_jobs::{
    Job, Report, Status,
    mirror::{ErrorKind, Insist},
    store::Store,
};

use crate::scene::{Scene, put, text};

#[track_caller]
fn check(report: &Report, status: Status, kind: ErrorKind, words: &[&str]) {
    assert_eq!(report.status, status, "{report:?}");
    assert!(report.failures.contains_key(&kind), "{report:?}");
    let reason = report.reason.as_deref().unwrap();
    for word in words {
        assert!(reason.contains(word), "{reason}");
    }
}

#[test]
fn a_source_that_vanished_deletes_nothing() {
    let scene = Scene::with(&["a"]).deleting();
    assert_eq!(scene.run().status, Status::Success);
    fs::remove_dir_all(scene.source("")).unwrap();
    let report = scene.run();
    let source = scene.source("");
    let words = [
        "cannot find the source",
        source.to_str().unwrap(),
        "No such file",
    ];
    check(&report, Status::Failed, ErrorKind::NotFound, &words);
    assert_eq!(scene.copied(), ["a"]);
}

#[test]
fn a_source_that_is_empty_deletes_only_when_somebody_insists() {
    let mut scene = Scene::with(&["a", "d/b"]).deleting();
    assert_eq!(scene.run().status, Status::Success);
    fs::remove_dir_all(scene.source("")).unwrap();
    fs::create_dir(scene.source("")).unwrap();
    let words = ["the source is empty", "3 entries"];
    check(&scene.run(), Status::Failed, ErrorKind::Guard, &words);
    assert_eq!(scene.copied(), ["a", "d/", "d/b"]);
    scene.insist = Insist::Yes;
    let report = scene.run();
    assert_eq!((report.status, report.counts.deleted), (Status::Success, 3));
    assert!(scene.copied().is_empty());
}

/// G12: the predecessor deleted whatever the option said.
#[test]
fn nothing_is_deleted_without_the_option() {
    let scene = Scene::with(&["a"]);
    put(&scene.destination("old"), "old");
    let report = scene.run();
    assert_eq!((report.status, report.counts.deleted), (Status::Success, 0));
    assert_eq!(scene.copied(), ["a", "old"]);
}

#[test]
fn trees_that_overlap_are_refused() {
    let scene = Scene::with(&["a"]);
    fs::create_dir(scene.source("below")).unwrap();
    symlink(scene.source("below"), scene.path("way round")).unwrap();
    let job = scene.job();
    let (source, above) = (scene.source(""), scene.path(""));
    for destination in [
        source.clone(),
        source.join("below"),
        source.join("not/yet/there"),
        above,
        scene.path("way round"),
        scene.path("way round/not yet there"),
    ] {
        let job = Job {
            destination,
            ..job.clone()
        };
        let report = scene.in_context(|context| syft_jobs::mirror::run(&job, context));
        let words = ["one is within the other"];
        check(&report, Status::Failed, ErrorKind::Guard, &words);
    }
    assert_eq!(fs::read_dir(scene.source("below")).unwrap().count(), 0);
}

#[test]
fn a_destination_that_is_a_file_is_named() {
    let scene = Scene::with(&["a"]);
    put(&scene.destination(""), "a file");
    let destination = scene.destination("");
    let words = [destination.to_str().unwrap(), "not a directory"];
    check(&scene.run(), Status::Failed, ErrorKind::Io, &words);
    assert_eq!(text(&scene.destination("")), "a file");
}

#[test]
fn a_destination_is_made_with_what_leads_to_it() {
    let scene = Scene::with(&["a"]);
    let job = Job {
        destination: scene.destination("deep/down"),
        ..scene.job()
    };
    let report = scene.in_context(|context| syft_jobs::mirror::run(&job, context));
    assert_eq!(report.status, Status::Success, "{report:?}");
    assert_eq!(text(&scene.destination("deep/down/a")), "a");
}

#[test]
fn a_dry_run_changes_nothing_and_tells_all() {
    let mut scene = Scene::with(&["new", "changed", "d/b"]).deleting();
    put(&scene.destination("changed"), "other");
    put(&scene.destination("old"), "old");
    scene.options.dry_run = true;
    let before = scene.copied();
    let report = scene.run();
    assert!(report.dry_run);
    let counts = report.counts;
    let told = (
        counts.copied,
        counts.updated,
        counts.deleted,
        counts.created_dirs,
    );
    assert_eq!(told, (2, 1, 1, 1));
    assert_eq!(scene.copied(), before);
    let looked = scene.look();
    let mut lines: Vec<_> = looked
        .lines()
        .map(|line| format!("{} {} {}", line.sign, line.path.display(), line.bytes))
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        ["+ d 0", "+ d/b 3", "+ new 3", "- old 0", "~ changed 7"]
    );
    assert_eq!(looked.to_json()["changes"].as_array().unwrap().len(), 5);
}

#[test]
fn a_dry_run_needs_no_destination() {
    let mut scene = Scene::with(&["a"]);
    scene.options.dry_run = true;
    let report = scene.run();
    assert_eq!((report.status, report.counts.copied), (Status::Success, 1));
    assert!(!scene.destination("").exists());
}

#[test]
fn two_runs_of_one_job_exclude_each_other() {
    let mut scene = Scene::with(&["a"]);
    scene.store = Some(Store::open(&scene.path("jobs.sqlite")).unwrap());
    assert_eq!(scene.run().status, Status::Success);
    let lock = syft_state::fs::Lock::try_acquire(&scene.path("locks/scene.lock"));
    let lock = lock.unwrap().unwrap();
    let report = scene.run();
    assert_eq!(report.status, Status::Skipped);
    assert!(report.reason.unwrap().contains("scene is running already"));
    drop(lock);
    assert_eq!(scene.run().status, Status::Success);
}
