//! `doctor`: what it finds, what it says to do, and that it changes nothing.

mod daemon;
mod google;
mod network;

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    process::Command,
    time::{Duration, Instant},
};

use serde_json::Value;
use syft_state::fs::Lock;

use crate::{
    desk::{Desk, Google, OTHER, OWNER, Ran},
    queue::submit_to,
    running::submit,
};

/// A desk where nothing is wrong but that no daemon runs.
fn healthy(google: &Google) -> Desk {
    let desk = Desk::google(google);
    close(&desk, "drive.json");
    close(&desk, "gmail.json");
    make_datasite(&desk);
    desk
}

fn local() -> Desk {
    let desk = Desk::local();
    make_datasite(&desk);
    desk
}

fn make_datasite(desk: &Desk) {
    let name = format!("home/SyftBox_{OWNER}/{OWNER}");
    fs::create_dir_all(desk.path(&name)).unwrap();
}

fn close(desk: &Desk, name: &str) {
    set_mode(desk, name, 0o600);
}

fn set_mode(desk: &Desk, name: &str, mode: u32) {
    fs::set_permissions(desk.path(name), Permissions::from_mode(mode)).unwrap();
}

fn add_to_config(desk: &Desk, more: &str) {
    let text = format!("{}{more}\n", desk.config_text());
    desk.write_config(&text);
}

fn doctor(desk: &Desk) -> Ran {
    desk.run(&["doctor"])
}

/// Ends with this code, and has a line with all of these.
#[track_caller]
fn finds(desk: &Desk, code: i32, parts: &[&str]) {
    let ran = doctor(desk);
    assert_eq!(ran.code, Some(code), "{}{}", ran.out, ran.err);
    has_line(&ran, parts);
}

#[track_caller]
fn has_line(ran: &Ran, parts: &[&str]) {
    let is_it = |line: &str| parts.iter().all(|part| line.contains(part));
    assert!(ran.out.lines().any(is_it), "no {parts:?} in:\n{}", ran.out);
}

fn marks<'a>(json: &'a Value, mark: &str) -> Vec<&'a Value> {
    let findings = json["findings"].as_array().unwrap().iter();
    findings.filter(|finding| finding["mark"] == mark).collect()
}

#[test]
fn all_is_well_and_nothing_is_changed() {
    let google = Google::start();
    let desk = healthy(&google);
    desk.run(&["run", "--once"]).succeeds();
    submit_to(&google, &desk);
    let tokens = || ["drive.json", "gmail.json"].map(|name| fs::read(desk.path(name)).unwrap());
    let before = (desk.home_files(), tokens());
    google.emulator.reset_requests();
    let began = Instant::now();
    let ran = doctor(&desk).succeeds();
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    assert_eq!((desk.home_files(), tokens()), before);
    for parts in [
        &["✅", "daemon.yaml can be read"][..],
        &["✅", "SyftBox_do@example.org/do@example.org can be read"],
        &["✅", "all files are yours and closed to others"],
        &["✅", "are left for the record and the logs"],
        &["✅", "is intact", "0 waiting, 0 given up"],
        &["✅", "stands for Google"],
        &["✅", "drive.json works for do@example.org"],
        &["✅", "Google Drive answers in"],
        &["✅", "peers have shared 1 × w4 (syft-client 0.1.117)"],
        &[
            "✅",
            "gmail.json works for do@example.org: mails arrive exactly once",
        ],
        &["✅", "the clock is right"],
        &[
            "⚠️",
            "syft-notify does not run — nothing is watched — syft-notify start",
        ],
    ] {
        has_line(&ran, parts);
    }
    assert!(
        ran.out.ends_with("It works; 1 thing to look at.\n"),
        "{}",
        ran.out
    );
    let json = desk.run(&["doctor", "--json"]).succeeds().json();
    assert_eq!(json["ok"], true);
    assert_eq!(marks(&json, "problem"), [&Value::Null; 0]);
    assert_eq!(marks(&json, "warning")[0]["remedy"], "syft-notify start");
    let calls = google.emulator.request_counts();
    assert!(calls.keys().all(|call| !call.contains("send")), "{calls:?}");
    assert!(
        calls.keys().all(|call| !call.contains("create")),
        "{calls:?}"
    );
    assert_eq!(calls.get("drive.files.list"), Some(&2), "{calls:?}");
}

#[test]
fn offline_asks_nobody() {
    let google = Google::start();
    let desk = healthy(&google);
    google.emulator.reset_requests();
    let ran = desk.run(&["doctor", "--offline"]).succeeds();
    has_line(
        &ran,
        &["✅", "drive.json can be read; it was not tried out"],
    );
    has_line(
        &ran,
        &["✅", "gmail.json can be read; it was not tried out"],
    );
    assert!(google.emulator.requests().is_empty());
    fs::remove_file(desk.path("gmail.json")).unwrap();
    desk.run(&["doctor", "--offline"])
        .fails(4, &[])
        .says("gmail.json — no mail can be sent — syft-notify init");
}

#[test]
fn a_config_that_is_missing_or_broken() {
    let desk = Desk::new();
    finds(
        &desk,
        1,
        &["❌", "there is no config file", "— syft-notify init"],
    );
    let desk = local();
    desk.write_config("do_email: [");
    finds(
        &desk,
        1,
        &[
            "❌",
            "daemon.yaml",
            "— correct the file, then syft-notify config validate",
        ],
    );
    let desk = local();
    add_to_config(&desk, "intervall: 3");
    finds(
        &desk,
        0,
        &[
            "⚠️",
            "the key `intervall` means nothing here",
            "write `interval`",
        ],
    );
    let ran = desk.run(&["doctor", "-c", "nowhere.yaml", "--json"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.json()["ok"], false);
}

#[test]
fn files_that_others_may_read() {
    let google = Google::start();
    let desk = healthy(&google);
    set_mode(&desk, "drive.json", 0o644);
    let path = desk.path("drive.json");
    let chmod = format!("chmod 600 {}", path.display());
    finds(
        &desk,
        1,
        &[
            "❌",
            "has mode 0644",
            "others may read what opens your account",
            &chmod,
        ],
    );
    let words: Vec<&str> = chmod.split(' ').collect();
    assert!(
        Command::new(words[0])
            .args(&words[1..])
            .status()
            .unwrap()
            .success()
    );
    doctor(&desk).succeeds();
    set_mode(&desk, "home/.syft-creds", 0o777);
    finds(&desk, 1, &["❌", ".syft-creds has mode 0777", "chmod 700"]);
}

#[test]
fn a_hub() {
    let desk = local();
    submit(&desk, &["one"]);
    finds(&desk, 0, &["✅", "the hub", "answers in"]);
    finds(&desk, 0, &["✅", "1 × w4 (syft-client 0.1.117)"]);
    fs::rename(desk.path("hub"), desk.path("elsewhere")).unwrap();
    finds(
        &desk,
        1,
        &[
            "❌",
            "there is no directory",
            "correct `backend` in the config",
        ],
    );
    assert!(!desk.path("hub").exists(), "it was made");
}

#[test]
fn the_syftbox() {
    let desk = local();
    let root = desk.path(&format!("home/SyftBox_{OWNER}"));
    fs::rename(root.join(OWNER), root.join(OTHER)).unwrap();
    finds(
        &desk,
        0,
        &[
            "⚠️",
            "holds no folder of do@example.org, but that of eve@example.org",
        ],
    );
    fs::remove_dir_all(&root).unwrap();
    finds(
        &desk,
        0,
        &["⚠️", "there is no SyftBox", "log in once with syft-client"],
    );
}

#[test]
fn t13_a_damaged_record() {
    let desk = local();
    for _ in 0..2 {
        desk.run(&["run", "--once"]).succeeds();
    }
    finds(
        &desk,
        0,
        &["✅", "is intact, with a copy of the generation before"],
    );
    syft_state::fs::write_atomic(&desk.state_file(), b"{", 0o600).unwrap();
    finds(
        &desk,
        1,
        &[
            "❌",
            "notification_state.json is damaged",
            "— syft-notify state restore",
        ],
    );
    desk.run(&["state", "restore", "--yes"]).succeeds();
    doctor(&desk).succeeds();
    let config = desk.config_text().replace(OWNER, OTHER);
    desk.write_config(&config);
    finds(
        &desk,
        1,
        &["❌", "belongs to do@example.org, not to eve@example.org"],
    );
}

#[test]
fn another_program_holds_the_record() {
    let desk = local();
    desk.run(&["run", "--once"]).succeeds();
    let lock = desk.creds("notification_state.lock");
    let held = Lock::try_acquire(&lock).unwrap().unwrap();
    let who = format!("another program (PID {})", std::process::id());
    finds(&desk, 0, &["⚠️", &who, "no mail goes while it does"]);
    drop(held);
    assert!(!doctor(&desk).out.contains("another program"));
}

#[test]
fn what_can_be_mended_is_mended_after_a_yes() {
    let google = Google::start();
    let desk = healthy(&google);
    desk.run(&["run", "--once"]).succeeds();
    desk.run(&["doctor", "--fix"])
        .succeeds()
        .says("Nothing of this can be mended by --fix.");
    set_mode(&desk, "drive.json", 0o644);
    set_mode(&desk, "home/.syft-creds", 0o755);
    desk.write("home/.syft-creds/syft-notify.pid", "1\n");
    let before = desk.home_files();
    desk.run(&["doctor", "--fix"]).fails(
        1,
        &["chmod 600 ", "rm ", "this needs a yes", "next:  add --yes"],
    );
    assert_eq!(desk.home_files(), before);
    let ran = desk.run(&["doctor", "--fix", "--yes"]).succeeds();
    ran.says("Done: 4 steps.");
    desk.is_private(&desk.path("drive.json"));
    assert!(!desk.creds("syft-notify.pid").exists());
    let json = desk.run(&["doctor", "--json"]).succeeds().json();
    assert_eq!(marks(&json, "problem"), [&Value::Null; 0]);
    desk.run(&["doctor", "--yes"]).fails(2, &["--fix"]);
}
