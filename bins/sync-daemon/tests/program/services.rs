//! `install` and `uninstall`, as far as they change nothing.

use rustix::process::geteuid;

use crate::desk::{Desk, JOB};

const NAMED: [&str; 5] = [
    "install",
    "--service-name",
    "my-sync",
    "--description",
    "My Sync Service",
];

/// The config is pinned, the destination may be written, and the command is one that is understood.
#[test]
fn the_unit_runs_this_program_with_this_config() {
    let desk = Desk::new(JOB);
    let unit = desk.prints(&[&NAMED[..], &["--print"]].concat());
    let has = |line: &str| assert!(unit.lines().any(|it| it == line), "no {line} in\n{unit}");
    has("# /etc/systemd/system/my-sync.service");
    has("Description=My Sync Service");
    has(&format!(
        "ExecStart={} start --foreground --config {}",
        env!("CARGO_BIN_EXE_sync-daemon"),
        desk.path("config.toml").display()
    ));
    has(&format!(
        "ReadWritePaths=-{}",
        desk.path("destination").display()
    ));
    has("TimeoutStopSec=45s");
    // The source is only read.
    assert!(
        !unit.contains(&format!("-{}", desk.path("source").display())),
        "{unit}"
    );
}

#[test]
fn a_job_of_both_ways_writes_its_source_too() {
    let desk = Desk::new(&format!(
        "{JOB}[sync_jobs.sync_options]\nbidirectional = true\n"
    ));
    let unit = desk.prints(&["install", "--print"]);
    let source = format!("ReadWritePaths=-{}\n", desk.path("source").display());
    assert!(unit.contains(&source), "{unit}");
}

/// G20, G23: other machines get their files by `--print`, and nothing pretends to have worked.
#[test]
fn files_for_other_machines_are_printed() {
    let desk = Desk::new(JOB);
    for (kind, config, part) in [
        (
            "launchd",
            "/etc/sync.toml",
            "<string>com.syncapp.my-sync</string>",
        ),
        (
            "windows",
            r"C:\sync\config.toml",
            r#"sc.exe create "my-sync" binPath= "\"C:\"#,
        ),
        (
            "windows",
            r"C:\sync\config.toml",
            r#"nssm.exe install "my-sync" "C:\"#,
        ),
    ] {
        let more = ["--for", kind, "--config", config];
        let text = desk.prints(&[&NAMED[..], &more, &["--print"]].concat());
        assert!(text.contains(part) && text.contains(config), "{text}");
        let (printed, said) = desk.run(&[&NAMED[..], &more].concat(), 1);
        assert!(printed.is_empty() && said.contains("--print"), "{said}");
    }
    let relative = ["--for", "launchd", "--config", "sync.toml", "--print"];
    desk.run(&[&NAMED[..], &relative].concat(), 2);
}

#[test]
fn a_broken_config_becomes_no_service() {
    let desk = Desk::new("[nonsense]\n");
    let (printed, said) = desk.run(&["install", "--print"], 2);
    assert!(printed.is_empty() && said.contains("nonsense"), "{said}");
}

#[test]
fn an_account_that_nobody_has_is_no_account() {
    let desk = Desk::new(JOB);
    let (_, said) = desk.run(&["install", "--print", "--run-as", "no-such-account"], 2);
    assert!(
        said.contains("no-such-account") && said.contains("useradd"),
        "{said}"
    );
}

/// Without rights the reason is said; with rights there would be a service, so only others try.
#[test]
fn a_service_of_the_machine_takes_an_administrator() {
    let desk = Desk::new(JOB);
    if geteuid().is_root() {
        let lines = desk.prints(&["uninstall", "--service-name", "my-sync", "--print"]);
        assert!(
            lines.contains("systemctl disable --now my-sync.service"),
            "{lines}"
        );
        return;
    }
    for line in [&NAMED[..], &["uninstall"]] {
        let (_, said) = desk.run(line, 1);
        assert!(said.contains("root") && said.contains("--user"), "{said}");
    }
}
