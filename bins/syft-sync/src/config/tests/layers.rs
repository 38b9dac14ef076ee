//! Who has the last word.

use super::*;

fn with(environment: &[(&str, &str)], overrides: Overrides) -> Sources {
    Sources {
        environment: environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        overrides,
        ..sources(true)
    }
}

#[track_caller]
fn load(text: &str, environment: &[(&str, &str)], overrides: Overrides) -> Config {
    Config::parse(text, &with(environment, overrides)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_level_comes_from_the_first_who_says_one() {
    const DAEMON: &str = "[daemon]\nlog_level = \"warn\"\n";
    const BOTH: &str = "[daemon]\nlog_level = \"warn\"\n[telemetry]\nlog_level = \"error\"\n";
    #[track_caller]
    fn check(text: &str, environment: &[(&str, &str)], flag: Option<&str>, expected: &str) {
        let overrides = Overrides {
            log_level: flag.map(str::to_owned),
            ..Overrides::default()
        };
        let config = load(text, environment, overrides);
        let telemetry = config.telemetry;
        let level = telemetry
            .log_directives
            .unwrap_or(telemetry.log_level.as_str().to_owned());
        assert_eq!(level, expected);
    }
    let (sync, rust) = (
        ("SYNC_LOG_LEVEL", "debug"),
        ("RUST_LOG", "syft_sync=trace,warn"),
    );
    check("", &[], None, "info");
    check(DAEMON, &[], None, "warn");
    check(BOTH, &[], None, "error");
    check(BOTH, &[rust], None, "syft_sync=trace,warn");
    check(BOTH, &[("RUST_LOG", "trace")], None, "trace");
    check(BOTH, &[rust, sync], None, "debug");
    check(BOTH, &[rust, sync], Some("error"), "error");
    check(DAEMON, &[("RUST_LOG", "a=loud")], None, "warn");
    check(DAEMON, &[("SYNC_LOG_LEVEL", "")], None, "warn");
}

#[test]
fn a_level_that_is_said_twice_is_remarked() {
    let config = parse("[daemon]\nlog_level = \"warn\"\n[telemetry]\nlog_level = \"error\"\n");
    let [note] = config.notes.as_slice() else {
        panic!("{:?}", config.notes);
    };
    assert_eq!(
        (note.severity, note.origin.place().unwrap().line),
        (Severity::Warning, 2)
    );
}

#[test]
fn the_command_line_is_before_the_environment_and_the_file() {
    const FILE: &str =
        "[pocketbase]\nurl = \"https://file\"\nadmin_email = \"file\"\nadmin_password = \"file\"\n";
    let environment = [
        ("SYNC_PB_URL", "https://environment"),
        ("SYNC_PB_ADMIN_EMAIL", "environment"),
        ("SYNC_PB_ADMIN_PASSWORD", "environment"),
        ("SYNC_METRICS_PORT", "9191"),
    ];
    let flags = || Overrides {
        pocketbase_url: Some("https://flag".to_owned()),
        admin_email: Some("flag".to_owned()),
        admin_password: Some("flag".into()),
        pid_file: Some("/run/flag.pid".into()),
        metrics_port: Some(0),
        ..Overrides::default()
    };
    #[track_caller]
    fn check(config: &Config, name: &str, port: u16) {
        let pocketbase = config.pocketbase.as_ref().unwrap();
        assert_eq!(pocketbase.url.as_str(), format!("https://{name}/"));
        assert_eq!(pocketbase.admin_email.as_deref(), Some(name));
        assert_eq!(pocketbase.password.as_ref().unwrap().expose_secret(), name);
        assert_eq!(config.telemetry.metrics.port, port);
    }
    check(&load(FILE, &[], Overrides::default()), "file", 9090);
    check(
        &load(FILE, &environment, Overrides::default()),
        "environment",
        9191,
    );
    check(
        &load("", &environment, Overrides::default()),
        "environment",
        9191,
    );
    let config = load(FILE, &environment, flags());
    check(&config, "flag", 0);
    assert_eq!(config.daemon.pid_file, Path::new("/run/flag.pid"));
}

#[test]
fn an_account_without_a_pocketbase_is_remarked() {
    let config = load(
        "",
        &[("SYNC_PB_ADMIN_PASSWORD", "hunter2")],
        Overrides::default(),
    );
    assert!(config.pocketbase.is_none());
    assert_eq!(
        config.notes[0].line(None),
        "$SYNC_PB_ADMIN_PASSWORD: no effect without the address of a PocketBase"
    );
}

#[test]
fn variables_that_mean_nothing_are_errors_that_name_them() {
    for (name, value, words) in [
        (
            "SYNC_METRICS_PORT",
            "many",
            "$SYNC_METRICS_PORT: `port`: expected an integer",
        ),
        (
            "SYNC_METRICS_PORT",
            "70000",
            "$SYNC_METRICS_PORT: `port`: expected an integer from 0 to 65535, found 70000",
        ),
        (
            "SYNC_LOG_LEVEL",
            "loud",
            "$SYNC_LOG_LEVEL: `log_level`: expected",
        ),
        ("SYNC_PB_URL", "nowhere", "$SYNC_PB_URL: `url`"),
    ] {
        let error = Config::parse("", &with(&[(name, value)], Overrides::default())).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn who_is_not_root_gets_places_of_his_own() {
    let mut sources = sources(false);
    let config = Config::parse(README, &sources).unwrap();
    assert_eq!(
        config.daemon.pid_file,
        Path::new("/nowhere/home/me/.local/state/syft-sync/sync-daemon.pid")
    );
    assert_eq!(
        config.telemetry.log_file_path,
        Path::new("/nowhere/home/me/.local/state/syft-sync/sync-daemon.log")
    );
    assert_eq!(
        config.cache.cache_dir,
        Path::new("/nowhere/home/me/.cache/sync-daemon")
    );
    assert_eq!(
        config.http.token_file,
        Path::new("/nowhere/home/me/.local/state/syft-sync/http.token")
    );
    let stand_ins = config
        .notes
        .iter()
        .filter(|note| note.message.contains("only root"));
    assert_eq!(stand_ins.count(), 3);
    let variables = [
        ("XDG_RUNTIME_DIR", "/run/user/1"),
        ("XDG_STATE_HOME", "relative"),
    ];
    sources.environment = variables
        .map(|(name, value)| (name.into(), value.into()))
        .into_iter()
        .collect();
    let config = Config::parse("", &sources).unwrap();
    assert_eq!(
        config.daemon.pid_file,
        Path::new("/run/user/1/sync-daemon.pid")
    );
    assert_eq!(
        config.daemon.state_dir,
        Path::new("/nowhere/home/me/.local/state/syft-sync")
    );
}

#[test]
fn a_password_file_is_read_if_nobody_else_can() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    let set_mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    let text = format!("[pocketbase]\nurl = \"https://a\"\npassword_file = {path:?}\n");
    let fault = |text: &str| Config::parse(text, &sources(true)).unwrap_err().to_string();
    assert!(fault(&text).contains("No such file"), "{}", fault(&text));
    syft_state::fs::write_atomic(&path, b"hunter2\n", 0o600).unwrap();
    let password = parse(&text).pocketbase.unwrap().password.unwrap();
    assert_eq!(password.expose_secret(), "hunter2");
    let both = format!("{text}admin_password = \"x\"\n");
    assert!(fault(&both).contains("give one"), "{}", fault(&both));
    set_mode(0o640);
    assert!(fault(&text).contains("chmod 600"), "{}", fault(&text));
    set_mode(0o600);
    for bad in [&b"\nx"[..], b"", &[b'x'; 5000], b"\xff"] {
        syft_state::fs::write_atomic(&path, bad, 0o600).unwrap();
        assert!(!fault(&text).contains("chmod"), "{}", fault(&text));
    }
}

#[test]
fn the_first_file_that_is_there_counts() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let mut sources = Sources {
        home: root.join("home"),
        machine: Machine {
            directory: root.join("here"),
            etc: root.join("etc"),
            is_root: false,
            ..Machine::default()
        },
        is_here_meant: true,
        ..Sources::default()
    };
    let candidates = [
        "etc/sync-daemon.toml",
        "etc/syft-sync/config.toml",
        "home/.config/syft-sync/config.toml",
        "here/sync-daemon.toml",
    ];
    assert_eq!(sources.file().unwrap(), None);
    for path in candidates {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        syft_state::fs::write_atomic(&path, b"", 0o600).unwrap();
        assert_eq!(sources.file().unwrap(), Some(path));
    }
    sources.is_here_meant = false;
    assert_eq!(sources.file().unwrap(), Some(root.join(candidates[2])));
    sources.environment = [("SYNC_DAEMON_CONFIG".into(), "x.toml".into())]
        .into_iter()
        .collect();
    assert_eq!(sources.file().unwrap(), Some(root.join("here/x.toml")));
    assert!(
        Config::load(&sources)
            .unwrap_err()
            .to_string()
            .contains("cannot read")
    );
    sources.config = Some(root.join("y.toml"));
    assert_eq!(sources.file().unwrap(), Some(root.join("y.toml")));
}

#[test]
fn relative_paths_begin_beside_the_file_or_where_the_process_stays() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    let write = |text: &str| syft_state::fs::write_atomic(&file, text.as_bytes(), 0o600).unwrap();
    let sources = Sources {
        config: Some(file.clone()),
        ..sources(true)
    };
    write("[daemon]\npid_file = \"./a.pid\"");
    assert_eq!(
        Config::load(&sources).unwrap().daemon.pid_file,
        directory.path().join("a.pid")
    );
    write("[daemon]\npid_file = \"a.pid\"\nworking_directory = \"~/w\"");
    assert_eq!(
        Config::load(&sources).unwrap().daemon.pid_file,
        Path::new("/nowhere/home/me/w/a.pid")
    );
}
