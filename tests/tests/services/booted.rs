//! A real systemd as PID 1, with the real programs under the units that are shipped or installed.
//!
//! It runs in a copy of this machine in memory, by `systemd-nspawn`, and needs root for that.

use std::{path::Path, process::Command};

use syft_tests::{
    home::{SYFT_NOTIFY, repository},
    peers::succeed,
    sync_home::SYNC_DAEMON,
};

/// Runs a script where systemd is PID 1, and returns what it said of each thing that must hold.
#[track_caller]
fn check(program: &Path, script: &str, least: usize) {
    let mut boot = Command::new("sudo");
    if rustix::process::geteuid().is_root() {
        boot = Command::new("env");
    }
    boot.arg(repository("tests/interop/booted.sh"));
    boot.arg(program).arg(repository("templates/service"));
    let output = succeed(boot.arg(script));
    let out = String::from_utf8(output.stdout).unwrap();
    let held = out.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(!out.contains("\nFAILED"), "{out}");
    assert_eq!(out.lines().last(), Some("end"), "{out}");
    assert!(held >= least, "{held} of {least}\n{out}");
}

#[test]
fn systemd_keeps_the_notifier_running_and_in_its_bounds() {
    check(&SYFT_NOTIFY, "booted_notify.sh", 40);
}

#[test]
fn systemd_keeps_the_sync_daemon_running_and_in_its_bounds() {
    check(&SYNC_DAEMON, "booted_sync.sh", 50);
}
