//! What configs mean.

mod faults;
mod layers;
mod migrate;
mod relations;
mod remote;
mod show;

use std::{net::Ipv4Addr, time::Duration};

use secrecy::ExposeSecret;
use syft_jobs::{Schedule, mirror::Comparison};

use super::*;

/// The sample of the daemon's own documentation, as printed (seed 003).
const README: &str = include_str!("../../tests/config/readme.toml");

/// Nobody's machine: nothing there is real.
fn sources(is_root: bool) -> Sources {
    Sources {
        home: "/nowhere/home/me".into(),
        machine: Machine {
            directory: "/nowhere/here".into(),
            etc: "/nowhere/etc".into(),
            is_root,
            ..Machine::default()
        },
        ..Sources::default()
    }
}

#[track_caller]
fn parse(text: &str) -> Config {
    Config::parse(text, &sources(true)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn the_sample_of_the_readme_loads_unchanged() {
    let config = parse(README);
    let pocketbase = config.pocketbase.as_ref().unwrap();
    assert_eq!(pocketbase.url.as_str(), "http://localhost:8090/");
    assert_eq!(pocketbase.admin_email.as_deref(), Some("admin@example.com"));
    assert_eq!(
        pocketbase.password.as_ref().unwrap().expose_secret(),
        "admin123456"
    );
    assert_eq!(pocketbase.timeout, Duration::from_secs(30));
    assert_eq!(
        config.daemon.pid_file,
        Path::new("/var/run/sync-daemon.pid")
    );
    assert_eq!(
        config.daemon.config_refresh_interval,
        Some(Duration::from_secs(300))
    );
    assert_eq!(
        config.telemetry.log_file_path,
        Path::new("/var/log/sync-daemon.log")
    );
    assert_eq!(config.telemetry.log_level, LogLevel::Info);
    assert_eq!(config.cache.cache_dir, Path::new("/var/cache/sync-daemon"));
    assert_eq!(config.concurrency.sync_queue_size, 1000);
    assert_eq!(config.telemetry.metrics.port, 9090);
    assert_eq!(config.telemetry.metrics.bind_address, Ipv4Addr::LOCALHOST);
    let [job] = config.jobs.as_slice() else {
        panic!("one job: {:?}", config.jobs);
    };
    assert_eq!(
        (job.id.as_str(), job.name.as_str()),
        ("documents", "Documents Sync")
    );
    assert!(job.enabled);
    assert_eq!(job.schedule, Schedule::Interval(Duration::from_secs(300)));
    assert_eq!(job.source, Path::new("/home/user/Documents"));
    assert_eq!(job.destination, Path::new("/backup/Documents"));
    assert_eq!(job.options.comparison, Comparison::Sha256);
    assert!(!job.options.delete && job.options.timestamps && !job.options.ignore_hidden);
    let [watcher] = config.watchers.as_slice() else {
        panic!("one watcher: {:?}", config.watchers);
    };
    assert_eq!(watcher.job, job.id);
    assert_eq!(watcher.debounce, Duration::from_secs(1));
    assert!(watcher.enabled && watcher.recursive);
}

#[test]
fn what_nobody_says_is_what_the_engine_does_by_itself() {
    let config = parse(
        "[[sync_jobs]]\nid = \"a\"\nsource_path = \"/nowhere/a\"\ndestination_path = \"/nowhere/b\"\n",
    );
    let job = &config.jobs[0];
    assert_eq!(job.options, syft_jobs::Options::default());
    assert_eq!(job.timing, syft_jobs::job::Timing::default());
    assert_eq!(
        (job.name.as_str(), job.enabled, job.priority),
        ("a", false, 0)
    );
    assert_eq!(job.schedule, Schedule::Manual);
}

/// The three schedules that the README prints, each in a job.
#[test]
fn the_schedules_of_the_readme_load() {
    const JOB: &str = "[[sync_jobs]]\nid = \"a\"\nsource_path = \"/nowhere/a\"\ndestination_path = \"/nowhere/b\"\n\n";
    for schedule in [
        "[sync_jobs.schedule]\ntype = \"interval\"\ninterval = \"5m\"  # Human-readable duration: 1s, 30s, 5m, 1h, etc.\n",
        "[sync_jobs.schedule]\ntype = \"cron\"\nexpression = \"0 */15 * * * *\"  # Every 15 minutes\n",
        "[sync_jobs.schedule]\ntype = \"manual\"\n",
    ] {
        parse(&format!("{JOB}{schedule}"));
    }
    for expression in [
        "0 0 * * * *",
        "0 0 0 * * *",
        "0 0 2 * * MON",
        "0 */30 * * * *",
    ] {
        parse(&format!(
            "{JOB}[sync_jobs.schedule]\ntype = \"cron\"\nexpression = {expression:?}\n"
        ));
    }
}

/// Configs that the older program's documentation prints and the program itself refuses: one
/// without watchers, one with a part of a table, one whose cron has five fields (B1).
#[test]
fn tables_may_be_absent_or_in_part() {
    let config = parse(
        "[pocketbase]\nurl = \"http://localhost:8090\"\n[telemetry]\njson_logging = false\n\
         [telemetry.metrics]\nport = 9191\n\
         [[sync_jobs]]\nid = \"a\"\nsource_path = \"/nowhere/a\"\ndestination_path = \"/nowhere/b\"\nenabled = true\n\
         schedule = { type = \"cron\", expression = \"0 2 * * *\" }\n",
    );
    assert_eq!(config.telemetry.metrics.port, 9191);
    assert_eq!(
        config.telemetry.metrics.collection_interval,
        Duration::from_secs(15)
    );
    assert!(config.watchers.is_empty() && config.telemetry.rotation.enabled);
}

/// Keys of the older documentation that do nothing are taken, and it is said that they do nothing.
#[test]
fn keys_without_effect_are_remarked() {
    let config = parse(include_str!("../../tests/config/full.toml"));
    let inert: Vec<_> = config
        .notes
        .iter()
        .filter_map(|note| note.message.strip_suffix(" has no effect in this version"))
        .collect();
    let expected = [
        "connection_pool_size",
        "max_idle_connections",
        "use_tls",
        "enable_tracing",
        "trace_sample_rate",
        "thread_pool_size",
        "io_thread_pool_size",
        "network_thread_pool_size",
        "compression_enabled",
        "compression_enabled",
        "account",
        "watcher",
    ];
    assert_eq!(inert, expected.map(|key| format!("`{key}`")));
}

#[test]
fn nobodys_work_is_thrown_away_unasked() {
    use syft_jobs::mirror::{Conflicts, Direction};
    let options = |more: &str| {
        let config = parse(&format!(
            "[[sync_jobs]]\nid = \"a\"\nsource_path = \"/nowhere/a\"\ndestination_path = \"/nowhere/b\"\n\
             sync_options = {{ {more} }}\n"
        ));
        let options = &config.jobs[0].options;
        (options.direction, options.conflicts)
    };
    assert_eq!(options(""), (Direction::OneWay, Conflicts::Source));
    assert_eq!(
        options("bidirectional = true"),
        (Direction::TwoWay, Conflicts::Copy)
    );
    assert_eq!(
        options("bidirectional = true, conflict_resolution = \"newer\""),
        (Direction::TwoWay, Conflicts::Newer)
    );
}

#[test]
fn what_takes_a_restart_is_known() {
    let one = parse("");
    let keys = |text: &str| one.needs_restart(&parse(text));
    assert_eq!(keys("[telemetry]\nlog_level = \"debug\""), [""; 0]);
    assert_eq!(keys("[telemetry.metrics]\nport = 1"), ["telemetry.metrics"]);
    assert_eq!(keys("[http]\nport = 1"), ["http"]);
    assert_eq!(
        keys("[concurrency]\nmax_concurrent_syncs = 1"),
        ["concurrency"]
    );
    assert_eq!(keys("[daemon]\npid_file = \"/x.pid\""), ["daemon.pid_file"]);
    let pocketbase = "[pocketbase]\nurl = \"http://localhost\"\nadmin_password = \"a\"";
    assert_eq!(keys(pocketbase), ["pocketbase"]);
    assert_eq!(
        parse(pocketbase).needs_restart(&parse(&pocketbase.replace("\"a\"", "\"b\""))),
        ["pocketbase"]
    );
}

/// A config is checked pair by pair; the largest one must not take long.
#[test]
fn many_jobs_are_checked_at_once() {
    let jobs: String = (0..1000)
        .map(|job| format!(
            "[[sync_jobs]]\nid = \"job-{job}\"\nenabled = true\nsource_path = \"/nowhere/one/two/three/{job}\"\n\
             destination_path = \"/nowhere/one/two/three/{}\"\nschedule = {{ type = \"interval\", interval = \"1h\" }}\n",
            job + 1
        ))
        .collect();
    assert_eq!(parse(&jobs).jobs.len(), 1000);
    let more = format!(
        "{jobs}{}",
        jobs.split_inclusive("\n\n").next().unwrap_or_default()
    );
    assert!(Config::parse(&more, &sources(true)).is_err());
}
