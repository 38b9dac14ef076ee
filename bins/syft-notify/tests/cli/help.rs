//! What `--help` says, word by word, and what is made from the same source.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::desk::Desk;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["init"],
    &["start"],
    &["stop"],
    &["restart"],
    &["reload"],
    &["logs"],
    &["run"],
    &["status"],
    &["doctor"],
    &["queue"],
    &["queue", "list"],
    &["queue", "retry"],
    &["queue", "drop"],
    &["service"],
    &["service", "install"],
    &["service", "uninstall"],
    &["notify-granted"],
    &["state"],
    &["state", "show"],
    &["state", "reset"],
    &["state", "restore"],
    &["test-email"],
    &["config"],
    &["config", "validate"],
    &["config", "show"],
    &["demo"],
    &["completions"],
    &["man"],
];

#[test]
fn every_help_text() {
    let desk = Desk::new();
    for names in COMMANDS {
        let ran = desk.run(&[*names, &["--help"]].concat()).succeeds();
        let name = [&["syft-notify"], *names].concat().join("-");
        insta::with_settings!({
            snapshot_path => "../golden/help",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, ran.out);
        });
    }
}

#[test]
fn every_command_is_listed_here() {
    let desk = Desk::new();
    let out = desk.run(&["--help"]).out;
    let list = out.split("Commands:").nth(1).unwrap();
    let list = list.split("\n\n").next().unwrap();
    for line in list.lines().filter(|line| !line.trim().is_empty()) {
        let name = line.split_whitespace().next().unwrap();
        let is_known = name == "help" || COMMANDS.iter().any(|names| names.first() == Some(&name));
        assert!(is_known, "{name}");
    }
}

#[test]
fn exit_codes_are_documented() {
    let desk = Desk::new();
    let out = desk.run(&["--help"]).out;
    for code in 0..=6 {
        assert!(out.contains(&format!("\n  {code}  ")), "{code}: {out}");
    }
}

#[test]
fn a_wrong_command_line() {
    let desk = Desk::new();
    desk.run(&["statsu"])
        .fails(2, &["unrecognized subcommand 'statsu'", "status"]);
    desk.run(&[]).fails(2, &["Usage: syft-notify"]);
    desk.run(&["run", "--onec"])
        .fails(2, &["unexpected argument '--onec'", "--once"]);
    desk.run(&["state", "reset"]).fails(2, &["--peers"]);
    desk.run(&["state", "reset", "--peers", "--jobs"])
        .fails(2, &["cannot be used with"]);
    desk.run(&["init", "--interval", "0"])
        .fails(2, &["0 is not in 1..=2592000"]);
}

#[test]
fn completions_are_valid_scripts() {
    let desk = Desk::new();
    for (shell, check) in [
        ("bash", Some("bash")),
        ("zsh", None),
        ("fish", None),
        ("elvish", None),
        ("powershell", None),
    ] {
        let script = desk.run(&["completions", shell]).succeeds().out;
        assert!(script.contains("notify-granted"), "{shell}");
        if let Some(program) = check {
            let mut child = Command::new(program)
                .arg("-n")
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            child
                .stdin
                .take()
                .unwrap()
                .write_all(script.as_bytes())
                .unwrap();
            assert!(child.wait().unwrap().success(), "{shell}");
        }
    }
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let desk = Desk::new();
    for names in COMMANDS {
        let page = desk.run(&[&["man"], *names].concat()).succeeds().out;
        let title = [&["syft-notify"], *names]
            .concat()
            .join("\\-")
            .to_lowercase();
        let first = page.lines().find(|line| line.starts_with(".TH")).unwrap();
        let title = title.replace("\\-", "-");
        assert!(first.replace("\\-", "-").contains(&title), "{first}");
    }
    desk.run(&["man", "nothing"])
        .fails(1, &["there is no command \"nothing\""]);
}
