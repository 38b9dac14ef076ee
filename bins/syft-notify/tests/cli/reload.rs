//! `reload` and SIGHUP: a new config takes over only if it works.

use std::fs;

use syft_emulator::{Effect, Fault};

use crate::{
    background::{log, pid, signal, until_logged},
    desk::{Desk, Google, OTHER},
};

fn started(desk: &Desk) -> u32 {
    desk.run(&["start"]).succeeds();
    pid(desk)
}

#[track_caller]
fn set(desk: &Desk, line: &str) {
    let key = line.split(':').next().unwrap();
    let others: String = desk
        .config_text()
        .lines()
        .filter(|line| !line.starts_with(key))
        .map(|line| format!("{line}\n"))
        .collect();
    desk.write_config(&format!("{others}{line}\n"));
}

#[test]
fn a_new_interval_takes_over() {
    let desk = Desk::local();
    set(&desk, "interval: 3600");
    let id = started(&desk);
    set(&desk, "interval: 1");
    desk.run(&["reload"])
        .succeeds()
        .says("✅ reloaded: the new config is in force");
    assert_eq!(pid(&desk), id);
    crate::desk::until(
        || desk.run(&["status", "--json"]).json()["last"]["looks"].as_u64() > Some(2),
        || log(&desk),
    );
    let status = desk.run(&["status"]).succeeds();
    assert!(status.out.contains("Reload"), "{}", status.out);
    assert!(log(&desk).contains("reloaded "), "{}", log(&desk));
}

#[test]
fn a_broken_config_is_found_before_anybody_is_told() {
    let desk = Desk::local();
    let id = started(&desk);
    set(&desk, "interval: soon");
    desk.run(&["reload"])
        .fails(1, &["interval", "the config of before stays in force"]);
    assert_eq!(pid(&desk), id);
    assert!(!log(&desk).contains("reload failed"), "{}", log(&desk));
}

/// `systemctl reload` and `kill -HUP` check nothing before.
#[test]
fn a_signal_with_a_broken_config_changes_nothing() {
    let desk = Desk::local();
    let id = started(&desk);
    set(&desk, "interval: soon");
    signal("HUP", id);
    until_logged(&desk, "reload failed, the config of before stays in force");
    let errors = fs::read_to_string(desk.creds("syft-notify.error.log")).unwrap();
    assert!(errors.contains("reload failed"), "{errors}");
    let status = desk.run(&["status"]).succeeds();
    for part in ["Reload", "failed ", "interval"] {
        assert!(status.out.contains(part), "no {part:?} in:\n{}", status.out);
    }
    set(&desk, "interval: 1");
    desk.run(&["reload"]).succeeds();
}

#[test]
fn what_needs_a_restart_says_so() {
    let desk = Desk::local();
    started(&desk);
    for (line, key) in [
        ("state_path: /tmp/elsewhere.json", "state_path"),
        (&*format!("do_email: {OTHER}"), "do_email"),
    ] {
        let config = desk.config_text();
        set(&desk, line);
        // Without --config the state of before would no longer be found.
        signal("HUP", pid_of_file(&desk));
        until_logged(&desk, &format!("a change of `{key}` needs a restart"));
        desk.write_config(&config);
    }
    desk.run(&["status"]).succeeds();
}

fn pid_of_file(desk: &Desk) -> u32 {
    let text = fs::read_to_string(desk.creds("syft-notify.pid")).unwrap();
    text.trim().parse().unwrap()
}

#[test]
fn a_token_that_does_not_work_keeps_the_old_ones() {
    let google = Google::start();
    let desk = Desk::google(&google);
    let id = started(&desk);
    set(&desk, "gmail_token_path: nowhere.json");
    desk.run(&["reload"])
        .fails(4, &["nowhere.json", "the config of before stays in force"]);
    assert_eq!(pid(&desk), id);
    google
        .emulator
        .inject(Fault::new(Effect::Garbage).api("gmail.users.getProfile"));
    desk.write_config(&desk.config_text().replace(
        "nowhere.json",
        &desk.path("gmail.json").display().to_string(),
    ));
    desk.run(&["reload"]).fails(5, &["gmail.users.getProfile"]);
    google.emulator.clear_faults();
    desk.run(&["reload"]).succeeds();
}

#[test]
fn while_the_network_is_waited_for() {
    let google = Google::start();
    let desk = Desk::google(&google);
    google
        .emulator
        .inject(Fault::new(Effect::Garbage).api("drive.about.get"));
    started(&desk);
    set(&desk, "interval: 1");
    desk.run(&["reload"]).succeeds();
    google.emulator.clear_faults();
    until_logged(&desk, "watching for ");
}

#[test]
fn nothing_to_reload() {
    let desk = Desk::local();
    desk.run(&["reload"])
        .fails(3, &["is not running", "next:  syft-notify start"]);
}

#[test]
fn a_foreground_run_reloads_as_well() {
    let desk = Desk::local();
    let running = desk.start(&["run", "--interval", "1"]);
    running.until_it_says("watching for ");
    desk.run(&["reload"]).succeeds();
    running.until_it_says("reloaded ");
    assert_eq!(running.signal("TERM").0, Some(0));
}

/// What is written while a reload is under way is read by the next one.
#[test]
fn a_reload_during_a_reload() {
    let google = Google::start();
    let desk = Desk::google(&google);
    let id = started(&desk);
    let slow = Fault::new(Effect::Latency { millis: 2_000 });
    google.emulator.inject(slow.api("drive.about.get"));
    signal("HUP", id);
    until_logged(&desk, "reading ");
    set(&desk, "interval: 1");
    signal("HUP", id);
    crate::desk::until(
        || log(&desk).matches("reloaded ").count() == 2,
        || log(&desk),
    );
    crate::desk::until(
        || desk.run(&["status", "--json"]).json()["last"]["looks"].as_u64() > Some(3),
        || log(&desk),
    );
}
