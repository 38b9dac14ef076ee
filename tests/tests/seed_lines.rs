//! Every shell line of the two documents that `syft-notify` was born from does what they say.
//!
//! The lines are theirs, word for word, but for the placeholders `USERNAME`, `/path/to/config.yaml`.
//! Left out are those that install or run Python. Each is run by bash in a home directory of its own,
//! against the emulator, and a table shows what it gave. `sudo` leads into a directory that takes
//! the place of `/`, and where no systemd runs, `systemctl` is `tests/interop/systemctl.py`. Needs
//! the feature `interop`.

#![cfg(feature = "interop")]
#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "seed_lines/sandbox.rs"]
mod sandbox;
#[path = "seed_lines/sync.rs"]
mod sync;
#[path = "seed_lines/terminal.rs"]
mod terminal;

use sandbox::{OWNER, Sandbox};

const CONTROL_C: &str = "\u{3}";

/// The health check, as it is printed.
const HEALTH_CHECK: &str = r#"#!/bin/bash
# check_syft_notify.sh

if syft-notify status > /dev/null 2>&1; then
    echo "OK: syft-notify is running"
    exit 0
else
    echo "CRITICAL: syft-notify is not running"
    exit 2
fi
"#;

/// How many mails were sent in each hour, as it is printed.
const PER_HOUR: &str = r#"grep "✅ Sent" ~/.syft-creds/syft-notify.log | \
  awk '{print $1" "$2}' | cut -d':' -f1 | uniq -c"#;

/// The lines of the command that installs the service, as the first of them prints it.
const INSTALL: &str = "sudo cp syft_client/notifications/systemd/syft-notify.service \\
  /etc/systemd/system/syft-notify@.service";

#[test]
fn every_line_does_what_it_says() {
    let mut desk = Sandbox::new();
    set_up(&mut desk);
    in_the_background(&mut desk);
    figures(&mut desk);
    stopping(&mut desk);
    in_the_foreground(&mut desk);
    troubles(&mut desk);
    sessions(&mut desk);
    as_a_service(&mut desk);
    println!("{}", desk.table());
}

fn set_up(desk: &mut Sandbox) {
    desk.put_tokens();
    let address = format!("{OWNER}\n");
    let answers = [
        ("e-mail", address.as_str()),
        ("directory", "\n"),
        ("Drive token", "n"),
        ("Gmail token", "n"),
    ];
    desk.typed("syft-notify init", &answers, 0, "Setting up");
    for name in ["daemon.yaml", "gmail_token.json", "token_do.json"] {
        assert!(desk.creds(name).is_file(), "{name}");
    }
    // "Edit ~/.syft-creds/daemon.yaml".
    desk.edit_config("interval: 30", "interval: 1");
}

fn in_the_background(desk: &mut Sandbox) {
    desk.fails("syft-notify status", 3, "not running");
    desk.typed("syft-notify start", &[], 0, "");
    desk.runs("syft-notify status", "running");
    for name in [
        "syft-notify.pid",
        "syft-notify.log",
        "syft-notify.error.log",
    ] {
        assert!(desk.creds(name).is_file(), "{name}");
    }
    desk.until_there("notification_state.json");
    desk.submit("first job");
    desk.until_logged("✅ Sent");
    desk.runs("syft-notify logs", "✅ Sent");
    desk.runs("syft-notify logs --lines 100", "✅ Sent");
    desk.follows(
        "syft-notify logs --follow",
        |desk| desk.submit("second job"),
        "second job",
    );
    desk.runs("syft-notify restart", "started");
    desk.runs("syft-notify status", "running");
}

fn figures(desk: &mut Sandbox) {
    let sent = desk.logged("✅ Sent");
    let counted: usize = desk
        .runs(PER_HOUR, "")
        .lines()
        .map(|line| {
            line.split_whitespace()
                .next()
                .unwrap()
                .parse::<usize>()
                .unwrap()
        })
        .sum();
    assert_eq!(counted, sent);
    let errors = desk.logged("ERROR");
    let line = r#"grep "ERROR" ~/.syft-creds/syft-notify.log | wc -l"#;
    assert_eq!(desk.runs(line, "").trim(), errors.to_string());
    desk.runs(
        r#"grep "✅ Sent" ~/.syft-creds/syft-notify.log | tail -1"#,
        "✅ Sent",
    );

    desk.script("check_syft_notify.sh", HEALTH_CHECK);
    desk.runs("check_syft_notify.sh", "OK: syft-notify is running");
    desk.runs(
        "cat ~/.syft-creds/daemon.yaml",
        &format!("do_email: {OWNER}"),
    );
    desk.runs("ls -la ~/.syft-creds/*.json", "-rw-------");
    desk.runs("cat ~/.syft-creds/notification_state.json", "notified_jobs");
}

fn stopping(desk: &mut Sandbox) {
    desk.runs("syft-notify stop", "stopped");
    desk.fails("syft-notify status", 3, "not running");
    desk.fails(
        "check_syft_notify.sh",
        2,
        "CRITICAL: syft-notify is not running",
    );
    desk.runs("syft-notify start --interval 60", "started");
    desk.runs("syft-notify status --json", "\"interval\": 60");
    desk.runs("syft-notify stop", "stopped");
}

fn in_the_foreground(desk: &mut Sandbox) {
    desk.typed("syft-notify run", &[("Ctrl+C to stop", CONTROL_C)], 0, "");
    desk.typed(
        "syft-notify run --interval 60",
        &[("Ctrl+C to stop", CONTROL_C)],
        0,
        "",
    );
    desk.typed(
        "syft-notify run --jobs-only",
        &[("Ctrl+C to stop", CONTROL_C)],
        0,
        "",
    );
    desk.typed(
        "syft-notify run --peers-only",
        &[("Ctrl+C to stop", CONTROL_C)],
        0,
        "",
    );
    let config = desk.creds("daemon.yaml").display().to_string();
    let line = format!("syft-notify run --config {config}");
    desk.typed(&line, &[("Ctrl+C to stop", CONTROL_C)], 0, "");
    desk.submit("third job");
    desk.runs("syft-notify run --once", "third job");
}

fn troubles(desk: &mut Sandbox) {
    // The number of a process that lives, and is not ours.
    desk.write_pid(std::process::id());
    desk.fails("syft-notify status", 3, "not running");
    desk.runs("rm ~/.syft-creds/syft-notify.pid", "");
    desk.runs("syft-notify start", "started");
    let answers = [
        ("Set it up anew?", "y"),
        ("Drive token", "n"),
        ("Gmail token", "n"),
    ];
    desk.typed("syft-notify init", &answers, 0, "Setting up");
    desk.runs("syft-notify restart", "started");
    desk.runs("syft-notify stop", "stopped");
}

fn sessions(desk: &mut Sandbox) {
    desk.runs("screen -dmS syft-notify syft-notify start", "");
    desk.until_running();
    desk.typed(
        "screen -r syft-notify",
        &[("syft-notify - INFO", CONTROL_C)],
        0,
        "",
    );
    desk.runs("syft-notify status", "running");
    desk.runs("syft-notify stop", "stopped");

    desk.runs("tmux new -s syft-notify -d syft-notify start", "");
    desk.until_running();
    desk.typed(
        "tmux attach -t syft-notify",
        &[("syft-notify - INFO", CONTROL_C)],
        0,
        "",
    );
    desk.runs("syft-notify status", "running");
    desk.runs("syft-notify stop", "stopped");
}

fn as_a_service(desk: &mut Sandbox) {
    desk.runs(INSTALL, "");
    desk.runs("sudo systemctl enable syft-notify@USERNAME", "syft-notify@");
    desk.runs("sudo systemctl start syft-notify@USERNAME", "");
    desk.runs(
        "sudo systemctl status syft-notify@USERNAME",
        "active (running)",
    );
    desk.runs("syft-notify status", "running");
    // The shorter form of the other document, from the directory of the files.
    desk.enter("templates/service");
    let line = "sudo cp systemd/syft-notify.service /etc/systemd/system/syft-notify@.service";
    desk.runs(line, "");
    desk.runs("sudo systemctl enable syft-notify@USERNAME", "");
    desk.tidy("sudo systemctl stop syft-notify@USERNAME");
    desk.fails("syft-notify status", 3, "not running");
}
