//! `start`, `stop` and `restart` without a service manager.

use crate::desk::{Desk, JOB};

/// G16, G17: the pid file is the one of the config, and each command finds the daemon by it.
#[test]
fn it_starts_in_the_background_and_is_found_again() {
    let desk = Desk::new(JOB);
    desk.write("source/letter", "dear");
    desk.run(&["stop"], 0);
    desk.run(&["start"], 0);
    let pid = desk.status()["pid"].as_u64().unwrap();
    assert!(desk.path("run/sync-daemon.pid").is_file());
    desk.until_there("destination/letter", "dear");
    let (_, said) = desk.run(&["start"], 0);
    assert!(said.contains("running already"), "{said}");
    let (_, said) = desk.run(&["start", "--foreground"], 4);
    assert!(said.contains(&format!("PID {pid}")), "{said}");

    desk.run(&["restart"], 0);
    assert_ne!(desk.status()["pid"].as_u64().unwrap(), pid);
    desk.run(&["stop"], 0);
    desk.run(&["status"], 3);
    assert!(!desk.path("run/sync-daemon.pid").exists());
}

/// What is wrong is said by `start` itself, and not only by a log.
#[test]
fn a_start_that_fails_says_why() {
    let desk = Desk::new("[concurrency]\nmax_concurrent_syncs = 0\n");
    let (_, said) = desk.run(&["start"], 2);
    assert!(said.contains("max_concurrent_syncs"), "{said}");
    let (printed, _) = desk.run(&["status"], 2);
    assert!(printed.contains("not running"), "{printed}");
}

/// Without a daemon a job runs right here.
#[test]
fn a_job_can_be_triggered_without_a_daemon() {
    let desk = Desk::new(JOB);
    desk.write("source/letter", "dear");
    desk.run(&["trigger", "documents", "--dry-run"], 0);
    assert_eq!(desk.read("destination/letter"), None);
    desk.run(&["trigger", "documents"], 0);
    assert_eq!(desk.read("destination/letter").as_deref(), Some("dear"));
}
