use super::*;

#[track_caller]
fn told(variables: &[(&str, &str)], cgroup: &str, by: &By) {
    let variable = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    assert_eq!(By::told(variable, 7, cgroup), *by, "{variables:?} {cgroup}");
}

#[test]
fn whoever_started_it_is_known() {
    let system = By::Systemd {
        unit: "syft-notify@me.service".into(),
        user: false,
    };
    let user = By::Systemd {
        unit: "syft-notify.service".into(),
        user: true,
    };
    told(&[], "", &By::Foreground);
    told(
        &[("SYSTEMD_EXEC_PID", "7")],
        "0::/system.slice/system-syft\\x2dnotify.slice/syft-notify@me.service\n",
        &system,
    );
    told(
        &[("INVOCATION_ID", "a"), ("NOTIFY_SOCKET", "/run/x")],
        "0::/user.slice/user-1.slice/user@1.service/app.slice/syft-notify.service\n",
        &user,
    );
    // A shell in a terminal that systemd has started.
    told(
        &[("SYSTEMD_EXEC_PID", "6"), ("INVOCATION_ID", "a")],
        "0::/user.slice/user-1.slice/user@1.service/app.slice/terminal.service\n",
        &By::Foreground,
    );
    told(
        &[("SUPERVISOR_PROCESS_NAME", "syft-notify")],
        "",
        &By::Supervisord {
            program: "syft-notify".into(),
        },
    );
    told(&[("XPC_SERVICE_NAME", "0")], "", &By::Foreground);
    told(
        &[("XPC_SERVICE_NAME", "org.openmined.syft-notify")],
        "",
        &By::Launchd {
            label: "org.openmined.syft-notify".into(),
        },
    );
}

#[test]
fn the_right_command_is_named() {
    let unit = |user| By::Systemd {
        unit: "a.service".into(),
        user,
    };
    let command = |by: By, verb| by.command(verb);
    assert_eq!(command(By::Background, Verb::Stop), None);
    assert_eq!(command(By::Foreground, Verb::Restart), None);
    assert_eq!(
        command(unit(true), Verb::Stop).as_deref(),
        Some("systemctl --user stop a.service")
    );
    assert_eq!(
        command(unit(false), Verb::Restart).as_deref(),
        Some("sudo systemctl restart a.service")
    );
}

fn args(config: Option<&str>, interval: Option<u64>, jobs_only: bool) -> WatchArgs {
    WatchArgs {
        config: ConfigArg {
            config: config.map(PathBuf::from),
        },
        interval,
        jobs_only,
        peers_only: false,
        notify_existing: false,
    }
}

#[test]
fn options_are_kept_unless_others_are_given() {
    let before = Options::of(&args(None, Some(60), true), 0);
    let kept = before.under(&args(None, None, false), Path::new("/a.yaml"));
    assert_eq!(kept.config.config.as_deref(), Some(Path::new("/a.yaml")));
    assert_eq!(Options::of(&kept, 0), before);
    let given = before.under(&args(Some("b.yaml"), Some(5), false), Path::new("/a.yaml"));
    assert_eq!(given.config.config.as_deref(), Some(Path::new("b.yaml")));
    assert_eq!(given.interval, Some(5));
    let peers = WatchArgs {
        peers_only: true,
        ..args(None, None, false)
    };
    let given = before.under(&peers, Path::new("/a.yaml"));
    assert_eq!((given.jobs_only, given.peers_only), (false, true));
}

/// What an older release wrote is read, and so is what a newer one adds.
#[test]
fn other_releases_are_understood() {
    let text = r#"{"pid": 7, "started": "2026-01-02T03:04:05Z", "config": "/c", "state_path": "/s",
        "options": {"interval": 60, "jobs_only": true, "peers_only": false, "notify_existing": false},
        "by": {"kind": "systemd", "unit": "a.service", "user": true}, "log": null, "more": 1}"#;
    let dir = tempfile::tempdir().expect("a directory");
    let paths = crate::place::paths(&dir.path().join("state.json"));
    fs::write_atomic(&path(&paths), text.as_bytes(), 0o600).expect("a file");
    let origin = Origin::read(&paths, 7).expect("it is readable");
    assert_eq!(origin.options.interval, Some(60));
    assert_eq!(Origin::read(&paths, 8), None);
    origin.save(&paths);
    assert_eq!(Origin::read(&paths, 7), Some(origin));
}
