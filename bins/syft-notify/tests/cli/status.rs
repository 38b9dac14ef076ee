//! `status`.

use serde_json::json;

use crate::{
    desk::{Desk, Google},
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
