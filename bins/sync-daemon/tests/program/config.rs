//! `config generate`, `config validate` and `config show`.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::desk::{Desk, JOB};

/// G19, G24: what is generated is valid, and nobody else can read the password in it.
#[test]
fn a_generated_config_is_valid_and_private() {
    let desk = Desk::new("");
    desk.prints(&["config", "generate", "--output", "made.toml"]);
    let made = desk.path("home/made.toml");
    let mode = fs::metadata(&made).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    desk.run(
        &["config", "validate", "--config", made.to_str().unwrap()],
        0,
    );
    let before = fs::read_to_string(&made).unwrap();
    let (_, said) = desk.run(&["config", "generate", "--output", "made.toml"], 2);
    assert!(said.contains("made.toml"), "{said}");
    assert_eq!(fs::read_to_string(&made).unwrap(), before);
}

/// G24: a password is shown only to who asks for it.
#[test]
fn a_shown_config_keeps_the_password_to_itself() {
    let desk = Desk::new(
        "[pocketbase]\nurl = \"http://127.0.0.1:9\"\nadmin_email = \"a@example.org\"\nadmin_password = \"hunter2hunter2\"\n",
    );
    let shown = desk.prints(&["config", "show"]);
    assert!(shown.contains("[pocketbase]"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(
        desk.prints(&["config", "show", "--secrets"])
            .contains("hunter2hunter2")
    );
}

/// G19: what is wrong is pointed at.
#[test]
fn validate_points_at_what_is_wrong() {
    let desk = Desk::new(&JOB.replace("interval = \"1h\"", "interval = \"0s\""));
    let (found, _) = desk.run(&["config", "validate"], 2);
    assert!(
        found.contains("config.toml:") && found.contains("interval"),
        "{found}"
    );
}
