//! A real systemd as PID 1, with the real program under the units that are shipped.
//!
//! It runs in a copy of this machine in memory, by `systemd-nspawn`, and needs root for that.

use std::process::Command;

use syft_tests::{
    home::{SYFT_NOTIFY, repository},
    peers::succeed,
};

/// What must hold at least; `booted_inside.sh` has the list.
const LEAST: usize = 40;

#[test]
fn systemd_keeps_the_program_running_and_in_its_bounds() {
    let mut boot = Command::new("sudo");
    if rustix::process::geteuid().is_root() {
        boot = Command::new("env");
    }
    boot.arg(repository("tests/interop/booted.sh"));
    boot.arg(SYFT_NOTIFY.as_path())
        .arg(repository("templates/service"));
    let output = succeed(&mut boot);
    let out = String::from_utf8(output.stdout).unwrap();
    let held = out.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(!out.contains("\nFAILED"), "{out}");
    assert_eq!(out.lines().last(), Some("end"), "{out}");
    assert!(held >= LEAST, "{held} of {LEAST}\n{out}");
}
