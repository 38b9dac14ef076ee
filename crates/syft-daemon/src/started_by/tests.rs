use super::*;

#[track_caller]
fn told(variables: &[(&str, &str)], cgroup: &str, by: &StartedBy) {
    let variable = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    assert_eq!(
        StartedBy::told(variable, 7, cgroup),
        *by,
        "{variables:?} {cgroup}"
    );
}

#[test]
fn whoever_started_it_is_known() {
    let system = StartedBy::Systemd {
        unit: "syft-notify@me.service".into(),
        user: false,
    };
    let user = StartedBy::Systemd {
        unit: "syft-notify.service".into(),
        user: true,
    };
    told(&[], "", &StartedBy::Foreground);
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
        &StartedBy::Foreground,
    );
    told(
        &[("SUPERVISOR_PROCESS_NAME", "syft-notify")],
        "",
        &StartedBy::Supervisord {
            program: "syft-notify".into(),
        },
    );
    told(&[("XPC_SERVICE_NAME", "0")], "", &StartedBy::Foreground);
    told(
        &[("XPC_SERVICE_NAME", "org.openmined.syft-notify")],
        "",
        &StartedBy::Launchd {
            label: "org.openmined.syft-notify".into(),
        },
    );
}

#[test]
fn the_right_command_is_named() {
    let unit = |user| StartedBy::Systemd {
        unit: "a.service".into(),
        user,
    };
    let command = |by: StartedBy, verb| by.command(verb);
    assert_eq!(command(StartedBy::Background, Verb::Stop), None);
    assert_eq!(command(StartedBy::Foreground, Verb::Restart), None);
    assert_eq!(
        command(unit(true), Verb::Stop).as_deref(),
        Some("systemctl --user stop a.service")
    );
    assert_eq!(
        command(unit(false), Verb::Restart).as_deref(),
        Some("sudo systemctl restart a.service")
    );
}
