use std::path::Path;

use super::*;
use crate::service::Plan;

fn unit() -> Single {
    Single {
        name: "sync-daemon".parse().unwrap(),
        description: "File Sync Daemon".to_owned(),
        documentation: "https://example.org/docs".to_owned(),
        program: "/usr/local/bin/sync-daemon".into(),
        arguments: vec!["start".to_owned(), "--foreground".to_owned()],
        made_by: "syft-sync install".to_owned(),
        group: None,
        own: vec![
            "/var/lib/syft-sync".into(),
            "/var/cache/sync daemon".into(),
            "/srv/state".into(),
        ],
        stop: Duration::from_secs(30),
        needs: Needs::default(),
    }
}

fn facts() -> Facts {
    Facts {
        home: "/root".into(),
        directory: "/etc/systemd/system".into(),
        uid: 501,
        arguments: vec!["--config".to_owned(), "/etc/sync daemon.toml".to_owned()],
        writable: vec!["/backup/50% \"off\"".into(), "/run".into()],
    }
}

fn machine(user: &str) -> Scope {
    Scope::Machine {
        user: user.to_owned(),
    }
}

#[track_caller]
fn text(unit: &Single, kind: Kind, scope: &Scope, facts: &Facts) -> String {
    let plan = Plan::single(unit, kind, scope, facts).unwrap();
    let [(path, text)] = plan.files() else {
        panic!("{:?}", plan.files());
    };
    assert!(
        !text.contains("@MARKER") && !text.contains("@NAME"),
        "{text}"
    );
    format!("{}\n{text}", path.display())
}

#[test]
fn the_unit_of_the_machine() {
    insta::assert_snapshot!(text(&unit(), Kind::Systemd, &machine("root"), &facts()));
}

#[test]
fn the_unit_of_an_account_of_its_own() {
    let needs = Needs {
        shared_tmp: true,
        special_modes: true,
        open_umask: true,
    };
    let unit = Single {
        needs,
        group: Some("backup".to_owned()),
        ..unit()
    };
    insta::assert_snapshot!(text(&unit, Kind::Systemd, &machine("syncd"), &facts()));
}

#[test]
fn the_unit_of_one_user() {
    insta::assert_snapshot!(text(&unit(), Kind::Systemd, &Scope::User, &facts()));
}

#[test]
fn the_daemon_of_launchd() {
    let facts = Facts {
        directory: "/Library/LaunchDaemons".into(),
        ..facts()
    };
    insta::assert_snapshot!(text(&unit(), Kind::Launchd, &machine("root"), &facts));
    let unit = Single {
        group: Some("staff".to_owned()),
        ..unit()
    };
    let plist = text(&unit, Kind::Launchd, &machine("root"), &facts);
    assert!(
        plist.contains("<key>GroupName</key>\n    <string>staff</string>\n"),
        "{plist}"
    );
}

#[test]
fn the_agent_of_launchd() {
    let facts = Facts {
        home: "/Users/a&b".into(),
        directory: "/Users/a&b/Library/LaunchAgents".into(),
        ..facts()
    };
    insta::assert_snapshot!(text(&unit(), Kind::Launchd, &Scope::User, &facts));
}

fn windows() -> (Single, Facts) {
    let unit = Single {
        name: "SyncDaemon".parse().unwrap(),
        program: r"C:\Program Files\syft-sync\sync-daemon.exe".into(),
        ..unit()
    };
    let arguments = ["--config", r"C:\ProgramData\sync daemon\config.toml"];
    let facts = Facts {
        directory: "".into(),
        arguments: arguments.map(str::to_owned).into(),
        ..facts()
    };
    (unit, facts)
}

#[test]
fn the_commands_for_windows() {
    let (unit, facts) = windows();
    let text = text(&unit, Kind::Windows, &machine("root"), &facts);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count() + 1);
    insta::assert_snapshot!(text.replace('\r', ""));
}

#[track_caller]
fn refuses(unit: &Single, kind: Kind, scope: &Scope, facts: &Facts) {
    let plan = Plan::single(unit, kind, scope, facts);
    assert!(matches!(plan, Err(Error::Unprintable { .. })), "{plan:?}");
}

/// What would begin a line, a directive or a command of its own does not get into a file.
#[test]
fn values_that_could_be_more_than_values_are_refused() {
    let root = machine("root");
    for kind in [Kind::Systemd, Kind::Launchd] {
        for description in ["a\nExecStartPre=/evil", "a\u{7}"] {
            let unit = Single {
                description: description.to_owned(),
                ..unit()
            };
            if kind == Kind::Systemd {
                refuses(&unit, kind, &root, &facts());
            }
        }
        let relative = Single {
            program: "sync-daemon".into(),
            ..unit()
        };
        refuses(&relative, kind, &root, &facts());
        let mut broken = facts();
        broken.arguments.push("a\nb".to_owned());
        refuses(&unit(), kind, &root, &broken);
    }
    for user in ["", "a\nb", "-x", "a b", "%i"] {
        refuses(&unit(), Kind::Systemd, &machine(user), &facts());
        let unit = Single {
            group: Some(user.to_owned()),
            ..unit()
        };
        refuses(&unit, Kind::Systemd, &root, &facts());
    }
    let mut relative = facts();
    relative.writable.push("backup".into());
    refuses(&unit(), Kind::Systemd, &root, &relative);
    let (unit, facts) = windows();
    for word in ["%PATH%", "a\"b", "C:\\x\\"] {
        let mut facts = facts.clone();
        facts.arguments.push(word.to_owned());
        refuses(&unit, Kind::Windows, &root, &facts);
    }
    let relative = Single {
        program: "/usr/bin/sync-daemon".into(),
        ..unit
    };
    refuses(&relative, Kind::Windows, &root, &facts);
}

#[test]
fn people_are_told_how_it_goes_away() {
    let removal = |kind, scope: &Scope, directory: &str| {
        let facts = Facts {
            directory: Path::new(directory).to_owned(),
            ..facts()
        };
        let unit = if kind == Kind::Windows {
            windows().0
        } else {
            unit()
        };
        Plan::single(&unit, kind, scope, &facts).unwrap().removal()
    };
    let root = machine("root");
    assert_eq!(
        removal(Kind::Systemd, &root, "/etc/systemd/system"),
        [
            "systemctl disable --now sync-daemon.service",
            "rm /etc/systemd/system/sync-daemon.service",
            "systemctl daemon-reload",
        ]
    );
    assert_eq!(
        removal(Kind::Launchd, &Scope::User, "/x"),
        [
            "launchctl bootout gui/501/com.syncapp.sync-daemon",
            "rm /x/com.syncapp.sync-daemon.plist",
        ]
    );
    assert_eq!(
        removal(Kind::Windows, &root, ""),
        ["sc.exe stop \"SyncDaemon\"", "sc.exe delete \"SyncDaemon\""]
    );
}
