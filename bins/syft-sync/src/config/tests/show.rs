//! What is shown means the same when it is read again, and nothing makes reading panic.

use proptest::prelude::*;
use syft_jobs::Job;

use super::*;

/// Every key that a config may have, as `[table]`s with values that are right.
const FULL: &str = include_str!("../../../tests/config/full.toml");

const CLEAR: View = View {
    origins: true,
    secrets: true,
};

#[track_caller]
fn assert_same(one: &Config, other: &Config, shown: &str) {
    let jobs = |config: &Config| -> Vec<Job> { config.jobs.clone() };
    assert_eq!(one.needs_restart(other), [""; 0], "{shown}");
    assert_eq!(one.daemon, other.daemon, "{shown}");
    assert_eq!(one.telemetry, other.telemetry, "{shown}");
    assert_eq!(jobs(one), jobs(other), "{shown}");
    assert_eq!(one.watchers, other.watchers, "{shown}");
}

#[track_caller]
fn check(text: &str, sources: &Sources) {
    let config = Config::parse(text, sources).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let shown = config.to_toml(CLEAR);
    let again = Config::parse(&shown, sources).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert_same(&config, &again, &shown);
    let shown = |config: &Config| {
        let shown = config.to_toml(View {
            secrets: true,
            ..View::default()
        });
        // What has no effect is not shown, and what is not shown cannot be read again.
        let lines: Vec<_> = shown
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(str::to_owned)
            .collect();
        lines.join("\n").trim_end().to_owned()
    };
    assert_eq!(shown(&again), shown(&config));
}

#[test]
fn what_is_shown_is_the_config() {
    for text in ["", README, FULL] {
        check(text, &sources(true));
        check(text, &sources(false));
    }
}

#[test]
fn secrets_are_shown_on_demand_only() {
    let config = parse(
        "[pocketbase]\nurl = \"https://a\"\nadmin_password = \"hunter2\"\n[watcher]\nx = \"hunter2\"",
    );
    assert!(!config.to_toml(View::default()).contains("hunter2"));
    assert!(
        !config
            .to_json(View::default())
            .to_string()
            .contains("hunter2")
    );
    assert!(
        config
            .to_toml(CLEAR)
            .contains("admin_password = \"hunter2\"")
    );
    assert_eq!(config.to_toml(CLEAR).matches("hunter2").count(), 1);
    assert_eq!(
        config.to_json(CLEAR)["pocketbase"]["admin_password"],
        "hunter2"
    );
    assert!(
        !serde_json::to_string(&config.local_records())
            .unwrap()
            .contains("hunter2")
    );
}

#[test]
fn each_value_says_where_it_comes_from() {
    let sources = Sources {
        environment: [("SYNC_METRICS_PORT".into(), "1".into())]
            .into_iter()
            .collect(),
        overrides: Overrides {
            log_level: Some("warn".to_owned()),
            ..Overrides::default()
        },
        ..sources(true)
    };
    let config = Config::parse("[cache]\nmax_cache_size_mb = 1\n[[sync_jobs]]\nid = \"a\"\nsource_path = \"/nowhere/a\"\ndestination_path = \"/nowhere/b\"", &sources).unwrap();
    let origins = config.origins();
    let origin = |key: &str| origins.get(key).and_then(|origin| origin.as_str());
    assert_eq!(origin("telemetry.metrics.port"), Some("$SYNC_METRICS_PORT"));
    assert_eq!(origin("telemetry.log_level"), Some("--log-level"));
    assert_eq!(origin("cache.max_cache_size_mb"), Some("no config file:2"));
    assert_eq!(origin("sync_jobs[0].id"), Some("no config file:4"));
    assert_eq!(origin("cache.cache_dir"), None);
    let shown = config.to_toml(CLEAR);
    assert!(
        shown.contains("port = 1  # $SYNC_METRICS_PORT\n"),
        "{shown}"
    );
    assert!(
        shown.contains("json_logging = true  # default\n"),
        "{shown}"
    );
}

#[test]
fn the_records_of_the_file_are_what_it_says() {
    let records = parse(README).local_records();
    let job = serde_json::to_value(&records.jobs[0]).unwrap();
    assert_eq!(job["id"], "documents");
    assert_eq!(job["source_path"], "/home/user/Documents");
    assert_eq!(
        job["schedule"],
        serde_json::json!({"type": "interval", "interval": "5m"})
    );
    assert_eq!(job["sync_options"]["comparison_method"], "checksum");
    assert!(job.get("priority").is_none());
    assert_eq!(records.watchers[0]["sync_job_id"], "documents");
}

/// One million cases when everything is to be tried.
#[expect(
    clippy::disallowed_methods,
    reason = "how thorough tests are is said from outside"
)]
fn cases(usual: u32) -> ProptestConfig {
    let is_full = std::env::var("SYFT_FUZZ").is_ok_and(|fuzz| fuzz == "full");
    ProptestConfig::with_cases(if is_full { 1_000_000 } else { usual })
}

/// Pieces of configs, in any order and with anything between them.
fn hostile() -> impl Strategy<Value = String> {
    let lines: Vec<String> = FULL
        .lines()
        .chain(README.lines())
        .map(str::to_owned)
        .collect();
    let line = proptest::sample::select(lines);
    let value = prop_oneof![
        Just("\"\"".to_owned()),
        Just("[[1], {a = 1}]".to_owned()),
        Just("-9223372036854775808".to_owned()),
        Just("nan".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("\"~$HOME/../\u{1b}${}\"".to_owned()),
        "\\PC{0,8}",
    ];
    let changed = (line.clone(), value).prop_map(|(line, value)| match line.split_once('=') {
        Some((key, _)) => format!("{key}= {value}"),
        None => line,
    });
    let piece = prop_oneof![4 => line, 2 => changed, 1 => "\\PC{0,20}", 1 => "[\\[\\]\"'=#{}.,a-z\n]{0,12}"];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join("\n"))
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn no_config_makes_it_panic(text in hostile(), is_root: bool) {
        match Config::parse(&text, &sources(is_root)) {
            Ok(config) => {
                check(&text, &sources(is_root));
                for note in &config.notes {
                    config.snippet(note);
                }
            }
            Err(ConfigError::Invalid(invalid)) => {
                prop_assert!(invalid.errors().count() > 0);
                for finding in &invalid.findings {
                    invalid.snippet(finding);
                }
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
        crate::config::migrate::migrate(&text);
    }
}
