//! The files of `templates/monitoring`, by the programs that they are for, on the real daemon.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use syft_tests::{
    home::{Home, repository},
    peers::succeed,
};

use crate::{
    daemon::{Daemon, until},
    peers,
};

/// A home whose daemon runs and shows its figures at an address.
struct Watched {
    home: Home,
    address: String,
    daemon: Option<Daemon>,
}

impl Watched {
    fn start() -> Self {
        let home = Home::new();
        let address = free_address();
        let config = home.path(".syft-creds/daemon.yaml");
        let text = fs::read_to_string(&config).unwrap();
        let text = text.replace("interval: 30", "interval: 1");
        let text = format!("{text}\nhttp: {address}\n");
        syft_state::fs::write_atomic(&config, text.as_bytes(), 0o600).unwrap();
        let mut run = home.syft_notify(&["run"]);
        run.stdout(Stdio::null());
        run.stderr(fs::File::create(home.beside("stderr")).unwrap());
        let daemon = Some(Daemon::start(&mut run));
        let watched = Self {
            home,
            address,
            daemon,
        };
        until("it looks", || {
            let page = watched.get("/metrics", &[])?;
            page.contains("syft_notify_looks_total{outcome=\"complete\"} 1")
                .then_some(())
        });
        watched
    }

    /// Returns a page, if it was answered with 200.
    fn get(&self, path: &str, more: &[&str]) -> Option<String> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--max-time", "5"])
            .args(more);
        let output = curl
            .arg(format!("http://{}{path}", self.address))
            .output()
            .unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).unwrap())
    }

    fn stop(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.terminate();
        }
    }
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn template(name: &str) -> PathBuf {
    repository("templates/monitoring").join(name)
}

/// `promtool check metrics` ends with 3 for what is only bad style.
#[test]
fn promtool_finds_no_fault_with_our_metrics() {
    let watched = Watched::start();
    let page = watched.home.beside("page");
    let text = watched.get("/metrics", &[]).unwrap();
    syft_state::fs::write_atomic(&page, text.as_bytes(), 0o644).unwrap();
    let mut check = watched.home.command("promtool");
    check
        .args(["check", "metrics"])
        .stdin(fs::File::open(page).unwrap());
    let output = succeed(&mut check);
    let said = [output.stdout, output.stderr].concat();
    assert_eq!(String::from_utf8(said).unwrap(), "");
    for name in [
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
        "process_open_fds",
    ] {
        assert!(
            text.contains(&format!("\n{name} ")),
            "no {name} in:\n{text}"
        );
    }
}

/// Python's strict parser of `OpenMetrics` reads the other format, with the same figures.
#[test]
fn openmetrics_is_read_by_its_own_parser() {
    let watched = Watched::start();
    let accept = ["--header", "Accept: application/openmetrics-text"];
    let page = watched.home.beside("page");
    let text = watched.get("/metrics", &accept).unwrap();
    syft_state::fs::write_atomic(&page, text.as_bytes(), 0o644).unwrap();
    let script = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
for family in parse(open(sys.argv[1]).read()):
    assert family.documentation, family
    print(family.type, family.name)";
    let mut python = Command::new(peers::openmetrics().join("python"));
    let output = succeed(python.args(["-c", script]).arg(page));
    let families = String::from_utf8(output.stdout).unwrap();
    for family in [
        "counter syft_notify_looks",
        "counter syft_notify_mails_sent",
        "gauge syft_notify_outbox_waiting",
        "gauge syft_notify_last_look_timestamp_seconds",
        "info syft_notify_build",
        "counter process_cpu_seconds",
    ] {
        assert!(
            families.lines().any(|line| line == family),
            "no {family} in:\n{families}"
        );
    }
}

/// T16: health checks must be able to go red.
#[test]
fn health_and_readiness_are_answered_until_the_end() {
    let mut watched = Watched::start();
    let health = watched.get("/health", &[]).unwrap();
    assert!(health.contains("\"alive\":true"), "{health}");
    assert!(
        watched
            .get("/ready", &[])
            .unwrap()
            .contains("\"ready\":true")
    );
    let stranger = ["--header", "Host: evil.example"];
    assert_eq!(watched.get("/metrics", &stranger), None);
    watched.stop();
    assert_eq!(watched.get("/health", &[]), None);
}

/// The shipped scrape config and rules, in a real Prometheus that asks the real daemon.
#[test]
fn prometheus_scrapes_and_calls_when_the_daemon_is_gone() {
    let mut watched = Watched::start();
    let directory = watched.home.beside("prometheus");
    fs::create_dir(&directory).unwrap();
    let address = free_address();
    for name in ["prometheus.yml", "syft-notify.rules.yml"] {
        // Nobody waits five minutes for a test.
        let text = fs::read_to_string(template(name))
            .unwrap()
            .replace("127.0.0.1:9461", &watched.address)
            .replace(
                "scrape_interval: 30s",
                "scrape_interval: 200ms\n    scrape_timeout: 200ms",
            )
            .replace("for: 5m", "for: 1s");
        let text = match name {
            "prometheus.yml" => format!("global:\n  evaluation_interval: 200ms\n{text}"),
            _ => text,
        };
        syft_state::fs::write_atomic(&directory.join(name), text.as_bytes(), 0o644).unwrap();
    }
    let mut prometheus = watched.home.command("prometheus");
    prometheus
        .arg(format!(
            "--config.file={}/prometheus.yml",
            directory.display()
        ))
        .arg(format!("--storage.tsdb.path={}/data", directory.display()))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(watched.home.beside("prometheus-log")).unwrap());
    let _prometheus = Daemon::start(&mut prometheus);
    let ask = |query: &str| {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--get", "--data-urlencode"])
            .arg(format!("query={query}"));
        let output = curl
            .arg(format!("http://{address}/api/v1/query"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let firing = "ALERTS{alertstate=\"firing\"}";
    until("it is up", || {
        ask("up == 1").contains("syft-notify").then_some(())
    });
    until("looks are counted", || {
        ask("syft_notify_looks_total > 0")
            .contains("complete")
            .then_some(())
    });
    assert!(!ask(firing).contains("SyftNotify"), "{}", ask(firing));
    watched.stop();
    until("somebody is called", || {
        ask(firing).contains("SyftNotifyDown").then_some(())
    });
}

#[test]
fn the_alerts_pass_their_own_tests() {
    let mut check = Command::new("promtool");
    check
        .args(["check", "config", "prometheus.yml"])
        .current_dir(template(""));
    succeed(&mut check);
    let mut test = Command::new("promtool");
    test.args(["test", "rules", "syft-notify.test.yml"])
        .current_dir(template(""));
    succeed(&mut test);
}

/// Every alert is tried, so that none is only believed in.
#[test]
fn every_alert_has_a_test() {
    let rules = fs::read_to_string(template("syft-notify.rules.yml")).unwrap();
    let tests = fs::read_to_string(template("syft-notify.test.yml")).unwrap();
    let alerts: Vec<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(alerts.len() >= 6, "{alerts:?}");
    for alert in alerts {
        let fires = format!("- alertname: {alert}\n");
        let with_alerts = tests.split(&fires).skip(1).any(|test| {
            test.lines()
                .nth(1)
                .is_some_and(|line| line.contains("exp_alerts"))
        });
        assert!(with_alerts, "{alert}");
    }
}

fn check(home: &Home, arguments: &[&str]) -> (Option<i32>, String) {
    let mut script = home.command("sh");
    let output = script
        .arg(template("check_syft_notify.sh"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(out.lines().count(), 1, "{out}");
    (output.status.code(), out.trim_end().to_owned())
}

/// The plugin as Nagios calls it, with the figures as the guidelines want them.
#[test]
fn the_plugin_tells_running_from_not_running() {
    let mut watched = Watched::start();
    let config = watched.home.path(".syft-creds/daemon.yaml");
    let config = config.to_str().unwrap();
    let figures = "sent=0c waiting=0;10 dead=0;0";
    let fine = (Some(0), format!("OK: syft-notify is running | {figures}"));
    assert_eq!(check(&watched.home, &[]), fine);
    assert_eq!(check(&watched.home, &["-c", config]), fine);
    let (code, line) = check(&watched.home, &["-w", "0"]);
    assert!(
        code == Some(1) && line.starts_with("WARNING: mails that wait: 0"),
        "{line}"
    );
    watched.stop();
    let gone = (
        Some(2),
        format!("CRITICAL: syft-notify is not running | {figures}"),
    );
    assert_eq!(check(&watched.home, &[]), gone);
    for nonsense in [&["-w", "x"][..], &["-z"], &["-c", "/nowhere/daemon.yaml"]] {
        let (code, line) = check(&watched.home, nonsense);
        assert!(matches!(code, Some(2 | 3)), "{line}");
    }
}

#[test]
fn the_plugin_counts_mails_that_were_given_up() {
    let home = Home::new();
    let program = home.beside("syft-notify");
    let report = "#!/bin/sh\necho '{\n  \"running\": true,\n  \"inner\": {\n    \"dead\": 7\n  },\n  \"sent_total\": 12,\n  \"waiting\": 30,\n  \"dead\": 2\n}'\n";
    syft_state::fs::write_atomic(&program, report.as_bytes(), 0o755).unwrap();
    let mut script = home.command("sh");
    script
        .arg(template("check_syft_notify.sh"))
        .env("SYFT_NOTIFY", program);
    let output = script.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = "WARNING: mails given up: 2; see syft-notify queue list | sent=12c waiting=30;10 dead=2;0\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

/// The object definitions, checked by Nagios itself beside the objects that they refer to.
#[test]
fn nagios_takes_our_objects() {
    let home = Home::new();
    let directory = home.beside("nagios");
    fs::create_dir(&directory).unwrap();
    let objects = "\
define timeperiod {\n timeperiod_name 24x7\n alias all\n sunday 00:00-24:00\n}
define command {\n command_name nothing\n command_line /bin/true\n}
define contact {\n contact_name root\n host_notification_commands nothing\n service_notification_commands nothing\n host_notification_period 24x7\n service_notification_period 24x7\n}
define host {\n host_name localhost\n address 127.0.0.1\n max_check_attempts 3\n check_command nothing\n check_period 24x7\n contacts root\n notification_interval 0\n}
";
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        syft_state::fs::write_atomic(&path, text.as_bytes(), 0o644).unwrap();
        path.display().to_string()
    };
    let base = write("objects.cfg", objects);
    let ours = template("nagios.cfg");
    let place = directory.display();
    let whoami = |what: &str| {
        let output = succeed(Command::new("id").arg(what));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let (user, group) = (whoami("-un"), whoami("-gn"));
    let main = write(
        "nagios.cfg",
        &format!(
            "nagios_user={user}\nnagios_group={group}\ncfg_file={base}\ncfg_file={}\nlog_file={place}/log\ncheck_result_path={place}\nobject_cache_file={place}/cache\nstatus_file={place}/status\nlock_file={place}/lock\ntemp_file={place}/temp\ntemp_path={place}\nstate_retention_file={place}/state\ncommand_file={place}/command\nillegal_macro_output_chars=`~$&|'\"<>\n",
            ours.display()
        ),
    );
    let output = succeed(Command::new(peers::nagios()).arg("-v").arg(main));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("Checked 1 services."), "{said}");
    assert!(said.contains("Total Errors:   0"), "{said}");
}
