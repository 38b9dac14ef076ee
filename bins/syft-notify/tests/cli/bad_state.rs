//! A record that is damaged, foreign or in the way: it is never taken for an empty one (T13).

use std::fs;

use crate::desk::{Desk, OTHER, Ran};

/// A desk with a record of two mails, the older generation of which is the backup.
fn desk() -> Desk {
    let desk = Desk::local();
    desk.run(&["run", "--once"]).succeeds();
    desk.run(&["run", "--once"]).succeeds();
    assert!(fs::exists(backup(&desk)).unwrap());
    desk
}

fn backup(desk: &Desk) -> std::path::PathBuf {
    desk.creds("notification_state.json.bak")
}

#[track_caller]
fn is_left_alone(desk: &Desk, says: &[&str]) {
    let before = fs::read(desk.state_file()).ok();
    for line in [
        &["run", "--once"][..],
        &["run"],
        &["status"],
        &["state", "show"],
        &["state", "reset", "--peers", "--yes"],
        &["notify-granted", "ds@example.org"],
    ] {
        desk.run(line).fails(1, says);
    }
    assert_eq!(fs::read(desk.state_file()).ok(), before);
}

#[track_caller]
fn damage(text: &[u8], says: &str) {
    let desk = desk();
    syft_state::fs::write_atomic(&desk.state_file(), text, 0o600).unwrap();
    let says = [
        "notification_state.json is damaged",
        says,
        "notification_state.json.bak",
        "next:  syft-notify state restore",
    ];
    is_left_alone(&desk, &says);
    desk.run(&["state", "restore"])
        .fails(1, &["this needs a yes", "add --yes"]);
    let ran = desk.run(&["state", "restore", "--yes"]).succeeds();
    assert!(ran.err.contains("is whole again"), "{}", ran.err);
    assert!(
        ran.err.contains("notification_state.json.damaged-1"),
        "{}",
        ran.err
    );
    assert_eq!(
        fs::read(desk.creds("notification_state.json.damaged-1")).unwrap(),
        text
    );
    desk.run(&["run", "--once"]).succeeds();
}

#[test]
fn t13_damage_is_never_taken_for_emptiness() {
    damage(b"", "it is empty");
    damage(b"{\"notified_jobs\": {\"a job\": [\"ne", "line 1");
    damage(b"[]", "");
    damage(
        b"{\"notified_jobs\": 3}",
        "expected an object at line 1 column 19",
    );
    damage(&[0xff, 0x00], "");
}

#[test]
fn a_truncated_record() {
    let desk = desk();
    let whole = fs::read(desk.state_file()).unwrap();
    syft_state::fs::write_atomic(&desk.state_file(), &whole[..whole.len() / 2], 0o600).unwrap();
    is_left_alone(&desk, &["is damaged"]);
    desk.run(&["state", "restore", "--yes"]).succeeds();
    desk.run(&["state", "show"]).succeeds();
}

#[test]
fn nothing_to_restore_from() {
    let desk = desk();
    fs::remove_file(backup(&desk)).unwrap();
    syft_state::fs::write_atomic(&desk.state_file(), b"{", 0o600).unwrap();
    is_left_alone(&desk, &["is damaged", "move it away to begin anew"]);
    desk.run(&["state", "restore", "--yes"])
        .fails(1, &["there is no intact copy", "next:  mend it by hand"]);
    assert_eq!(fs::read(desk.state_file()).unwrap(), b"{");
}

/// An older generation would mail again what was mailed since.
#[test]
fn an_intact_record_is_not_replaced() {
    let desk = desk();
    let before = fs::read(desk.state_file()).unwrap();
    desk.run(&["state", "restore", "--yes"])
        .succeeds()
        .says("is intact: there is nothing to restore");
    assert_eq!(fs::read(desk.state_file()).unwrap(), before);
}

#[test]
fn something_else_is_in_the_way() {
    let desk = Desk::local();
    fs::create_dir(desk.state_file()).unwrap();
    is_left_alone(
        &desk,
        &["notification_state.json is a directory, not a regular file"],
    );
    let desk = Desk::local();
    std::os::unix::fs::symlink("/etc/passwd", desk.state_file()).unwrap();
    is_left_alone(&desk, &["notification_state.json is a symbolic link"]);
}

#[test]
fn the_record_of_somebody_else() {
    let desk = desk();
    let config = desk.config_text().replace("do@example.org", OTHER);
    desk.write_config(&config);
    desk.run(&["run", "--once"]).fails(
        1,
        &[
            "notification_state.json belongs to do@example.org, not to eve@example.org",
            "set `state_path`",
        ],
    );
}

#[test]
fn edits_by_hand_count() {
    let desk = desk();
    let text = fs::read_to_string(desk.state_file()).unwrap();
    let edited = text.replacen(
        "\"notified_jobs\": {",
        "\"notified_jobs\": {\"my job\": [\"new\"], ",
        1,
    );
    let edited = edited.replace(", }", "}");
    assert_ne!(edited, text);
    desk.write("home/.syft-creds/notification_state.json", &edited);
    let json = desk.run(&["state", "show", "--json"]).succeeds().json();
    assert_eq!(json["notified_jobs"]["my job"][0], "new");
    desk.run(&["state", "reset", "--key", "my jobb", "--yes"])
        .fails(1, &["there is no key \"my jobb\" on record", "my job"]);
    desk.run(&["state", "reset", "--key", "my job"])
        .fails(1, &["add --yes"]);
    desk.run(&["state", "reset", "--key", "my job", "--yes"])
        .succeeds()
        .says("forgot 1 entry");
    let json = desk.run(&["state", "show", "--json"]).succeeds().json();
    assert_eq!(json["notified_jobs"].get("my job"), None);
}

#[test]
fn before_the_first_look() {
    let desk = Desk::local();
    desk.run(&["state", "show"])
        .succeeds()
        .says("does not exist yet");
    desk.run(&["state", "reset", "--jobs", "--yes"])
        .succeeds()
        .says("Nothing is on record");
    desk.run(&["status"]).fails(3, &[]).says("none yet");
    assert!(!desk.state_file().exists());
}

/// No file may grow beyond what a full disk allows; here `ulimit -f` is the disk.
#[test]
fn a_full_disk() {
    let desk = desk();
    let before = fs::read(desk.state_file()).unwrap();
    let config = desk.config_text();
    let full = |line: &str| {
        let program = desk
            .command(&[])
            .get_program()
            .to_string_lossy()
            .into_owned();
        let script = format!("ulimit -f 0; trap '' XFSZ; exec '{program}' {line}");
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &script])
            .env_clear()
            .env("HOME", desk.path("home"));
        Ran::of(command.output().unwrap())
    };
    let reason = "File too large";
    let state = "cannot write ";
    full("run --once").fails(
        1,
        &[state, "notification_state.json (see the limit", reason],
    );
    full("test-email").fails(1, &["cannot access", reason]);
    full("init --yes").fails(1, &[state, "daemon.yaml.bak", reason]);
    assert_eq!(fs::read(desk.state_file()).unwrap(), before);
    assert_eq!(desk.config_text(), config);
    desk.run(&["run", "--once"]).succeeds();
}
