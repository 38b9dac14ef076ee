use std::{
    fs,
    path::{Path, PathBuf},
};

use super::*;

/// Where the files for people without the program's `service install` are.
const TEMPLATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/service");

fn unit() -> Unit {
    Unit {
        name: "syft-notify".to_owned(),
        description: "SyftBox notifications".to_owned(),
        documentation: "https://github.com/OpenMined/syft-client".to_owned(),
        program: "/usr/local/bin/syft-notify".into(),
        arguments: vec!["run".to_owned(), "--log-file".to_owned()],
        state: ".syft-creds".to_owned(),
    }
}

fn machine(user: &str) -> Scope {
    Scope::Machine {
        user: user.to_owned(),
    }
}

fn facts(home: &str, directory: &Path) -> Facts {
    Facts {
        home: home.into(),
        directory: directory.to_owned(),
        uid: 501,
        arguments: Vec::new(),
        writable: vec![Path::new(home).join(".syft-creds")],
    }
}

#[track_caller]
fn check(file: &str, kind: Kind, scope: &Scope) {
    let rendered = render(&unit(), kind, scope, Path::new("/Users/USERNAME")).unwrap();
    let file = Path::new(TEMPLATES).join(file);
    let shipped = fs::read_to_string(&file).unwrap();
    assert!(
        rendered == shipped,
        "{} should be:\n{rendered}",
        file.display()
    );
}

#[test]
fn the_files_for_people_are_those_that_install_writes() {
    let user = machine("USERNAME");
    check("systemd/syft-notify.service", Kind::Systemd, &user);
    check(
        "systemd/user/syft-notify.service",
        Kind::Systemd,
        &Scope::User,
    );
    check(
        "launchd/daemon/org.openmined.syft-notify.plist",
        Kind::Launchd,
        &user,
    );
    check(
        "launchd/agent/org.openmined.syft-notify.plist",
        Kind::Launchd,
        &Scope::User,
    );
    check("windows/syft-notify.xml", Kind::Windows, &user);
}

#[test]
fn another_daemon_has_files_of_its_own() {
    let unit = Unit {
        name: "syft-sync".to_owned(),
        description: "SyftBox sync, 100 %".to_owned(),
        program: "/opt/a b/$x/50%/syft-sync".into(),
        arguments: vec!["run".to_owned(), "a $b \"c\" 5%".to_owned(), ";".to_owned()],
        state: ".syft-sync".to_owned(),
        ..unit()
    };
    let text = render(&unit, Kind::Systemd, &machine("x"), Path::new("/home/x")).unwrap();
    for line in [
        "Description=SyftBox sync, 100 %% for %i",
        r#"ExecStart="/opt/a b/$x/50%%/syft-sync" run "a $$b \"c\" 5%%" ";""#,
        "ReadWritePaths=-/home/%i/.syft-sync",
        "EnvironmentFile=-/etc/default/syft-sync",
        "# Made by `syft-sync service install`.",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line} in:\n{text}"
        );
    }
    assert!(!text.contains("notify "), "{text}");
    let plist = render(&unit, Kind::Launchd, &Scope::User, Path::new("/h/<&>")).unwrap();
    assert!(
        plist.contains("<string>/h/&lt;&amp;&gt;</string>"),
        "{plist}"
    );
}

#[track_caller]
fn refuses(unit: &Unit, kind: Kind) {
    let rendered = render(unit, kind, &Scope::User, Path::new("/home/x"));
    assert!(
        matches!(rendered, Err(Error::Unprintable { .. })),
        "{rendered:?}"
    );
}

#[test]
fn a_value_that_would_begin_a_line_of_its_own_is_refused() {
    for kind in [Kind::Systemd, Kind::Launchd, Kind::Windows] {
        refuses(
            &Unit {
                program: "/x\nExecStartPre=/evil".into(),
                ..unit()
            },
            kind,
        );
        refuses(
            &Unit {
                program: "relative".into(),
                ..unit()
            },
            kind,
        );
        refuses(
            &Unit {
                name: "a/b".to_owned(),
                ..unit()
            },
            kind,
        );
        refuses(
            &Unit {
                name: "a--b".to_owned(),
                ..unit()
            },
            kind,
        );
        refuses(
            &Unit {
                name: String::new(),
                ..unit()
            },
            kind,
        );
        refuses(
            &Unit {
                arguments: vec!["a\nb".to_owned()],
                ..unit()
            },
            kind,
        );
    }
    refuses(
        &Unit {
            arguments: vec!["%PATH%".to_owned()],
            ..unit()
        },
        Kind::Windows,
    );
}

/// T21: the folder of tokens may be missing, and is writable wherever the home is.
#[test]
fn t21_a_home_elsewhere_gets_a_drop_in_and_the_usual_one_does_not() {
    let units = Path::new("/etc/systemd/system");
    let plan =
        |user: &str, facts: Facts| Plan::new(&unit(), Kind::Systemd, machine(user), facts).unwrap();
    let usual = plan("alice", facts("/home/alice", units));
    assert_eq!(usual.files().len(), 1);
    assert_eq!(usual.service(), "syft-notify@alice");
    assert!(
        usual.files()[0]
            .1
            .contains("\nReadWritePaths=-/home/%i/.syft-creds\n")
    );

    let mut elsewhere = facts("/srv/people/bob smith", units);
    elsewhere.arguments = vec!["--config".to_owned(), "/srv/100%.yaml".to_owned()];
    let elsewhere = plan("bob", elsewhere);
    let (path, text) = &elsewhere.files()[1];
    assert_eq!(path, &units.join("syft-notify@bob.service.d/user.conf"));
    let expected = "\
# Made by `syft-notify service install`.
[Service]
ExecStart=
ExecStart=/usr/local/bin/syft-notify run --log-file --config \"/srv/100%%.yaml\"
ReadWritePaths=\"-/srv/people/bob smith/.syft-creds\"
";
    assert_eq!(text, expected);
    assert_eq!(
        elsewhere.files()[0],
        usual.files()[0],
        "all users share the template"
    );
}

#[test]
fn a_service_of_one_user_has_its_config_in_the_file_itself() {
    for (kind, config) in [
        (Kind::Systemd, "--log-file --config /x/daemon.yaml\n"),
        (
            Kind::Launchd,
            "<string>--config</string>\n        <string>/x/daemon.yaml</string>\n",
        ),
    ] {
        let mut facts = facts("/home/alice", Path::new("/units"));
        facts.arguments = vec!["--config".to_owned(), "/x/daemon.yaml".to_owned()];
        let plan = Plan::new(&unit(), kind, Scope::User, facts).unwrap();
        let [(_, text)] = plan.files() else {
            panic!("{:?}", plan.files());
        };
        assert!(text.contains(config), "{text}");
    }
}

/// A marker makes a file ours; nothing else is written over or removed.
#[tokio::test]
async fn a_file_of_somebody_else_stays() {
    let directory = tempfile::tempdir().unwrap();
    let file: PathBuf = directory.path().join("org.openmined.syft-notify.plist");
    let plan = Plan::new(
        &unit(),
        Kind::Launchd,
        Scope::User,
        facts("/home/x", directory.path()),
    )
    .unwrap();
    assert_eq!(plan.files()[0].0, file);
    syft_state::fs::write_atomic(&file, b"<plist>mine</plist>", 0o644).unwrap();
    for outcome in [
        plan.install(&mut |_| {}).await,
        plan.uninstall(&mut |_| {}).await,
    ] {
        assert!(matches!(outcome, Err(Error::Foreign { .. })), "{outcome:?}");
    }
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/null", &file).unwrap();
    let outcome = plan.install(&mut |_| {}).await;
    assert!(matches!(outcome, Err(Error::Foreign { .. })), "{outcome:?}");
}
