//! Every shell line and every config of the document that `syft-sync` was born from.
//!
//! The lines are its own, word for word, but for the placeholder `/path/to/config.toml`. Those
//! about services run where systemd is PID 1; those for macOS and Windows show what they would
//! install. Left out is `git clone`; the lines of cargo are compared with what cargo knows.

use std::{
    os::unix::fs::symlink,
    process::{Command, Output},
};

use cargo_metadata::{MetadataCommand, TargetKind};
use syft_tests::{
    home::repository,
    peers::succeed,
    sync_home::{SYNC_DAEMON, SyncHome},
};

/// The config that is printed in full.
const SAMPLE: &str = include_str!("sync/sample.toml");
/// The three schedules, each printed by itself.
const SCHEDULES: [&str; 3] = [
    "[sync_jobs.schedule]\ntype = \"interval\"\ninterval = \"5m\"  # Human-readable duration: 1s, 30s, 5m, 1h, etc.\n",
    "[sync_jobs.schedule]\ntype = \"cron\"\nexpression = \"0 */15 * * * *\"  # Every 15 minutes\n",
    "[sync_jobs.schedule]\ntype = \"manual\"\n",
];
/// The expressions that are listed as common.
const CRONS: [&str; 4] = [
    "0 0 * * * *",
    "0 0 0 * * *",
    "0 0 2 * * MON",
    "0 */30 * * * *",
];

struct Table {
    home: SyncHome,
    rows: Vec<[String; 3]>,
}

impl Table {
    fn new() -> Self {
        let home = SyncHome::new("");
        let bin = home.path("home/target/release");
        std::fs::create_dir_all(&bin).unwrap();
        symlink(SYNC_DAEMON.as_path(), bin.join("sync-daemon")).unwrap();
        // Where people have their config: these lines do not name one.
        let own = home.path("home/.config/syft-sync");
        std::fs::create_dir_all(&own).unwrap();
        std::fs::copy(home.path("config.toml"), own.join("config.toml")).unwrap();
        Self {
            home,
            rows: Vec::new(),
        }
    }

    /// Runs a line that ends by itself.
    #[track_caller]
    fn ends(&mut self, line: &str, code: i32, says: &str) {
        self.run(line, line, code, says);
    }

    /// Runs a line that goes on until somebody presses Ctrl+C.
    #[track_caller]
    fn goes_on(&mut self, line: &str, says: &str) {
        // `timeout` tells by 124 that it had to end it.
        self.run(line, &format!("timeout --signal=INT 4 {line}"), 124, says);
    }

    #[track_caller]
    fn run(&mut self, line: &str, run: &str, code: i32, says: &str) {
        let config = self.home.path("config.toml").display().to_string();
        let run = run.replace("/path/to/config.toml", &config);
        let mut bash = self.home.command("bash");
        bash.env_remove("SYNC_DAEMON_CONFIG");
        let output = bash.arg("-c").arg(run).output().unwrap();
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        let all = [stdout, stderr]
            .map(|it| String::from_utf8(it).unwrap())
            .concat();
        assert_eq!(status.code(), Some(code), "{line}\n{all}");
        assert!(all.contains(says), "{line} does not say {says}:\n{all}");
        let first = all.lines().map(str::trim).find(|it| !it.is_empty());
        let first = first.unwrap_or_default().chars().take(100).collect();
        self.rows.push([line.to_owned(), code.to_string(), first]);
    }

    #[expect(
        clippy::print_stdout,
        reason = "who asks for it by --nocapture reads it"
    )]
    fn print(&self) {
        println!("| command | exit | first line |\n|---|---|---|");
        for [line, code, first] in &self.rows {
            println!("| `{line}` | {code} | {} |", first.replace('|', "\\|"));
        }
    }
}

#[test]
fn every_line_of_the_sync_daemon_does_what_it_says() {
    let mut table = Table::new();
    known_to_cargo(&mut table);
    configs(&mut table);
    daemon(&mut table);
    other_machines(&mut table);
    services(&mut table);
    table.print();
}

/// Building and testing are not done again within a test.
fn known_to_cargo(table: &mut Table) {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let package = metadata
        .packages
        .iter()
        .find(|it| it.name == "sync-daemon")
        .unwrap();
    let has = |kind: TargetKind| package.targets.iter().any(|it| it.kind.contains(&kind));
    assert!(has(TargetKind::Bin) && has(TargetKind::Test), "{package:?}");
    for line in [
        "cargo build --release -p sync-daemon",
        "cargo test -p sync-daemon",
    ] {
        let row = [
            line,
            "–",
            "the package, its program and its tests are there",
        ];
        table.rows.push(row.map(str::to_owned));
    }
}

fn configs(table: &mut Table) {
    table.ends(
        "sync-daemon config generate --output sync-daemon.toml",
        0,
        "sync-daemon.toml",
    );
    table.ends("sync-daemon config validate", 0, "sync-daemon.toml");
    table.ends("sync-daemon config show", 0, "[daemon]");
    table.ends(
        "sync-daemon config generate --output config.toml",
        0,
        "config.toml",
    );
}

fn daemon(table: &mut Table) {
    let background = "./target/release/sync-daemon start --pocketbase-url http://localhost:8090";
    table.ends(background, 0, "started");
    table.ends("sync-daemon status", 0, "is running");
    table.ends("sync-daemon restart", 0, "started");
    table.ends("sync-daemon stop", 0, "stopped");
    table.ends(
        "sync-daemon start --config /path/to/config.toml",
        0,
        "started",
    );
    table.ends("sync-daemon stop", 0, "stopped");
    table.ends("sync-daemon status", 3, "not running");
    table.goes_on("sync-daemon start --foreground", "started");
    table.goes_on(
        "sync-daemon start --foreground --log-level debug",
        "started",
    );
}

fn other_machines(table: &mut Table) {
    for (line, says) in [
        (
            r#"sync-daemon install --service-name "SyncDaemon" --description "File Sync Daemon" --print --for windows"#,
            "sc.exe create \"SyncDaemon\"",
        ),
        (
            r#"sync-daemon install --service-name "sync-daemon" --description "File Sync Daemon" --print --for launchd"#,
            // `launchctl list | grep sync-daemon` and `tail -f /var/log/sync-daemon.out` find these.
            "<string>/var/log/sync-daemon.out</string>",
        ),
    ] {
        table.ends(line, 0, says);
    }
}

/// `sudo`, `systemctl` and `journalctl` are the real ones.
fn services(table: &mut Table) {
    let mut boot = Command::new("sudo");
    if rustix::process::geteuid().is_root() {
        boot = Command::new("env");
    }
    boot.arg(repository("tests/interop/booted.sh"))
        .arg(SYNC_DAEMON.as_path());
    let output = succeed(
        boot.arg(repository("templates/service"))
            .arg("booted_seed.sh"),
    );
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(!out.contains("FAILED"), "{out}");
    assert_eq!(out.lines().last(), Some("end"), "{out}");
    let rows = out.lines().filter_map(|line| line.strip_prefix("row "));
    for row in rows {
        let [code, line, first] = row.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let expected = if line.ends_with(" -f") { "124" } else { "0" };
        assert_eq!(code, expected, "{out}");
        table.rows.push([line, code, first].map(str::to_owned));
    }
    assert!(out.matches("\nrow ").count() >= 4, "{out}");
}

#[test]
fn every_config_of_the_sync_daemon_is_valid() {
    let home = SyncHome::new("");
    let check = |text: &str| {
        let file = home.path("printed.toml");
        syft_state::fs::write_atomic(&file, text.as_bytes(), 0o600).unwrap();
        let file = home.path("printed.toml").display().to_string();
        home.succeed(&["config", "validate", "--config", &file]);
    };
    check(SAMPLE);
    let job = "[[sync_jobs]]\nid = \"documents\"\nsource_path = \"/a\"\ndestination_path = \"/b\"\nenabled = true\n";
    for schedule in SCHEDULES {
        check(&format!("{job}{schedule}"));
    }
    for cron in CRONS {
        let schedule = format!("[sync_jobs.schedule]\ntype = \"cron\"\nexpression = \"{cron}\"\n");
        check(&format!("{job}{schedule}"));
    }
}
