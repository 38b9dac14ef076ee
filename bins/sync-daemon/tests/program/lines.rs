//! Command lines: which are understood, and how those end that are not.

use crate::desk::{Desk, JOB};

#[test]
fn a_line_that_is_not_understood_ends_with_two() {
    let desk = Desk::new(JOB);
    for line in [
        &["frobnicate"][..],
        &["start", "--backwards"],
        &["trigger"],
        &["stop", "--timeout", "soon"],
        &["start", "--log-level", "loud"],
        &["install", "--service-name", "../x", "--print"],
        &["--config", "/does/not/exist.toml", "config", "validate"],
    ] {
        let (printed, said) = desk.run(line, 2);
        assert_eq!(printed, "", "{line:?}");
        assert!(said.contains("error"), "{line:?}: {said}");
    }
}

/// B-T1: the options of all commands stand before or behind the command.
#[test]
fn bt1_options_stand_where_people_write_them() {
    let desk = Desk::new("[nonsense]\n");
    let config = desk.path("config.toml");
    let config = config.to_str().unwrap();
    for line in [
        &["start", "--foreground"][..],
        &["start", "--foreground", "--log-level", "debug"],
        &["--foreground", "--log-level", "debug", "start"],
        &["start", "--foreground", "--config", config],
        &["--config", config, "start", "--foreground"],
        &["start", "--foreground", "--config-path", config],
        &["-c", config, "-l", "info", "-f", "start"],
        &["config", "validate", "--config", config],
    ] {
        // Each comes as far as the config, which is wrong.
        let (found, said) = desk.run(line, 2);
        assert!(
            format!("{found}{said}").contains("nonsense"),
            "{line:?}: {said}"
        );
    }
}

#[test]
fn help_and_version_are_data() {
    let desk = Desk::new("");
    let help = desk.prints(&["--help"]);
    for command in [
        "start",
        "stop",
        "restart",
        "status",
        "install",
        "uninstall",
        "config",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
    let version = desk.prints(&["--version"]);
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
}
