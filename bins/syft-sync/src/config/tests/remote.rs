//! Jobs of PocketBase.

use std::{fs, os::unix::fs::symlink};

use serde_json::json;

use super::*;

struct Desk {
    directory: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["root/a", "root/b", "outside", "root/local"] {
            fs::create_dir_all(directory.path().join(name)).unwrap();
        }
        symlink("../outside", directory.path().join("root/link")).unwrap();
        symlink("nowhere", directory.path().join("root/dangling")).unwrap();
        symlink("root", directory.path().join("name")).unwrap();
        Self { directory }
    }

    fn path(&self, path: &str) -> String {
        self.directory
            .path()
            .join(path)
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Returns a config of a PocketBase whose jobs may touch `root`, with one local job.
    fn config(&self, source: &str) -> Config {
        self.parse(&format!(
            "allowed_roots = [{:?}]\nconfig_source = {source:?}",
            self.path("root")
        ))
    }

    fn parse(&self, more: &str) -> Config {
        parse(&format!(
            "[pocketbase]\nurl = \"http://localhost\"\n{more}\n\
             [[sync_jobs]]\nid = \"local\"\nsource_path = {:?}\ndestination_path = {:?}\n",
            self.path("root/local"),
            self.path("outside/local"),
        ))
    }

    fn job(&self, source: &str, destination: &str) -> serde_json::Map<String, serde_json::Value> {
        let record = json!({
            "id": "abcdefghijklmno", "collectionId": "c", "collectionName": "sync_jobs",
            "created": "2026-11-21 12:00:00.000Z", "updated": "", "daemon": "", "revision": 3,
            "job_id": "remote", "name": "", "enabled": true,
            "source_path": self.path(source), "destination_path": self.path(destination),
            "filters": ["*.tmp"], "schedule": {"type": "interval", "interval": "5m"},
            "sync_options": null, "extra": {"priority": 7}, "a_column_of_theirs": [1],
        });
        record.as_object().unwrap().clone()
    }
}

fn records(jobs: Vec<serde_json::Map<String, serde_json::Value>>) -> RemoteRecords {
    RemoteRecords {
        jobs,
        watchers: Vec::new(),
    }
}

fn ids(config: &Config) -> Vec<&str> {
    config.jobs.iter().map(|job| job.id.as_str()).collect()
}

#[track_caller]
fn refused(config: &Config, records: &RemoteRecords, words: &str) {
    let error = config.with_remote(records).unwrap_err().to_string();
    assert!(error.contains(words), "{error:?} lacks {words:?}");
    assert!(
        error.contains("PocketBase sync_jobs") || error.contains("PocketBase file_watchers"),
        "{error}"
    );
}

#[test]
fn jobs_of_both_count_and_the_files_own_first() {
    let desk = Desk::new();
    let remote = records(vec![desk.job("root/a", "root/b")]);
    let config = desk.config("merge").with_remote(&remote).unwrap();
    assert_eq!(ids(&config), ["local", "remote"]);
    let job = &config.jobs[1];
    assert_eq!((job.name.as_str(), job.priority), ("remote", 7));
    assert_eq!(job.schedule, Schedule::Interval(Duration::from_secs(300)));
    assert_eq!(
        ids(&desk.config("local").with_remote(&remote).unwrap()),
        ["local"]
    );
    assert_eq!(
        ids(&desk.config("remote").with_remote(&remote).unwrap()),
        ["remote"]
    );
    assert_eq!(ids(&desk.config("remote")), [""; 0]);

    let mut same = desk.job("root/a", "outside");
    same.insert("job_id".to_owned(), "local".into());
    let config = desk
        .config("merge")
        .with_remote(&records(vec![same]))
        .unwrap();
    assert_eq!(ids(&config), ["local"]);
}

#[test]
fn a_record_for_this_daemon_counts_before_one_for_all() {
    let desk = Desk::new();
    let mut own = desk.job("root/a", "root/b");
    own.insert("daemon".to_owned(), "here".into());
    own.insert("name".to_owned(), "own".into());
    let remote = records(vec![desk.job("root/a", "root/b"), own.clone()]);
    let config = desk.config("remote").with_remote(&remote).unwrap();
    assert_eq!(config.jobs.len(), 1);
    assert_eq!(config.jobs[0].name, "own");
    refused(
        &desk.config("merge"),
        &records(vec![own.clone(), own]),
        "is there twice",
    );
}

#[test]
fn jobs_stay_within_the_allowed_roots() {
    let desk = Desk::new();
    let config = desk.config("merge");
    #[track_caller]
    fn check(desk: &Desk, config: &Config, source: &str, words: &str) {
        refused(config, &records(vec![desk.job(source, "root/b")]), words);
        refused(config, &records(vec![desk.job("root/b", source)]), words);
    }
    check(
        &desk,
        &config,
        "outside",
        "is outside `pocketbase.allowed_roots`",
    );
    check(
        &desk,
        &config,
        "rooted",
        "is outside `pocketbase.allowed_roots`",
    );
    check(&desk, &config, "root/../outside", "absolute and plain");
    check(&desk, &config, "root/$HOME", "absolute and plain");
    check(
        &desk,
        &config,
        "root/link",
        "leads out of `pocketbase.allowed_roots` by a link",
    );
    check(
        &desk,
        &config,
        "root/link/new/one",
        "leads out of `pocketbase.allowed_roots` by a link",
    );
    check(&desk, &config, "root/dangling", "cannot be followed");
    for path in ["/etc", "~/a", "a", "", "/"] {
        let mut job = desk.job("root/a", "root/b");
        job.insert("source_path".to_owned(), path.into());
        assert!(config.with_remote(&records(vec![job])).is_err(), "{path}");
    }
    // The root may be named by any of its names.
    let by_link = desk.parse(&format!("allowed_roots = [{:?}]", desk.path("name")));
    by_link
        .with_remote(&records(vec![desk.job("root/a", "name/b")]))
        .unwrap();
}

#[test]
fn without_allowed_roots_no_job_of_pocketbase_counts() {
    let desk = Desk::new();
    let remote = records(vec![desk.job("root/a", "root/b")]);
    refused(
        &desk.parse(""),
        &remote,
        "name what jobs of PocketBase may touch",
    );
}

#[test]
fn links_are_not_followed_for_strangers() {
    let desk = Desk::new();
    for options in [
        json!({"follow_symlinks": true}),
        json!({"symlinks": "FOLLOW"}),
    ] {
        let mut job = desk.job("root/a", "root/b");
        job.insert("sync_options".to_owned(), options);
        refused(
            &desk.config("merge"),
            &records(vec![job]),
            "cannot follow links",
        );
    }
}

#[test]
fn hostile_records_are_named() {
    let desk = Desk::new();
    let config = desk.config("merge");
    #[track_caller]
    fn check(desk: &Desk, config: &Config, key: &str, value: serde_json::Value, words: &str) {
        let mut job = desk.job("root/a", "root/b");
        job.insert(key.to_owned(), value);
        refused(config, &records(vec![job]), words);
    }
    check(&desk, &config, "job_id", json!("../x"), "is no id");
    check(
        &desk,
        &config,
        "job_id",
        json!("x\u{1b}[2J\n"),
        "control character",
    );
    check(
        &desk,
        &config,
        "job_id",
        json!(null),
        "PocketBase sync_jobs \"abcdefghijklmno\": `id` is missing",
    );
    check(
        &desk,
        &config,
        "source_path",
        json!(["/"]),
        "expected a path, found a list",
    );
    check(&desk, &config, "source_path", json!("a".repeat(5000)), "");
    check(
        &desk,
        &config,
        "schedule",
        json!({"type": "interval", "interval": "0s"}),
        "shortest",
    );
    check(
        &desk,
        &config,
        "schedule",
        json!("daily"),
        "expected a table, found a string",
    );
    check(
        &desk,
        &config,
        "sync_options",
        json!({"delete": true}),
        "unknown key `delete`",
    );
    check(
        &desk,
        &config,
        "extra",
        json!({"destination_paht": "/"}),
        "unknown key",
    );
    check(
        &desk,
        &config,
        "filters",
        json!([1]),
        "expected a string, found an integer",
    );
    check(
        &desk,
        &config,
        "filters",
        json!(vec!["x"; 2000]),
        "1000 are the limit",
    );
    check(
        &desk,
        &config,
        "extra",
        json!({"priority": 1e300}),
        "expected an integer",
    );
    // What `extra` says of a column does not count.
    let mut job = desk.job("root/a", "root/b");
    job.insert("extra".to_owned(), json!({"source_path": "/etc"}));
    let config = config.with_remote(&records(vec![job])).unwrap();
    assert_eq!(config.jobs[1].source, Path::new(&desk.path("root/a")));
}

#[test]
fn watchers_of_pocketbase_stay_within_the_roots_too() {
    let desk = Desk::new();
    let watcher = |path: &str| {
        let record = json!({
            "watcher_id": "w", "watch_path": desk.path(path), "sync_job_id": "remote",
            "enabled": true, "recursive": true, "debounce_ms": 250.0, "watch_events": ["create"],
        });
        RemoteRecords {
            jobs: vec![desk.job("root/a", "root/b")],
            watchers: vec![record.as_object().unwrap().clone()],
        }
    };
    let config = desk
        .config("merge")
        .with_remote(&watcher("root/a"))
        .unwrap();
    assert_eq!(config.watchers[0].debounce, Duration::from_millis(250));
    refused(&desk.config("merge"), &watcher("outside"), "`watch_path`");
    refused(
        &desk.config("merge"),
        &watcher("root/b"),
        "within the destination",
    );
}

#[test]
fn the_whole_candidate_counts_or_nothing() {
    let desk = Desk::new();
    let mut bad = desk.job("root/a", "outside");
    bad.insert("job_id".to_owned(), "bad".into());
    let remote = records(vec![desk.job("root/a", "root/b"), bad]);
    refused(&desk.config("merge"), &remote, "\"bad\"");
}
