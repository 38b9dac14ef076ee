//! `start`, `stop` and `restart`: what runs when no terminal is left.

use std::{fs, process::Command};

use syft_emulator::{Effect, Fault};

use crate::{
    desk::{Desk, Google, until},
    running::{mails, submit},
};

/// Returns the PID of the daemon, which must run.
#[track_caller]
pub(crate) fn pid(desk: &Desk) -> u32 {
    let status = desk.run(&["status", "--json"]).succeeds().json();
    u32::try_from(status["pid"].as_u64().unwrap()).unwrap()
}

#[track_caller]
pub(crate) fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success(), "{name} to {pid}");
}

pub(crate) fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A process that nobody has buried yet is dead.
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

pub(crate) fn log(desk: &Desk) -> String {
    fs::read_to_string(desk.creds("syft-notify.log")).unwrap_or_default()
}

/// Waits until the log of the daemon says something.
#[track_caller]
pub(crate) fn until_logged(desk: &Desk, part: &str) {
    until(
        || log(desk).contains(part),
        || format!("no {part:?} in:\n{}", log(desk)),
    );
}

/// The worker, which is not the one that is named to people.
#[track_caller]
pub(crate) fn worker(desk: &Desk) -> u32 {
    let status = desk.run(&["status", "--json"]).succeeds().json();
    u32::try_from(status["last"]["pid"].as_u64().unwrap()).unwrap()
}

#[test]
fn start_says_where_everything_is_and_stop_ends_it() {
    let desk = Desk::local();
    let ran = desk.run(&["start"]).succeeds();
    let id = pid(&desk);
    for part in [
        "/.syft-creds/daemon.yaml",
        "/.syft-creds/syft-notify.pid",
        "/.syft-creds/syft-notify.log",
        &format!("✅ started (PID {id})"),
        "syft-notify status",
        "syft-notify logs --follow",
        "syft-notify stop",
    ] {
        assert!(ran.err.contains(part), "no {part:?} in:\n{}", ran.err);
    }
    assert_eq!(ran.out, "");
    let named = fs::read_to_string(desk.creds("syft-notify.pid")).unwrap();
    assert_eq!(named, format!("{id}\n"));
    for file in ["syft-notify.pid", "syft-notify.log", "syft-notify.lock"] {
        desk.is_private(&desk.creds(file));
    }
    desk.run(&["stop"])
        .succeeds()
        .says(&format!("Stopping syft-notify (PID {id}) …"))
        .says("✅ stopped");
    assert!(!is_alive(id));
    assert!(!desk.creds("syft-notify.pid").exists());
    desk.run(&["status"]).fails(3, &[]).says("not running");
    desk.run(&["stop"]).succeeds().says("is not running");
}

#[test]
fn it_mails_while_nobody_looks() {
    let desk = Desk::local();
    desk.run(&["start", "--interval", "1"]).succeeds();
    until_logged(&desk, "first look");
    submit(&desk, &["one"]);
    until_logged(&desk, "✅ Sent");
    desk.run(&["stop"]).succeeds();
    assert!(
        mails(&desk, crate::desk::OWNER)
            .iter()
            .any(|subject| subject.contains("New Job: one"))
    );
}

#[test]
fn a_second_start_changes_nothing() {
    let desk = Desk::local();
    desk.run(&["start"]).succeeds();
    let id = pid(&desk);
    let ran = desk.run(&["start"]).succeeds();
    assert!(
        ran.err.contains(&format!(
            "syft-notify is running already (PID {id}, started "
        )),
        "{}",
        ran.err
    );
    desk.run(&["start", "--interval", "60"])
        .succeeds()
        .says("it runs with other options; `syft-notify restart` takes yours");
    desk.run(&["run"]).fails(
        1,
        &[
            &format!("another syft-notify (PID {id}) watches already"),
            "next:  stop it with `syft-notify stop`",
        ],
    );
    assert_eq!(pid(&desk), id);
}

#[test]
fn of_two_starts_at_once_one_wins() {
    let desk = Desk::local();
    for _ in 0..3 {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                desk.command(&["start"])
                    .stderr(std::process::Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let ends: Vec<_> = starts
            .into_iter()
            .map(|start| crate::desk::Ran::of(start.wait_with_output().unwrap()))
            .collect();
        let won = ends
            .iter()
            .filter(|ran| ran.err.contains("✅ started (PID"))
            .count();
        assert_eq!(won, 1, "{ends:#?}");
        for ran in ends {
            let id = pid(&desk);
            ran.succeeds().says(&format!("PID {id}"));
        }
        desk.run(&["stop"]).succeeds();
    }
}

#[test]
fn what_cannot_start_says_why() {
    let desk = Desk::new();
    desk.run(&["start"])
        .fails(1, &["there is no config file", "run `syft-notify init`"]);
    let desk = Desk::local();
    desk.write_config("do_email: do@example.org\ninterval: soon\n");
    desk.run(&["start"])
        .fails(1, &["config error: ", "interval"]);
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    desk.write("home/.syft-creds/notification_state.json", "{");
    desk.run(&["start"]).fails(
        1,
        &[
            "it did not start: ",
            "notification_state.json is damaged",
            "The log ends with:",
            "next:  ",
        ],
    );
    desk.run(&["start", "--jobs-only", "--peers-only"])
        .fails(1, &["exclude each other"]);
}

#[test]
fn a_token_that_is_refused_ends_the_start() {
    let google = Google::start();
    let desk = Desk::google(&google);
    google.emulator.revoke(crate::desk::OWNER);
    desk.run(&["start"]).fails(
        4,
        &[
            "it did not start: ",
            "drive.json",
            "next:  syft-notify init",
        ],
    );
    let status = desk.run(&["status"]).fails(3, &[]);
    for part in ["❌ Daemon is not running", "Given up", "drive.json"] {
        assert!(status.out.contains(part), "no {part:?} in:\n{}", status.out);
    }
}

/// Whoever starts it at boot before the network is there need not come back.
#[test]
fn a_network_that_is_missing_is_waited_for() {
    let google = Google::start();
    let desk = Desk::google(&google);
    google
        .emulator
        .inject(Fault::new(Effect::Garbage).api("drive.about.get"));
    desk.run(&["start", "--interval", "1"])
        .succeeds()
        .says("✅ started (PID ")
        .says("waiting to connect: ")
        .says("it tries again by itself");
    // A busy machine is told of silence before the first attempt has failed.
    until(
        || desk.run(&["status"]).succeeds().out.contains("Trouble"),
        || log(&desk),
    );
    google.emulator.clear_faults();
    until(
        || desk.run(&["status", "--json"]).json()["last"]["looks"].as_u64() > Some(0),
        || log(&desk),
    );
}

/// A firewall that swallows everything does not keep anybody waiting at the terminal.
#[test]
fn a_network_that_is_silent_is_waited_for() {
    let google = Google::start();
    let desk = Desk::google(&google);
    let silence = Fault::new(Effect::Latency { millis: 120_000 });
    google.emulator.inject(silence);
    desk.run(&["start"])
        .succeeds()
        .says("waiting to connect: no answer yet; it tries again by itself");
    desk.run(&["stop"]).succeeds().says("✅ stopped");
}

#[test]
fn a_worker_that_is_killed_comes_back() {
    let desk = Desk::local();
    desk.run(&["start", "--interval", "1"]).succeeds();
    let (supervisor, first) = (pid(&desk), worker(&desk));
    assert_ne!(supervisor, first);
    signal("KILL", first);
    until(
        || {
            let status = desk.run(&["status", "--json"]).json();
            status["last"]["pid"] != first && status["restarts"].as_u64() >= Some(1)
        },
        || log(&desk),
    );
    assert_eq!(pid(&desk), supervisor);
    let status = desk.run(&["status"]).succeeds();
    for part in ["Restarts", "killed by signal 9"] {
        assert!(status.out.contains(part), "no {part:?} in:\n{}", status.out);
    }
    until_logged(&desk, "the worker failed: ");
    let errors = fs::read_to_string(desk.creds("syft-notify.error.log")).unwrap();
    assert!(errors.contains("killed by signal 9"), "{errors}");
}

/// Whoever kills the PID that is named wants it gone.
#[test]
fn without_its_supervisor_the_worker_ends() {
    let desk = Desk::local();
    desk.run(&["start", "--interval", "1"]).succeeds();
    let (supervisor, worker) = (pid(&desk), worker(&desk));
    signal("KILL", supervisor);
    until(|| !is_alive(worker), || log(&desk));
    let status = desk.run(&["status"]).fails(3, &[]);
    assert!(status.out.contains("left over"), "{}", status.out);
    desk.run(&["start"]).succeeds().says("left over");
    desk.run(&["stop"]).succeeds();
}

/// T22: after a reboot another program has the number.
#[test]
fn t22_a_pid_file_of_another_program() {
    let desk = Desk::local();
    let me = std::process::id();
    for text in [&*format!("{me}\n"), "1\n", "not a number", ""] {
        desk.write("home/.syft-creds/syft-notify.pid", text);
        desk.run(&["status"]).fails(3, &[]).says("not running");
        desk.run(&["stop"]).succeeds().says("is not running");
        desk.run(&["start"]).succeeds();
        assert_ne!(pid(&desk), me);
        desk.run(&["stop"]).succeeds();
    }
    assert!(is_alive(me));
}

#[test]
fn a_removed_pid_file_hides_nothing() {
    let desk = Desk::local();
    desk.run(&["start"]).succeeds();
    let id = pid(&desk);
    fs::remove_file(desk.creds("syft-notify.pid")).unwrap();
    desk.run(&["start"]).succeeds().says("running already");
    assert_eq!(pid(&desk), id);
    desk.run(&["stop"]).succeeds().says("✅ stopped");
}

/// SIGKILL needs no consent.
#[test]
fn one_that_does_not_listen_is_forced() {
    let desk = Desk::local();
    desk.run(&["start"]).succeeds();
    let (supervisor, worker) = (pid(&desk), worker(&desk));
    signal("STOP", supervisor);
    desk.run(&["stop", "--timeout", "1"])
        .succeeds()
        .says("it had to be forced");
    assert!(!is_alive(supervisor));
    until(|| !is_alive(worker), || log(&desk));
    desk.run(&["status"]).fails(3, &[]);
}

#[test]
fn it_leaves_the_terminal_and_the_directory() {
    let desk = Desk::local();
    desk.run(&["start"]).succeeds();
    for id in [pid(&desk), worker(&desk)] {
        let cwd = fs::read_link(format!("/proc/{id}/cwd")).unwrap();
        assert_eq!(cwd, std::path::Path::new("/"));
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
        let fields: Vec<_> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        // proc_pid_stat(5): the fourth after the name is the session, the fifth the terminal.
        assert_eq!(fields[3], pid(&desk).to_string(), "{stat}");
        assert_eq!(fields[4], "0", "{stat}");
    }
}

#[test]
fn a_key_that_means_nothing_is_a_warning_in_the_log_and_no_error() {
    let desk = Desk::local();
    desk.write_config(&format!("{}webhook: 3\n", desk.config_text()));
    desk.run(&["start"]).succeeds().says("is it `webhooks`?");
    until_logged(&desk, " - WARNING - ⚠️  ");
    until_logged(&desk, "is it `webhooks`?");
    let errors = fs::read_to_string(desk.creds("syft-notify.error.log"));
    assert_eq!(errors.unwrap_or_default(), "");
}

/// Two configs whose files would mix are told apart.
#[test]
fn another_config_in_the_same_directory() {
    let desk = Desk::local();
    desk.run(&["start"]).succeeds();
    let other = format!(
        "{}state_path: home/.syft-creds/other.json\n",
        desk.config_text()
    );
    desk.write("other.yaml", &other);
    desk.run(&["start", "-c", "other.yaml"])
        .succeeds()
        .says("it runs with another config: ");
    desk.run(&["run", "-c", "other.yaml"])
        .fails(1, &["keeps its files in", "put the `state_path`"]);
}

/// Whoever moves over from Python has a day on which both could run.
#[test]
fn the_python_daemon_is_not_joined() {
    let desk = Desk::local();
    let mut python = Command::new("/usr/bin/python3")
        .args([
            "-c",
            "import time; time.sleep(600)",
            "/usr/local/bin/syft-notify",
        ])
        .spawn()
        .unwrap();
    let id = python.id();
    desk.write("home/.syft-creds/syft-notify.pid", &id.to_string());
    let ran = desk.run(&["start"]);
    python.kill().unwrap();
    python.wait().unwrap();
    ran.fails(
        1,
        &[
            &format!("the Python syft-notify still runs (PID {id})"),
            &format!("next:  kill {id}, then syft-notify start"),
        ],
    );
    desk.run(&["start"]).succeeds();
}
