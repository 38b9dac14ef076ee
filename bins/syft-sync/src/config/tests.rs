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
