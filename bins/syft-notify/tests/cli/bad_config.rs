//! A config that is missing, broken or wrong: the file, the key, the line, and what to do.

use crate::desk::{Desk, Ran};

const GOOD: &str = "do_email: do@example.org\nsyftbox_root: ~/SyftBox\nbackend: local:../../hub\n";

/// Every command that needs a config says the same about it.
#[track_caller]
fn check(text: &str, says: &[&str]) {
    let desk = Desk::new();
    desk.write_config(text);
    let before = desk.home_files();
    for line in [
        &["run", "--once"][..],
        &["status"],
        &["state", "show"],
        &["state", "reset", "--jobs", "--yes"],
        &["test-email"],
        &["config", "show"],
        &["config", "validate"],
        &["notify-granted", "ds@example.org"],
    ] {
        let ran = desk.run(line).fails(1, &["error: config error: "]);
        ran.fails(1, says)
            .fails(1, &["home/.syft-creds/daemon.yaml"]);
    }
    assert_eq!(desk.home_files(), before);
}

#[track_caller]
fn warns(text: &str, says: &[&str]) {
    let desk = Desk::new();
    desk.write_config(text);
    let ran = desk.run(&["config", "validate"]);
    for part in says {
        assert!(ran.err.contains(part), "no {part:?} in:\n{}", ran.err);
    }
}

#[test]
fn there_is_none() {
    let desk = Desk::new();
    desk.run(&["run"]).fails(
        1,
        &[
            "there is no config file",
            "home/.syft-creds/daemon.yaml",
            "run `syft-notify init`",
        ],
    );
    desk.run(&["run", "--config", "~/elsewhere.yaml"])
        .fails(1, &["home/elsewhere.yaml"]);
}

#[test]
fn it_is_empty() {
    check(
        "",
        &["the file is empty: run `syft-notify init` to fill it"],
    );
    check("# nothing yet\n\n", &["the file is empty"]);
}

#[test]
fn it_is_no_yaml() {
    check("do_email: [\n", &["do_email", "line 1"]);
    check("do_email: a@b.c\n\tx: y\n", &["line 2"]);
    check("- a\n- b\n", &["expected"]);
    check("just words\n", &["expected"]);
    check("do_email: a@b.c\ndo_email: d@e.f\n", &["duplicate"]);
}

#[test]
fn it_is_not_text() {
    let desk = Desk::new();
    let path = desk.write("home/.syft-creds/daemon.yaml", "");
    syft_state::fs::write_atomic(&path, &[0xff, 0xfe, 0, 1], 0o600).unwrap();
    desk.run(&["status"])
        .fails(1, &["daemon.yaml: it is not UTF-8 text"]);
    syft_state::fs::write_atomic(&path, &vec![b'#'; 2 << 20], 0o600).unwrap();
    desk.run(&["status"])
        .fails(1, &["daemon.yaml: it is not a file of at most 1 MiB"]);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    desk.run(&["status"])
        .fails(1, &["daemon.yaml: it is not a file"]);
}

#[test]
fn a_value_has_the_wrong_type() {
    check(
        &format!("{GOOD}interval: soon\n"),
        &["interval", "expected a number", "line 4"],
    );
    check(
        &format!("{GOOD}interval: [30]\n"),
        &["interval", "expected a number", "line 4"],
    );
    check(
        &format!("{GOOD}notify_existing: 3\n"),
        &["notify_existing", "line 4"],
    );
    check(&format!("{GOOD}quota: 5\n"), &["quota", "line 4"]);
    check(
        &format!("{GOOD}quota:\n  units_per_day: many\n"),
        &["units_per_day", "line 5"],
    );
}

#[test]
fn a_value_makes_no_sense() {
    check("syftbox_root: ~/S\n", &["`do_email` is missing"]);
    check("do_email: a@b.c\n", &["`syftbox_root` is missing"]);
    check(
        "do_email: nobody\nsyftbox_root: ~/S\n",
        &["`do_email`", "\"nobody\" is not an e-mail address"],
    );
    check(
        &format!("{GOOD}interval: 0.5\n"),
        &["`interval` must be between 1 second and 30 days"],
    );
    check(
        &format!("{GOOD}interval: -1\n"),
        &["`interval` must be between"],
    );
    check(
        &format!("{GOOD}interval: .nan\n"),
        &["`interval` must be between"],
    );
    check(
        &format!("{GOOD}state_path: ~bob/state.json\n"),
        &["`state_path` names another user's home"],
    );
    check(
        &format!("{GOOD}quota:\n  units_per_day: 3\n"),
        &["`quota` must allow at least 200 units"],
    );
    check(
        "do_email: a@b.c\nsyftbox_root: ~/S\nbackend: dropbox\n",
        &["`backend` it must be `google` or `local:`"],
    );
}

#[test]
fn an_unknown_key_is_named_with_the_one_that_was_meant() {
    warns(
        &format!("{GOOD}intervall: 30\n"),
        &["daemon.yaml: the key `intervall` means nothing here; is it `interval`?"],
    );
    warns(
        &format!("{GOOD}quota:\n  units_per_hour: 300\n"),
        &[
            "`quota.units_per_hour` means nothing here",
            "is it `units_per_day`?",
        ],
    );
    warns(
        &format!("{GOOD}zzz: 1\n"),
        &["the key `zzz` means nothing here"],
    );
}

#[test]
fn intervals_of_zero_mean_the_configs() {
    let desk = Desk::local();
    desk.run(&["run", "--once", "--interval", "0"]).succeeds();
    desk.run(&["run", "--interval", "soon"])
        .fails(2, &["invalid value 'soon'"]);
}

#[test]
fn validate_looks_at_what_the_config_names() {
    let desk = Desk::new();
    desk.write_config("do_email: do@example.org\nsyftbox_root: ~/SyftBox\n");
    let ran = desk
        .run(&["config", "validate"])
        .fails(1, &["cannot be used as it is", "next:  syft-notify init"]);
    assert!(ran.out.contains("problem  Gmail token"), "{}", ran.out);
    let ran = desk.run(&["config", "validate", "--json"]);
    assert_eq!(ran.json()["valid"], false);
    let desk = Desk::local();
    desk.run(&["config", "validate"]).succeeds();
}

#[test]
fn show_tells_where_a_value_comes_from() {
    let desk = Desk::new();
    desk.write_config(&format!("{GOOD}quota:\n  units_per_day: 5000\n"));
    let Ran { out, .. } = desk.run(&["config", "show"]).succeeds();
    let file = desk.creds("daemon.yaml");
    let line = |key: &str| out.lines().find(|line| line.starts_with(key)).unwrap();
    assert!(
        line("do_email").ends_with(&format!("{}:1", file.display())),
        "{out}"
    );
    assert!(line("quota.units_per_day").ends_with(":5"), "{out}");
    assert!(
        line("interval ").contains("30 ") && line("interval ").ends_with("default"),
        "{out}"
    );
    assert!(line("drive_token_path").contains("(not set)"), "{out}");
    let json = desk.run(&["config", "show", "--json"]).json();
    assert_eq!(json["keys"]["interval"]["value"], 30);
    assert_eq!(json["keys"]["quota.units_per_day"]["value"], 5000);
}
