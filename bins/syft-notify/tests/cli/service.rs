//! `service`: what it prints, and what it does to a systemd that only takes notes.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use crate::desk::{Desk, Ran};

/// Stands in for systemctl and loginctl: it notes how it is called, and fails where it is told to.
const NOTER: &str = r#"#!/bin/sh
echo "$(basename "$0") $*" >> "$NOTES"
case " $* " in *" $FAIL_AT "*) echo "$FAIL_WITH" >&2; exit 1 ;; esac
case " $* " in *" is-active "*) exit 3 ;; esac
"#;

struct Service<'a> {
    desk: &'a Desk,
    fail: (&'a str, &'a str),
}

impl<'a> Service<'a> {
    fn new(desk: &'a Desk) -> Self {
        let systemctl = desk.write("bin/systemctl", NOTER);
        fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            desk,
            fail: ("nothing", ""),
        }
    }

    fn run(&self, line: &[&str]) -> Ran {
        Ran::of(self.command(line).output().unwrap())
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = self.desk.command(&[&["service"], line].concat());
        let bin = self.desk.path("bin");
        command
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("NOTES", self.desk.path("notes"))
            .env("FAIL_AT", self.fail.0)
            .env("FAIL_WITH", self.fail.1);
        command
    }

    /// Returns what systemctl was asked for since the last time.
    fn notes(&self) -> Vec<String> {
        let notes = fs::read_to_string(self.desk.path("notes")).unwrap_or_default();
        fs::remove_file(self.desk.path("notes")).ok();
        notes.lines().map(str::to_owned).collect()
    }

    fn unit(&self) -> PathBuf {
        self.desk
            .path("home/.config/systemd/user/syft-notify.service")
    }
}

#[track_caller]
fn check_print(name: &str, line: &[&str]) {
    let desk = Desk::local();
    let before = desk.home_files();
    let line = [&["install", "--print"], line].concat();
    let ran = Service::new(&desk).run(&line).succeeds();
    assert_eq!(ran.err, "");
    assert_eq!(desk.home_files(), before);
    let text = ran
        .out
        .replace(
            env!("CARGO_BIN_EXE_syft-notify"),
            "/usr/local/bin/syft-notify",
        )
        .replace(&desk.path("").display().to_string(), "/DESK/");
    insta::with_settings!({
        snapshot_path => "../golden/service",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn print_shows_the_files_and_changes_nothing() {
    check_print("systemd-user", &["--user", "--for", "systemd"]);
    check_print(
        "systemd-user-config",
        &["--user", "--for", "systemd", "--config", "my config.yaml"],
    );
    check_print("launchd-user", &["--user", "--for", "launchd"]);
    check_print("windows", &["--user", "--for", "windows"]);
}

/// The home of a test is not below /home, so the drop-in is shown, too.
#[test]
fn print_for_the_machine_shows_what_differs_for_this_user() {
    let desk = Desk::local();
    let ran = Service::new(&desk).run(&["install", "--print"]).succeeds();
    let (unit, drop_in) = ran
        .out
        .split_once("\n# /etc/systemd/system/syft-notify@")
        .unwrap();
    assert!(
        unit.starts_with("# /etc/systemd/system/syft-notify@.service\n# Made by"),
        "{unit}"
    );
    assert!(unit.contains("\nUser=%i\n"), "{unit}");
    let hub = desk.path("hub");
    for path in [desk.creds(""), hub] {
        let path = path.display().to_string();
        let line = format!("\nReadWritePaths=-{}\n", path.trim_end_matches('/'));
        assert!(drop_in.contains(&line), "no {line} in:\n{drop_in}");
    }
}

#[test]
fn install_and_uninstall_each_once_and_again() {
    let desk = Desk::local();
    let service = Service::new(&desk);
    let installed = [
        "systemctl --user show --property=Version",
        "systemctl --user show --property=FragmentPath --value syft-notify",
        "systemctl --user daemon-reload",
        "systemctl --user enable syft-notify",
        "systemctl --user restart syft-notify",
    ];
    let ran = service.run(&["install", "--user"]).succeeds();
    assert_eq!(service.notes(), installed);
    let ran = ran.says("wrote ").says("runs, now and from every login on");
    ran.says("loginctl enable-linger");
    let mode = fs::metadata(service.unit()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o644);

    service.run(&["install", "--user"]).succeeds().says("kept ");
    assert_eq!(service.notes(), installed);
    let config = desk.creds("daemon.yaml").display().to_string();
    service
        .run(&["install", "--user", "--config", &config])
        .succeeds()
        .says("wrote ");
    let text = fs::read_to_string(service.unit()).unwrap();
    assert!(text.contains(&format!(" --config {config}\n")), "{text}");
    service.notes();

    service
        .run(&["uninstall", "--user"])
        .succeeds()
        .says("is gone");
    let removed = [
        "systemctl --user show --property=Version",
        "systemctl --user disable --now syft-notify",
        "systemctl --user daemon-reload",
    ];
    assert_eq!(service.notes(), removed);
    assert!(!service.unit().exists());
    service
        .run(&["uninstall", "--user"])
        .succeeds()
        .says("is not installed");
    assert_eq!(service.notes(), [""; 0]);
    assert!(desk.creds("daemon.yaml").exists());
}

#[test]
fn the_directory_of_configuration_is_where_the_user_has_it() {
    let desk = Desk::local();
    let service = Service::new(&desk);
    let mut command = service.command(&["install", "--user"]);
    command.env("XDG_CONFIG_HOME", desk.path("xdg"));
    Ran::of(command.output().unwrap()).succeeds();
    assert!(desk.path("xdg/systemd/user/syft-notify.service").exists());
}

#[test]
fn a_unit_of_somebody_else_is_left_alone() {
    let desk = Desk::local();
    let service = Service::new(&desk);
    desk.write(
        "home/.config/systemd/user/syft-notify.service",
        "[Service]\nExecStart=/mine\n",
    );
    for verb in ["install", "uninstall"] {
        let says = [
            "is there already and was not made by this program",
            "move it away",
        ];
        service.run(&[verb, "--user"]).fails(1, &says);
    }
    assert!(
        fs::read_to_string(service.unit())
            .unwrap()
            .contains("/mine")
    );
}

#[track_caller]
fn check_failure(fail: (&str, &str), says: &[&str], is_written: bool) {
    let desk = Desk::local();
    let service = Service {
        fail,
        ..Service::new(&desk)
    };
    service.run(&["install", "--user"]).fails(1, says);
    assert_eq!(service.unit().exists(), is_written);
}

#[test]
fn each_step_that_fails_says_what_to_do() {
    let no_bus = "Failed to connect to bus: No medium found";
    check_failure(
        ("show", no_bus),
        &[no_bus, "XDG_RUNTIME_DIR=/run/user/", "syft-notify start"],
        false,
    );
    let no_systemd =
        "System has not been booted with systemd as init system (PID 1). Can't operate.";
    check_failure(
        ("show", no_systemd),
        &["not been booted", "syft-notify start"],
        false,
    );
    check_failure(
        ("daemon-reload", "Access denied"),
        &["not permitted", "Access denied"],
        true,
    );
    let failed =
        "Job for syft-notify.service failed because the control process exited with error code.";
    let look = "journalctl --user -xeu syft-notify";
    check_failure(
        ("restart", failed),
        &["`systemctl --user restart syft-notify` failed", look],
        true,
    );
}

#[test]
fn what_this_machine_cannot_do_is_said_before_anything_is_changed() {
    let desk = Desk::local();
    let service = Service::new(&desk);
    for kind in ["launchd", "windows"] {
        let line = ["install", "--user", "--for", kind];
        service
            .run(&line)
            .fails(1, &["this machine has no services of", "--print"]);
    }
    let nobody = Desk::new();
    let service = Service::new(&nobody);
    service
        .run(&["install", "--user"])
        .fails(1, &["there is no config file", "syft-notify init"]);
    assert!(!service.unit().exists());
}

/// Two daemons with one state would wait for each other for ever.
#[test]
fn a_daemon_in_the_background_is_stopped_first() {
    let desk = Desk::local();
    let service = Service::new(&desk);
    let running = desk.start(&["run"]);
    crate::desk::until(|| desk.creds("syft-notify.pid").exists(), || running.log());
    let pid = format!("(PID {})", running.id());
    service
        .run(&["install", "--user"])
        .fails(1, &["runs already", &pid, "syft-notify stop"]);
    assert!(!service.unit().exists());
}

/// A user who is not root is told what to do instead.
#[test]
fn only_root_installs_for_the_machine() {
    let desk = Desk::local();
    let service = Service::new(&desk);
    let direct = service.command(&["install"]);
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        // Where the program lies may be for root alone.
        command.args(["--reuid=65534", "--clear-groups"]);
        command.args(["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]);
    }
    command.arg(direct.get_program()).args(direct.get_args());
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command.env("HOME", desk.path("home")).current_dir("/");
    let says = ["by root", "sudo syft-notify service install", "--user"];
    Ran::of(command.output().unwrap()).fails(1, &says);
}
