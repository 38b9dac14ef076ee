//! Programs that are in no package of ours: their patterns, run by the engines that they have.

use std::{
    fs::File,
    process::{Command, Stdio},
};

use syft_tests::{
    home::{Home, repository},
    peers::succeed,
};

use crate::{
    peers,
    record::{Record, lines, look, set_form},
};

/// Compares what a reader makes of a real log with what the lines say.
#[track_caller]
fn check(reader: impl Fn() -> Command) {
    for form in ["text", "json"] {
        let home = Home::new();
        set_form(&home, form);
        look(&home, "mean - age {\"a\"} – ünïcode");
        let log = home.path(".syft-creds/syft-notify.log");
        let lines = lines(&log);
        assert!(
            lines.iter().any(|line| line.contains("✅ Sent")),
            "{lines:?}"
        );
        let is_json = lines.iter().all(|line| line.starts_with('{'));
        assert_eq!(is_json, form == "json", "{lines:?}");

        let mut reader = reader();
        let output = succeed(reader.stdin(Stdio::from(File::open(&log).unwrap())));
        let text = String::from_utf8(output.stdout).unwrap();
        let read: Vec<Record> = text
            .lines()
            .map(|line| Record::of_json(&serde_json::from_str(line).unwrap()))
            .collect();
        let expected: Vec<Record> = lines.iter().map(|line| Record::of(line)).collect();
        assert_eq!(read, expected, "{form}");
    }
}

fn python(reader: &str) -> Command {
    let mut command = Command::new(peers::python());
    command.arg(repository("tests/interop/log_patterns.py"));
    command.arg(reader).arg(repository("templates/logging"));
    command
}

#[test]
fn filebeat() {
    check(|| python("filebeat"));
}

#[test]
fn promtail() {
    check(|| python("promtail"));
}

#[test]
fn alloy() {
    check(|| python("alloy"));
}

#[test]
fn google_cloud_ops() {
    check(|| python("google-cloud-ops"));
}

#[test]
fn cloudwatch() {
    check(|| python("cloudwatch"));
}

#[test]
fn fluentd() {
    check(|| {
        let mut command = Command::new("ruby");
        command.arg(repository("tests/interop/log_patterns.rb"));
        command.arg(repository("templates/logging/fluentd.conf"));
        command
    });
}
