use super::*;

mod delivery;

fn locations() -> Locations {
    Locations {
        home: "/home/me".into(),
        creds_dir: "/home/me/.syft-creds".into(),
    }
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("/etc/syft/daemon.yaml"), &locations())
}

#[track_caller]
fn check_error(text: &str, parts: &[&str]) {
    let message = parse(text).unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

const SEED: &str = "do_email: test1@openmined.org
syftbox_root: /home/user/SyftBox_test1@openmined.org
drive_token_path: /home/user/.syft-creds/token_do.json
gmail_token_path: /home/user/.syft-creds/gmail_token.json
interval: 30 # Check every 30 seconds
";

#[test]
fn reads_the_documented_file() {
    let config = parse(SEED).unwrap();
    assert_eq!(config.do_email.as_str(), "test1@openmined.org");
    assert_eq!(config.interval, Duration::from_secs(30));
    assert_eq!(config.interval_max, config.interval);
    assert_eq!(
        config.state_path,
        Path::new("/home/me/.syft-creds/notification_state.json")
    );
    assert_eq!(config.backend, Backend::Google);
    assert!(config.unknown_keys.is_empty());
}

#[test]
fn t15_paths_are_absolute() {
    let text = "do_email: a@b.c\nsyftbox_root: ~/Box\nstate_path: state.json\nbackend: local:hub\n";
    let config = parse(text).unwrap();
    assert_eq!(config.syftbox_root, Path::new("/home/me/Box"));
    assert_eq!(config.state_path, Path::new("/etc/syft/state.json"));
    assert_eq!(config.backend, Backend::Local("/etc/syft/hub".into()));
}

#[test]
fn names_what_is_wrong() {
    check_error("", &["/etc/syft/daemon.yaml", "empty"]);
    check_error("# nothing\n", &["empty"]);
    check_error(
        "syftbox_root: /x\n",
        &["`do_email`", "missing", "syft-notify init"],
    );
    check_error(
        "do_email: nobody\nsyftbox_root: /x\n",
        &["`do_email`", "it has no @"],
    );
    check_error(
        &format!("{SEED}notify_existing: perhaps\n"),
        &["notify_existing", "line 6"],
    );
    check_error(
        "do_email: a@b.c\nsyftbox_root: /x\ninterval: soon\n",
        &["interval", "line 3"],
    );
    check_error(
        "do_email: a@b.c\nsyftbox_root: /x\ninterval: 0\n",
        &["`interval`", "1 second"],
    );
    check_error(
        "do_email: a@b.c\nsyftbox_root: /x\ninterval: .nan\n",
        &["`interval`"],
    );
    check_error("do_email: [a\n", &["line"]);
    check_error("do_email: a@b.c\nsyftbox_root: ~bob/x\n", &["~name"]);
    check_error(
        "do_email: a@b.c\nsyftbox_root: /x\nbackend: ftp\n",
        &["local:"],
    );
    check_error(
        "do_email: a@b.c\nsyftbox_root: /x\ngoogle_endpoint: http://x.org\n",
        &["https"],
    );
    check_error(
        "do_email: a@b.c\nsyftbox_root: /x\nquota: {units_per_day: 5}\n",
        &["200 units"],
    );
}

#[test]
fn suggests_the_key_that_was_meant() {
    let text = "do_email: a@b.c\nsyftbox_root: /x\nintervall: 5\nnotify_on_new_job: true\nquota: {units_a_day: 1}\n";
    let config = parse(text).unwrap();
    let said: Vec<String> = config
        .unknown_keys
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        said[0],
        "the key `intervall` means nothing here; is it `interval`?"
    );
    assert!(said[1].contains("units_per_day"), "{said:?}");
    // T14: Python's toggles never did anything, and its users are not bothered with them.
    assert_eq!(said.len(), 2);
}

#[test]
fn takes_over_earlier_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    let write = |text: &str| syft_state::fs::write_atomic(&path, text.as_bytes(), 0o600).unwrap();
    write("do_email: a@b.c\nsyftbox_root: ~/S\nnotify: {interval: 12, monitor_jobs: true}\n");
    let imported = import(&path).unwrap();
    assert_eq!(
        (imported.interval, imported.syftbox_root.as_deref()),
        (Some(12), Some("~/S"))
    );
    write("notify: {do_email: a@b.c, notify_state_path: /s.json}\nsync: {interval: 10}\n");
    assert_eq!(
        import(&path).unwrap().state_path.as_deref(),
        Some("/s.json")
    );
    write("credentials_file: c.json\ndo_email: a@b.c\ntoken_file: t.json\nemail_format: both\n");
    assert_eq!(
        import(&path).unwrap().gmail_token_path.as_deref(),
        Some("t.json")
    );
    write("name: something else\n");
    assert!(import(&path).is_err());
}
