//! `demo`: the first thing that anybody runs.

use std::fs;

use crate::desk::Desk;

#[test]
fn a_day_leaves_its_mails() {
    let desk = Desk::new();
    let ran = desk.run(&["demo"]).succeeds();
    assert!(
        ran.out.contains("16 mails, each exactly once"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains('\u{1b}'), "colours in a pipe");
    let folder = desk.path("syft-notify-demo");
    let count = |kind: &str| {
        let files = fs::read_dir(&folder).unwrap();
        files
            .filter(|file| file.as_ref().unwrap().path().extension().unwrap() == kind)
            .count()
    };
    assert_eq!((count("eml"), count("html")), (16, 17));
    let index = fs::read_to_string(folder.join("index.html")).unwrap();
    for link in index.split("href=\"").skip(1) {
        let name = link.split('"').next().unwrap();
        assert!(folder.join(name).exists(), "{name}");
    }
    assert_eq!(
        desk.home_files(),
        [],
        "the demo has nothing to do with the home directory"
    );
    // Again into the same folder.
    desk.run(&["demo"]).succeeds();
    assert_eq!((count("eml"), count("html")), (16, 17));
}

#[test]
fn somebody_elses_folder_is_left_alone() {
    let desk = Desk::new();
    let file = desk.write("docs/thesis.html", "mine");
    desk.run(&["demo", "--out", "docs"]).fails(
        1,
        &[
            "docs holds files that are not of an earlier demo",
            "next:  choose another folder with --out DIR",
        ],
    );
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn a_place_that_cannot_be_written() {
    let desk = Desk::new();
    desk.write("file", "");
    for place in ["/proc/demo", "file", "file/demo"] {
        desk.run(&["demo", "--out", place]).fails(
            1,
            &[
                "cannot write to",
                place,
                "choose another folder with --out DIR",
            ],
        );
    }
}

#[test]
fn json_for_scripts() {
    let desk = Desk::new();
    let ran = desk.run(&["demo", "--json", "--out", "there"]).succeeds();
    let json = ran.json();
    assert_eq!(ran.err, "");
    assert_eq!(json["mails"].as_array().unwrap().len(), 16);
    assert_eq!(json["calls_per_idle_look"], 1);
    for mail in json["mails"].as_array().unwrap() {
        assert!(desk.path(mail["eml"].as_str().unwrap()).exists(), "{mail}");
    }
}
