//! Google answering anything but what it should.

use syft_emulator::{Effect, Fault};

use crate::desk::{Desk, Google};

fn status(code: u16, reason: Option<&str>) -> Effect {
    Effect::Status {
        code,
        reason: reason.map(ToOwned::to_owned),
        retry_after: Some(0),
    }
}

/// Lets every look at the changes of the Drive go wrong; the connection itself works.
#[track_caller]
fn once(effect: Effect, code: i32, says: &[&str]) {
    let google = Google::start();
    let desk = Desk::google(&google);
    desk.run(&["run", "--once"]).succeeds();
    let before = std::fs::read(desk.state_file()).unwrap();
    for api in ["drive.changes.*", "drive.files.list"] {
        google.emulator.inject(Fault::new(effect.clone()).api(api));
    }
    desk.run(&["run", "--once"]).fails(code, says);
    assert_eq!(std::fs::read(desk.state_file()).unwrap(), before);
    google.emulator.clear_faults();
    desk.run(&["run", "--once"]).succeeds();
}

#[test]
fn t20_401() {
    once(status(401, None), 4, &["run `syft-notify init`"]);
}

#[test]
fn t20_403() {
    once(
        status(403, Some("insufficientPermissions")),
        5,
        &[
            "Drive could not be looked at",
            "was refused: insufficientPermissions",
        ],
    );
}

#[test]
fn t20_404() {
    once(status(404, None), 5, &["Drive could not be looked at"]);
}

#[test]
fn t20_429() {
    once(
        status(429, None),
        5,
        &["Drive could not be looked at", "too many calls"],
    );
}

#[test]
fn t20_500() {
    once(
        status(500, None),
        5,
        &["Drive could not be looked at", "is not available now"],
    );
}

#[test]
fn t20_503() {
    once(
        status(503, None),
        5,
        &["Drive could not be looked at", "is not available now"],
    );
}

#[test]
fn t20_garbage() {
    once(
        Effect::Garbage,
        5,
        &["Drive could not be looked at", "makes no sense"],
    );
}

#[test]
fn t20_nothing() {
    once(
        Effect::DropBefore,
        5,
        &["Drive could not be looked at", "is not available now"],
    );
}

#[test]
fn t20_half_an_answer() {
    once(Effect::Truncate, 5, &["Drive could not be looked at"]);
}

/// A refused cursor is no trouble: everything is looked at anew.
#[test]
fn an_expired_cursor() {
    let google = Google::start();
    let desk = Desk::google(&google);
    desk.run(&["run", "--once"]).succeeds();
    google.emulator.inject(
        Fault::new(status(410, None))
            .api("drive.changes.list")
            .times(1),
    );
    desk.run(&["run", "--once"]).succeeds();
}

#[test]
fn a_daemon_goes_on_and_recovers() {
    let google = Google::start();
    let desk = Desk::google(&google);
    desk.run(&["run", "--once"]).succeeds();
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("looked: ");
    for api in ["drive.changes.*", "drive.files.list"] {
        google.emulator.inject(Fault::new(Effect::Garbage).api(api));
    }
    running.until_it_says("the next look tries again");
    let trouble = desk.run(&["status"]).succeeds();
    assert!(trouble.out.contains("Trouble"), "{}", trouble.out);
    google.emulator.clear_faults();
    crate::desk::until(
        || !desk.run(&["status"]).out.contains("Trouble"),
        || desk.run(&["status"]).out,
    );
    assert_eq!(running.signal("TERM").0, Some(0));
}

/// Whoever starts the daemon before the network is there still gets their mails.
#[test]
fn a_daemon_that_cannot_connect_tries_again() {
    let google = Google::start();
    let desk = Desk::google(&google);
    google
        .emulator
        .inject(Fault::new(Effect::Garbage).api("drive.about.get"));
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("trying again in 2 s");
    let status = desk.run(&["status", "--json"]).succeeds().json();
    assert_eq!(status["last"]["looks"], 0);
    assert!(
        status["last"]["error"]
            .as_str()
            .unwrap()
            .contains("drive.about.get")
    );
    google.emulator.clear_faults();
    running.until_it_says("looked: ");
    assert_eq!(running.signal("INT").0, Some(0));
}

#[test]
fn a_daemon_can_be_stopped_while_it_waits() {
    let google = Google::start();
    let desk = Desk::google(&google);
    google
        .emulator
        .inject(Fault::new(Effect::Latency { millis: 30_000 }));
    let running = desk.start(&["run"]);
    // The call is under way when the emulator has it on record, or soon after the lock is taken.
    crate::desk::until(
        || desk.run(&["status"]).code == Some(0),
        || "it does not run".to_owned(),
    );
    let (code, took) = running.signal("TERM");
    assert_eq!(code, Some(0));
    assert!(took.as_secs() < 2, "{took:?}");
}

#[test]
fn once_does_not_wait_for_a_connection() {
    let google = Google::start();
    let desk = Desk::google(&google);
    google
        .emulator
        .inject(Fault::new(Effect::Garbage).api("drive.about.get"));
    desk.run(&["run", "--once"])
        .fails(5, &["drive.about.get makes no sense"]);
    desk.run(&["test-email"]).fails(5, &["drive.about.get"]);
}
