//! `restart`: what ran goes on as it was, and what others look after is left to them.

use crate::{background::pid, desk::Desk};

#[test]
fn restart_keeps_the_options() {
    let desk = Desk::local();
    desk.write("other.yaml", &desk.config_text());
    desk.run(&["start", "-c", "other.yaml", "-i", "7", "--jobs-only"])
        .succeeds();
    let before = pid(&desk);
    let options = |desk: &Desk| desk.run(&["status", "--json"]).json()["options"].clone();
    let first = options(&desk);
    assert_eq!(first["interval"], 7);
    let ran = desk.run(&["restart"]).succeeds();
    assert!(ran.err.contains("✅ stopped"), "{}", ran.err);
    assert_ne!(pid(&desk), before);
    assert_eq!(options(&desk), first);
    let status = desk.run(&["status", "--json"]).json();
    assert_eq!(
        status["config"],
        desk.path("other.yaml").display().to_string()
    );
    desk.run(&["restart", "--interval", "9", "--peers-only"])
        .succeeds();
    let last = options(&desk);
    assert_eq!(last["interval"], 9);
    assert_eq!(
        (&last["jobs_only"], &last["peers_only"]),
        (&false.into(), &true.into())
    );
}

#[test]
fn restart_starts_what_does_not_run_and_stops_nothing_in_vain() {
    let desk = Desk::local();
    desk.run(&["restart"])
        .succeeds()
        .says("was not running")
        .says("✅ started");
    let id = pid(&desk);
    let config = desk.config_text();
    desk.write_config("do_email: 3\n");
    desk.run(&["restart"])
        .fails(1, &["what runs goes on as it is"]);
    let status = desk.run(&["status"]).succeeds();
    assert!(status.out.contains("cannot be used now"), "{}", status.out);
    assert_eq!(pid(&desk), id);
    desk.run(&["stop"]).succeeds();
    desk.write_config(&config);
}

#[test]
fn a_foreground_run_is_stopped_and_restarted_as_well() {
    let desk = Desk::local();
    let running = desk.start(&["run", "--interval", "1", "-v"]);
    running.until_it_says("looked: ");
    let status = desk.run(&["status"]).succeeds();
    assert!(status.out.contains("in the foreground"), "{}", status.out);
    desk.run(&["stop"])
        .succeeds()
        .says("It runs in the foreground")
        .says("✅ stopped");
    assert_eq!(running.wait(), Some(0));
    let running = desk.start(&["run", "--interval", "3"]);
    running.until_it_says("watching for ");
    desk.run(&["restart"]).succeeds().says("in the background");
    assert_eq!(running.wait(), Some(0));
    let status = desk.run(&["status", "--json"]).succeeds().json();
    assert_eq!(status["options"]["interval"], 3);
    assert_eq!(status["by"]["kind"], "background");
}

/// Somebody else looks after it, and is named.
#[test]
fn a_service_is_restarted_by_its_manager() {
    let desk = Desk::local();
    let mut command = desk.command(&["run"]);
    command.env("SUPERVISOR_PROCESS_NAME", "syft-notify");
    let running = desk.begin(command, "supervised");
    running.until_it_says("watching for ");
    desk.run(&["status"])
        .succeeds()
        .says("by supervisord as syft-notify");
    desk.run(&["restart"]).fails(
        1,
        &[
            "was started by supervisord, which should restart it",
            "next:  supervisorctl restart syft-notify",
        ],
    );
    desk.run(&["stop"])
        .succeeds()
        .says("✅ stopped")
        .says("`supervisorctl stop syft-notify`");
    assert_eq!(running.wait(), Some(0));
}
