//! Colours, pipes that close, and standard outputs that are full.

use std::{fs::File, process::Stdio};

use crate::desk::{Desk, Ran};

const PRINTING: &[&[&str]] = &[
    &["config", "show"],
    &["config", "show", "--json"],
    &["state", "show"],
    &["completions", "bash"],
    &["man"],
];

#[test]
fn a_reader_who_leaves_is_no_error() {
    let desk = Desk::local();
    for line in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = desk.command(line).stdout(writer).output().unwrap();
        let ran = Ran::of(output).succeeds();
        assert_eq!(ran.err, "", "{line:?}");
    }
}

#[test]
fn data_that_is_lost_is_an_error() {
    let desk = Desk::local();
    for line in PRINTING {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = desk.command(line).stdout(full).output().unwrap();
        Ran::of(output).fails(
            1,
            &["cannot write to standard output: No space left on device"],
        );
    }
}

#[test]
fn a_closed_terminal_stops_nothing() {
    let desk = Desk::local();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = desk
        .command(&["run", "--once"])
        .stdout(Stdio::null())
        .stderr(writer)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(desk.state_file().exists());
}

/// Colours are for terminals alone, and not for those who do not want them.
#[test]
fn colours() {
    let desk = Desk::local();
    let on_terminal = |before: &str, after: &str| {
        let program = desk
            .command(&[])
            .get_program()
            .to_string_lossy()
            .into_owned();
        let script = format!("{before} '{program}' status {after}");
        let mut command = std::process::Command::new("script");
        command
            .args(["-qec", &script, "/dev/null"])
            .env_clear()
            .env("HOME", desk.path("home"))
            .env("TERM", "xterm-256color")
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let plain = |text: &str| !text.contains('\u{1b}') && text.contains("not running");
    assert!(on_terminal("", "").contains("\u{1b}["));
    assert!(plain(&on_terminal("NO_COLOR=1", "")));
    assert!(plain(&on_terminal("", "--no-color")));
    assert!(plain(&on_terminal("TERM=dumb", "")));
    assert!(plain(&desk.run(&["status"]).out));
}
