//! The daemon, its program and its pid file.

use std::{fs, process::Command};

use super::{close, doctor, finds, has_line, local};

#[test]
fn a_daemon_and_its_pid_file() {
    let desk = local();
    desk.write("home/.syft-creds/syft-notify.pid", "1\n");
    close(&desk, "home/.syft-creds/syft-notify.pid");
    finds(
        &desk,
        0,
        &[
            "⚠️",
            "syft-notify.pid names PID 1, which is not it",
            "— rm ",
        ],
    );
    let running = desk.start(&["run", "--interval", "30", "-v"]);
    running.until_it_says("looked: ");
    let runs = format!("syft-notify runs (PID {})", running.id());
    finds(&desk, 0, &["✅", &runs]);
    let config = desk.write("other.yaml", &desk.config_text());
    let ran = desk.run(&["doctor", "-c", "other.yaml"]).succeeds();
    let remedy = format!(
        "syft-notify doctor -c {}",
        desk.creds("daemon.yaml").display()
    );
    has_line(&ran, &["⚠️", &config.display().to_string(), &remedy]);
    assert_eq!(running.signal("TERM").0, Some(0));
    assert!(!desk.creds("syft-notify.pid").exists());
}

#[test]
fn a_program_that_was_replaced() {
    let desk = local();
    let program = desk.path("old-syft-notify");
    fs::copy(desk.command(&[]).get_program(), &program).unwrap();
    let mut command = Command::new(&program);
    command
        .args(["run", "--interval", "30"])
        .env_clear()
        .env("HOME", desk.path("home"))
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    crate::desk::until(
        || doctor(&desk).out.contains("syft-notify runs"),
        || doctor(&desk).out,
    );
    fs::remove_file(&program).unwrap();
    let ran = doctor(&desk);
    child.kill().unwrap();
    child.wait().unwrap();
    let text = format!("the program of PID {} was replaced", child.id());
    has_line(&ran, &["⚠️", &text, "— syft-notify restart"]);
}

#[test]
fn pythons_program_beside_ours() {
    let desk = local();
    let mut python = Command::new("python3")
        .args(["-c", "input()", "syft-notify", "start"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = python.id();
    desk.write("home/.syft-creds/syft-notify.pid", &format!("{pid}\n"));
    // What is called python3 may be a script that looks for Python first.
    let found = format!("Python's program runs beside this one (PID {pid})");
    crate::desk::until(|| doctor(&desk).out.contains(&found), || doctor(&desk).out);
    let ran = doctor(&desk);
    python.kill().unwrap();
    python.wait().unwrap();
    has_line(&ran, &["⚠️", &found, "kill"]);
}
