//! `config` as people and scripts call it.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path().join(name).parent().unwrap()).unwrap();
        let path = self.path().join(name);
        syft_state::fs::write_atomic(&path, text.as_bytes(), 0o600).unwrap();
    }

    /// Runs the program here, in an environment of our own.
    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_syft-sync"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .envs(environment.iter().copied())
            .output()
            .unwrap()
    }

    /// Runs it, checks its exit code, and returns what it says on both streams.
    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32) -> (String, String) {
        let output = self.run(arguments, &[]);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{out}\n{err}"
        );
        (out, err)
    }
}

const README: &str = include_str!("config/readme.toml");

#[test]
fn the_readmes_commands_work() {
    let desk = Desk::new();
    desk.check(&["config", "generate", "--output", "sync-daemon.toml"], 0);
    let mode = fs::metadata(desk.path().join("sync-daemon.toml"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let (out, _) = desk.check(&["config", "validate"], 0);
    assert!(out.contains("1 job, 1 watcher"), "{out}");
    let (out, _) = desk.check(&["config", "show"], 0);
    assert!(out.contains("id = \"default\""), "{out}");
    desk.check(&["config", "generate", "--output", "sync-daemon.toml"], 2);
    desk.check(
        &[
            "config",
            "generate",
            "--output",
            "sync-daemon.toml",
            "--force",
        ],
        0,
    );
}

#[test]
fn the_readmes_config_is_valid() {
    let desk = Desk::new();
    desk.write("my.toml", README);
    for arguments in [
        ["config", "validate", "--config", "my.toml"],
        ["--config", "my.toml", "config", "validate"],
        ["-c", "my.toml", "config", "validate"],
        ["config", "validate", "--config-path", "my.toml"],
    ] {
        desk.check(&arguments, 0);
    }
    let (out, _) = desk.check(&["config", "show", "-c", "my.toml"], 0);
    assert!(!out.contains("admin123456"), "{out}");
    desk.write("shown.toml", &out);
    desk.check(&["config", "validate", "-c", "shown.toml"], 0);
    let (out, _) = desk.check(
        &["config", "show", "-c", "my.toml", "--secrets", "--origin"],
        0,
    );
    assert!(
        out.contains("admin_password = \"admin123456\"  # "),
        "{out}"
    );
}

#[test]
fn what_is_wrong_is_shown_with_carets() {
    let desk = Desk::new();
    desk.write(
        "sync-daemon.toml",
        "[daemon]\nlog_levle = \"info\"\nshutdown_timeout_secs = -1\n",
    );
    let (out, err) = desk.check(&["config", "validate"], 2);
    let file = desk.path().join("sync-daemon.toml");
    let expected = format!(
        "error: unknown key `log_levle`\n --> {file}:2:1\n2 | log_levle = \"info\"\n  | ^^^^^^^^^\n  \
         help: did you mean `log_level`?\n\n\
         error: `shutdown_timeout_secs`: expected an integer from 0 to 3600, found -1\n --> {file}:3:25\n\
         3 | shutdown_timeout_secs = -1\n  |                         ^^\n\n\
         not ok {file} cannot be used: 2 errors\n",
        file = file.display()
    );
    assert_eq!((out, err), (expected, String::new()));
    let (out, _) = desk.check(&["config", "validate", "--json"], 2);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["valid"], false);
    assert_eq!(report["findings"][0]["line"], 2);
    assert_eq!(report["findings"][0]["help"], "did you mean `log_level`?");
    let (_, err) = desk.check(&["config", "show"], 2);
    assert!(
        err.contains("2:1: unknown key `log_levle`; did you mean"),
        "{err}"
    );
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let desk = Desk::new();
    let (_, err) = desk.check(&["config", "validate", "-c", "nowhere.toml"], 2);
    assert!(err.contains("cannot read"), "{err}");
    desk.write(".config/syft-sync/config.toml", "");
    desk.check(&["config", "validate"], 0);
}

#[test]
fn the_environment_names_the_file_and_values_in_it() {
    let desk = Desk::new();
    desk.write("my.toml", README);
    let environment = [
        ("SYNC_DAEMON_CONFIG", "my.toml"),
        ("SYNC_METRICS_PORT", "9191"),
        ("SYNC_PB_ADMIN_PASSWORD", "hunter2"),
    ];
    let output = desk.run(&["config", "show", "--json", "--origin"], &environment);
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["config"]["telemetry"]["metrics"]["port"], 9191);
    assert_eq!(
        shown["origins"]["telemetry.metrics.port"],
        "$SYNC_METRICS_PORT"
    );
    assert_eq!(shown["config"]["pocketbase"]["admin_password"], "(hidden)");
    assert_eq!(
        shown["origins"]["pocketbase.admin_password"],
        "$SYNC_PB_ADMIN_PASSWORD"
    );
}

#[test]
fn configs_of_other_programs_become_ours() {
    let desk = Desk::new();
    desk.write(
        "config.json",
        r#"{"configs": {"1": {"name": "Docs", "source_path": "/a", "destination_path": "/b"}}}"#,
    );
    let (out, _) = desk.check(&["config", "import", "config.json"], 0);
    desk.write("ours.toml", &out);
    desk.check(&["config", "validate", "-c", "ours.toml"], 0);
    desk.write("old.toml", "[cache]\n# mine\ncompression_enabled = true\n");
    let (out, err) = desk.check(&["config", "migrate", "-c", "old.toml"], 0);
    assert_eq!(out, "[cache]\n# mine\n# compression_enabled = true\n");
    assert!(
        err.contains("old.toml:3: `compression_enabled` has no effect"),
        "{err}"
    );
    assert_eq!(desk.check(&["config", "import", "old.toml"], 0).0, out);
    desk.check(
        &["config", "migrate", "-c", "old.toml", "-o", "new.toml"],
        0,
    );
    assert_eq!(
        fs::read_to_string(desk.path().join("new.toml")).unwrap(),
        out
    );
    desk.write("poem.txt", "roses are red");
    desk.check(&["config", "import", "poem.txt"], 2);
}

#[test]
fn the_schema_is_json() {
    let (out, _) = Desk::new().check(&["config", "schema"], 0);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        schema["properties"]["daemon"]["additionalProperties"],
        false
    );
}
