//! The files of `templates/monitoring` for `syft-sync`, by the programs that they are for.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use serde_json::Value;
use syft_tests::{home::repository, peers::succeed};

const RULES: &str = "syft-sync.rules.yml";
const TESTS: &str = "syft-sync.test.yml";

fn template(name: &str) -> PathBuf {
    repository("templates/monitoring").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(template(name)).unwrap()
}

#[test]
fn the_alerts_pass_their_own_tests() {
    for arguments in [
        &["check", "config", "syft-sync.prometheus.yml"][..],
        &["test", "rules", TESTS],
    ] {
        let mut promtool = Command::new("promtool");
        succeed(promtool.args(arguments).current_dir(template("")));
    }
}

/// Every alert is tried, so that none is only believed in.
#[test]
fn every_alert_has_a_test() {
    let (rules, tests) = (read(RULES), read(TESTS));
    let alerts: Vec<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(alerts.len() >= 15, "{alerts:?}");
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

/// The queries of the board, as they are once Grafana has put its variables in.
fn queries() -> Vec<String> {
    let board: Value = serde_json::from_str(&read("grafana-syft-sync.json")).unwrap();
    let panels = board["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array());
    let annotations = board["annotations"]["list"].as_array().unwrap();
    targets
        .flatten()
        .chain(annotations)
        .map(|target| target["expr"].as_str().unwrap())
        .map(|query| query.replace("$__rate_interval", "5m"))
        .map(|query| query.replace("$job_id", ".*").replace("$job", "syft-sync"))
        .map(|query| query.replace("$instance", ".*"))
        .collect()
}

#[test]
fn prometheus_understands_the_queries_of_the_board() {
    let queries = queries();
    assert!(queries.len() >= 25);
    let rules = queries.iter().enumerate().map(|(number, query)| {
        assert!(!query.contains('$'), "{query}");
        serde_json::json!({ "record": format!("query_{number}"), "expr": query })
    });
    let rules: Value = rules.collect();
    let groups = serde_json::json!({ "groups": [{ "name": "board", "rules": rules }] });
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("board.yml");
    // JSON is YAML.
    syft_state::fs::write_atomic(&path, groups.to_string().as_bytes(), 0o644).unwrap();
    succeed(Command::new("promtool").args(["check", "rules"]).arg(path));
}

/// Words of a query or a rule that are the names of metrics of this daemon.
fn metrics(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = ["syft_sync_", "sync_", "daemon_", "pocketbase_", "log_"];
    text.split(|c| !is_name(c))
        .filter(|word| starts.iter().any(|start| word.starts_with(start)))
        .map(|word| word.trim_end_matches("_bucket"))
        .filter(|word| word.len() > "sync_x_y".len())
        .collect()
}

/// A board or an alert about a metric with another name would be quiet for ever.
#[test]
fn boards_and_alerts_name_metrics_that_there_are() {
    let book = fs::read_to_string(repository("docs/src/telemetry.md")).unwrap();
    let text = format!("{}\n{}", queries().join("\n"), read(RULES));
    let documented = metrics(&book);
    let missing: Vec<_> = metrics(&text).difference(&documented).copied().collect();
    assert!(missing.is_empty(), "{missing:?}");
}
