use super::*;

fn args(config: Option<&str>, interval: Option<u64>, jobs_only: bool) -> WatchArgs {
    WatchArgs {
        config: ConfigArg {
            config: config.map(PathBuf::from),
        },
        interval,
        jobs_only,
        peers_only: false,
        notify_existing: false,
    }
}

#[test]
fn options_are_kept_unless_others_are_given() {
    let before = Options::of(&args(None, Some(60), true), 0);
    let kept = before.under(&args(None, None, false), Path::new("/a.yaml"));
    assert_eq!(kept.config.config.as_deref(), Some(Path::new("/a.yaml")));
    assert_eq!(Options::of(&kept, 0), before);
    let given = before.under(&args(Some("b.yaml"), Some(5), false), Path::new("/a.yaml"));
    assert_eq!(given.config.config.as_deref(), Some(Path::new("b.yaml")));
    assert_eq!(given.interval, Some(5));
    let peers = WatchArgs {
        peers_only: true,
        ..args(None, None, false)
    };
    let given = before.under(&peers, Path::new("/a.yaml"));
    assert_eq!((given.jobs_only, given.peers_only), (false, true));
}

/// What an older release wrote is read, and so is what a newer one adds.
#[test]
fn other_releases_are_understood() {
    let text = r#"{"pid": 7, "started": "2026-01-02T03:04:05Z", "config": "/c", "state_path": "/s",
        "options": {"interval": 60, "jobs_only": true, "peers_only": false, "notify_existing": false},
        "by": {"kind": "systemd", "unit": "a.service", "user": true}, "log": null, "more": 1}"#;
    let dir = tempfile::tempdir().expect("a directory");
    let paths = crate::place::paths(&dir.path().join("state.json"));
    fs::write_atomic(&path(&paths), text.as_bytes(), 0o600).expect("a file");
    let origin = Origin::read(&paths, 7).expect("it is readable");
    assert_eq!(origin.options.interval, Some(60));
    assert_eq!(Origin::read(&paths, 8), None);
    origin.save(&paths);
    assert_eq!(Origin::read(&paths, 7), Some(origin));
}
