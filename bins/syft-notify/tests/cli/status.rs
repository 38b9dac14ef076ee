//! `status`.

use serde_json::json;

use crate::{
    desk::{Desk, Google, until},
    running::submit,
};

#[test]
fn it_tells_what_a_monitor_did_and_costs() {
    let google = Google::start();
    let desk = Desk::google(&google);
    let ran = desk.run(&["status", "--json"]);
    assert_eq!(ran.code, Some(3));
    assert_eq!(ran.json()["running"], false);
    assert_eq!(ran.json()["last"], json!(null));
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("looked: ");
    let status = desk.run(&["status", "--json"]).succeeds().json();
    assert_eq!(status["running"], true);
    assert_eq!(status["last"]["pid"], running.id());
    assert_eq!(status["last"]["promise"], "exactly-once");
    let usage = &status["last"]["usage"];
    assert!(
        usage["drive"]["units_last_minute"].as_u64().unwrap() >= 100,
        "{usage}"
    );
    assert_eq!(usage["gmail"]["calls"]["gmail.users.getProfile"], 1);
    let human = desk.run(&["status"]).succeeds().out;
    for part in [
        "✅ Daemon is running (PID ",
        "in the foreground",
        "Drive token  do@example.org (drive)",
        "Last look    ",
        "exactly once, whatever happens",
        "units a day at this pace (Drive ",
    ] {
        assert!(human.contains(part), "no {part:?} in:\n{human}");
    }
    assert_eq!(running.signal("TERM").0, Some(0));
    let ran = desk.run(&["status"]).fails(3, &[]);
    assert!(
        ran.out.contains("not running") && ran.out.contains("Next: syft-notify start"),
        "{}",
        ran.out
    );
}

#[test]
fn folders_are_counted_by_generation() {
    let desk = Desk::local();
    submit(&desk, &["one"]);
    desk.run(&["run", "--once"]).succeeds();
    let status = desk.run(&["status", "--json"]).json();
    assert_eq!(status["last"]["folders"], json!({"w4 0.1.117": 1}));
    assert_eq!(status["peers"], 1);
    desk.run(&["status"]).fails(3, &[]).says("1 × w4 0.1.117");
}

/// A single look leaves the report of the one who watches alone.
#[test]
fn a_look_in_between_is_not_the_monitor() {
    let desk = Desk::local();
    let running = desk.start(&["run", "--interval", "30", "-v"]);
    running.until_it_says("looked: ");
    desk.run(&["run", "--once"]).succeeds();
    let status = desk.run(&["status", "--json"]).succeeds().json();
    assert_eq!(status["last"]["pid"], running.id());
    assert_eq!(running.signal("TERM").0, Some(0));
}

/// T22: a number in a file proves nothing.
#[test]
fn t22_a_stale_pid_is_no_life() {
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    let path = desk.creds("notification_state.status.json");
    let mut report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    report["pid"] = std::process::id().into();
    report["next"] = "2999-01-01T00:00:00Z".into();
    desk.write(
        "home/.syft-creds/notification_state.status.json",
        &report.to_string(),
    );
    desk.run(&["status"]).fails(3, &[]).says("not running");
    desk.write("home/.syft-creds/notification_state.status.json", "{");
    desk.run(&["status"]).fails(
        1,
        &[
            "notification_state.status.json is no report",
            "next:  remove the file",
        ],
    );
}

#[test]
fn a_token_that_was_revoked_meanwhile() {
    let google = Google::start();
    let desk = Desk::google(&google);
    desk.run(&["start", "--interval", "1"]).succeeds();
    let tokens = || desk.run(&["status", "--json"]).json()["tokens"].clone();
    let good = tokens();
    assert_eq!(good[0]["name"], "Drive");
    assert_eq!(good[0]["account"], "do@example.org");
    assert_eq!(good[0]["scopes"], json!(["drive"]));
    assert_eq!(good[1]["scopes"], json!(["gmail.compose"]));
    assert_eq!(good[1]["problem"], json!(null));
    google.emulator.revoke("do@example.org");
    until(
        || {
            let problem = tokens()[0]["problem"].clone();
            problem
                .as_str()
                .is_some_and(|problem| problem.contains("syft-notify init"))
        },
        || tokens().to_string(),
    );
    let status = desk.run(&["status"]).succeeds().out;
    for part in ["Trouble", "drive.json", "see `syft-notify doctor`"] {
        assert!(status.contains(part), "no {part:?} in:\n{status}");
    }
    assert!(!status.contains("ya29"), "{status}");
}

/// What cannot go on is tried again, and seen, until somebody has mended it.
#[test]
fn a_record_that_is_damaged_meanwhile() {
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    desk.run(&["run", "--once"]).succeeds();
    desk.run(&["start", "--interval", "1"]).succeeds();
    // The first look writes the record; whoever writes it meanwhile without its lock is overwritten.
    until(
        || desk.run(&["status", "--json"]).json()["last"]["looks"].as_u64() > Some(1),
        || desk.run(&["status"]).out,
    );
    desk.write("home/.syft-creds/notification_state.json", "{");
    until(
        || desk.run(&["status"]).out.contains("Restarts"),
        || desk.run(&["status"]).out,
    );
    let status = desk.run(&["status"]);
    let status = status.fails(
        1,
        &[
            "notification_state.json is damaged",
            "syft-notify state restore",
        ],
    );
    assert!(
        status.out.contains("✅ Daemon is running"),
        "{}",
        status.out
    );
    desk.run(&["state", "restore", "--yes"]).succeeds();
    until(
        || {
            let status = desk.run(&["status", "--json"]).json();
            status["last"]["looks"].as_u64() > Some(0) && status["last"]["error"] == json!(null)
        },
        || desk.run(&["status"]).out,
    );
    desk.run(&["status"]).succeeds();
}

/// Scripts rely on these names; a new one is added here.
#[test]
fn the_members_of_the_json() {
    let desk = Desk::local();
    let status = desk.run(&["status", "--json"]).json();
    let names: Vec<_> = status.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "running",
            "pid",
            "since",
            "by",
            "options",
            "stale_pid",
            "config",
            "config_error",
            "state",
            "state_error",
            "do_email",
            "backend",
            "http",
            "last",
            "sent_total",
            "waiting",
            "dead",
            "peers",
            "tokens",
            "restarts",
            "last_end",
            "log",
            "error_log",
            "recent",
        ]
    );
}
