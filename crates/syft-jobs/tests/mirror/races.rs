//! What others do between the look and the deed.

use std::fs;

use syft_jobs::{Report, Status, mirror::execute};

use crate::scene::{Scene, put, text};

/// Looks, lets somebody interfere, and carries out what was planned.
fn carry_out_after(scene: &Scene, interfere: impl FnOnce()) -> Report {
    let looked = scene.look();
    interfere();
    scene.in_context(|context| {
        execute(
            &looked.plan,
            &looked.source,
            &looked.destination,
            &looked.options,
            context,
        )
    })
}

#[track_caller]
fn check_left_alone(report: &Report, path: &str) {
    assert_eq!(report.status, Status::Partial, "{report:?}");
    assert_eq!(report.counts.conflicts, 1);
    assert_eq!(report.conflicts[0].to_str().unwrap(), path);
}

#[test]
fn a_file_that_was_edited_meanwhile_is_not_replaced() {
    let scene = Scene::with(&["a"]);
    put(&scene.destination("a"), "old");
    let report = carry_out_after(&scene, || put(&scene.destination("a"), "edited meanwhile"));
    check_left_alone(&report, "a");
    assert_eq!(text(&scene.destination("a")), "edited meanwhile");
}

#[test]
fn a_file_that_appeared_meanwhile_is_not_replaced() {
    let scene = Scene::with(&["a"]);
    fs::create_dir(scene.destination("")).unwrap();
    let report = carry_out_after(&scene, || put(&scene.destination("a"), "appeared"));
    check_left_alone(&report, "a");
    assert_eq!(text(&scene.destination("a")), "appeared");
    assert_eq!(scene.copied(), ["a"]);
}

#[test]
fn a_file_that_was_edited_meanwhile_is_not_deleted() {
    let mut scene = Scene::with(&["a", "b", "c"]).deleting();
    put(&scene.destination("old"), "old");
    scene.insist = syft_jobs::mirror::Insist::Yes;
    let report = carry_out_after(&scene, || put(&scene.destination("old"), "edited"));
    check_left_alone(&report, "old");
    assert_eq!(text(&scene.destination("old")), "edited");
}

#[test]
fn a_directory_that_got_something_meanwhile_is_not_deleted() {
    let scene = Scene::with(&["a", "b", "c"]).deleting();
    fs::create_dir_all(scene.destination("old")).unwrap();
    let report = carry_out_after(&scene, || put(&scene.destination("old/new"), "new"));
    assert_eq!(report.status, Status::Success, "{report:?}");
    assert_eq!(text(&scene.destination("old/new")), "new");
}

#[test]
fn a_source_file_that_vanished_meanwhile_is_an_error_of_its_own() {
    let mut scene = Scene::with(&["a", "b"]);
    scene.options.continue_on_error = true;
    fs::create_dir(scene.destination("")).unwrap();
    let report = carry_out_after(&scene, || fs::remove_file(scene.source("a")).unwrap());
    assert_eq!(report.status, Status::Partial);
    assert_eq!(report.errors[0].path.to_str(), Some("a"));
    assert_eq!(scene.copied(), ["b"]);
}

/// The directories of a destination are entered through no links, whoever makes some.
#[test]
fn a_link_in_place_of_a_directory_leads_nowhere() {
    let mut scene = Scene::with(&["d/a"]);
    scene.options.continue_on_error = true;
    fs::create_dir_all(scene.destination("d")).unwrap();
    fs::create_dir(scene.path("elsewhere")).unwrap();
    let report = carry_out_after(&scene, || {
        fs::remove_dir(scene.destination("d")).unwrap();
        std::os::unix::fs::symlink(scene.path("elsewhere"), scene.destination("d")).unwrap();
    });
    assert_eq!(report.status, Status::Partial);
    assert_eq!(fs::read_dir(scene.path("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_cancelled_run_begins_no_other_file() {
    let scene = Scene::with(&["a", "b"]);
    scene.cancel.cancel();
    let report = scene.run();
    assert_eq!(report.status, Status::Cancelled);
    assert!(!scene.destination("a").exists());
}
