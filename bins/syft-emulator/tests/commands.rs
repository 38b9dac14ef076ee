//! The program as a user runs it.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_syft-emulator");

fn command(line: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(line).env_remove("SYFT_EMULATOR_URL");
    command
}

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let line = [
            "serve",
            "--port",
            "0",
            "--json",
            "--account",
            "DO@example.org",
            "--data",
        ];
        let mut child = command(&line)
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut first)
            .unwrap();
        let hello: Value = serde_json::from_str(&first).unwrap();
        Self {
            child,
            url: hello["url"].as_str().unwrap().to_owned(),
        }
    }

    fn run(&self, line: &[&str]) -> Output {
        command(line).args(["--url", &self.url]).output().unwrap()
    }

    #[track_caller]
    fn ok(&self, line: &[&str]) -> String {
        let output = self.run(line);
        assert!(
            output.status.success(),
            "{line:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn stop(mut self, signal: &str) -> i32 {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end.
        drop(self.child.kill());
    }
}

#[test]
fn a_day_with_the_emulator() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let server = Server::start(&data);

    let token = dir.path().join("token.json");
    server.ok(&[
        "token",
        "ds@example.org",
        "--scopes",
        "drive,gmail.send",
        "--out",
        token.to_str().unwrap(),
    ]);
    assert_eq!(
        fs::metadata(&token).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let parsed: Value = serde_json::from_slice(&fs::read(&token).unwrap()).unwrap();
    assert_eq!(
        parsed["scopes"][1],
        "https://www.googleapis.com/auth/gmail.send"
    );

    let credentials: Value = serde_json::from_str(&server.ok(&["credentials"])).unwrap();
    assert_eq!(credentials["installed"]["client_id"], parsed["client_id"]);

    let lines = server.ok(&["env"]);
    let bundle = data.join("tls/bundle.pem");
    assert!(
        lines.contains(&format!("export SSL_CERT_FILE='{}'\n", bundle.display())),
        "{lines}"
    );
    assert!(
        lines.contains(&format!("export https_proxy='{}'\n", server.url)),
        "{lines}"
    );
    let ours = fs::read_to_string(data.join("ca.pem")).unwrap();
    assert!(fs::read_to_string(bundle).unwrap().ends_with(&ours));

    assert_eq!(
        server.ok(&["faults", "add", "--status", "503", "--api", "drive.*"]),
        "fault 1\n"
    );
    assert!(server.ok(&["faults", "list"]).contains("acted on 0 of 0"));
    server.ok(&["faults", "clear", "1"]);
    assert_eq!(server.ok(&["faults", "list", "--json"]), "[]\n");
    assert_eq!(server.ok(&["mails", "--json"]), "[]\n");
    assert!(
        server
            .ok(&["requests", "--counts", "--reset"])
            .contains("  emulator.control\n")
    );

    let by_data = command(&["mails", "--data"]).arg(&data).output().unwrap();
    assert!(by_data.status.success());
    assert_eq!(server.stop("-INT"), 0);

    let gone = command(&["mails", "--data"]).arg(&data).output().unwrap();
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains("serve --data"));
}

#[test]
fn a_service_manager_stops_it_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Server::start(dir.path()).stop("-TERM"), 0);
    assert!(
        !dir.path().join("url").exists(),
        "it left its address behind"
    );
    // The account that it started with was never changed, and is saved all the same.
    assert!(
        fs::read_to_string(dir.path().join("world.json"))
            .unwrap()
            .contains("DO@example.org")
    );
}

#[track_caller]
fn check_failure(line: &[&str], code: i32, message: &str) {
    let output = command(line).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(stderr.contains(message), "{stderr}");
}

#[test]
fn mistakes_are_explained() {
    check_failure(
        &["serve", "--bind", "0.0.0.0", "--port", "0"],
        1,
        "loopback only",
    );
    check_failure(
        &["serve", "--port", "0", "--account", "nobody"],
        1,
        "no e-mail address",
    );
    check_failure(
        &["mails", "--url", "https://127.0.0.1"],
        1,
        "expected http://HOST:PORT",
    );
    check_failure(
        &["mails", "--url", "http://127.0.0.1:1"],
        1,
        "no emulator answers",
    );
    check_failure(&["faults", "add"], 2, "--status");
    check_failure(&["serve", "--prot", "1"], 2, "--port");
}

#[test]
fn a_damaged_directory_stops_the_start() {
    let dir = tempfile::tempdir().unwrap();
    fs::File::create(dir.path().join("world.json")).unwrap();
    let output = command(&["serve", "--port", "0", "--data"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is damaged"));
}

#[test]
fn completions_are_offered() {
    let output = command(&["completions", "bash"]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("--probability"));
}
