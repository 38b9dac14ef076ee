//! The example `rpc`, as people use it at a terminal, with Python's server and caller of files.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use serde_json::{Value, json};
use syft_tests::peers::succeed;
use tempfile::TempDir;

use crate::{peers::file_rpc_python, programs::interop_file};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

/// Returns the example, built as this test is.
static RPC: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut build = Command::new(env!("CARGO"));
    build.args([
        "build",
        "--quiet",
        "--package=syft-examples",
        "--example=rpc",
    ]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    succeed(build.current_dir(env!("CARGO_MANIFEST_DIR")));
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/rpc")
});

/// A SyftBox of two people, and whoever serves in it.
struct Desk {
    directory: TempDir,
    server: Child,
}

impl Desk {
    /// Starts a server, which prints a line when it serves.
    fn new(server: impl FnOnce(&Path) -> Command) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for email in [ALICE, BOB] {
            let config = json!({"data_dir": directory.path(), "email": email}).to_string();
            let place = directory.path().join(email);
            syft_state::fs::write_atomic(&place, config.as_bytes(), 0o600).unwrap();
        }
        let mut server = server(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(server.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert!(line == "READY\n" || line.starts_with("serving "), "{line}");
        Self { directory, server }
    }

    /// Runs a command of Bob's that ends with a code, and returns what it prints on both streams.
    #[track_caller]
    fn check(&self, line: &[&str], code: i32) -> (String, String) {
        let mut command = rpc(self.directory.path(), BOB);
        let output = command.args(line).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, errors) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(code), "{line:?}: {errors}");
        (out, errors)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn rpc(directory: &Path, email: &str) -> Command {
    let mut command = Command::new(&*RPC);
    command.arg("--config").arg(directory.join(email));
    command
}

fn python(script: &str, directory: &Path, email: &str) -> Command {
    let mut command = Command::new(file_rpc_python());
    command.arg(interop_file(script)).arg(directory).arg(email);
    command
}

#[test]
fn rpc_terminal_calls_python() {
    let desk = Desk::new(|directory| {
        let mut server = python("file_rpc_server.py", directory, ALICE);
        server.arg("app");
        server
    });
    let url = |endpoint: &str| format!("syft://{ALICE}/app_data/app/rpc/{endpoint}");
    let call = |endpoint: &str, how: &[&str], code| {
        let url = url(endpoint);
        desk.check(&[&["call", url.as_str()], how].concat(), code)
    };

    let (out, _) = desk.check(&["list", "app"], 0);
    assert!(out.contains("\n  /add(values: dict) → any\n"), "{out}");
    assert!(out.contains("\n  /hello(name: str) → str\n"), "{out}");
    let (out, _) = desk.check(&["schema", "app", "--datasite", ALICE], 0);
    let place = format!("datasites/{ALICE}/app_data/app/rpc/rpc.schema.json");
    let published = std::fs::read(desk.directory.path().join(place)).unwrap();
    let [printed, published]: [Value; 2] =
        [out.as_bytes(), &published].map(|text| serde_json::from_slice(text).unwrap());
    assert_eq!(printed, published);

    let (out, _) = call("add", &["--body", r#"{"a": 1, "b": 41}"#], 0);
    assert_eq!(out, "{\"sum\":42}\n");
    let (out, _) = call("hello", &["--text", "Wörld"], 0);
    assert_eq!(out, "Hello, Wörld!\n");
    let (out, _) = call("none", &["--method", "DELETE"], 0);
    assert_eq!(out, "");
    let echo = ["--json", "--text", "hi", "--header", "X-Trace: a"];
    let (out, _) = call("echo?q=1", &echo, 0);
    let reply: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (
            &reply["status"],
            &reply["text"],
            &reply["headers"]["X-Sender"]
        ),
        (&json!(200), &json!("hi"), &json!(BOB))
    );
    assert_eq!(reply["headers"]["X-Query"], r#"{"q": "1"}"#);

    let (out, errors) = call("boom", &[], 3);
    assert_eq!(out, "Internal server error. Please try again later.\n");
    assert_eq!(errors, "error: the answer is 500\n");
    // Python's server leaves requests alone for which it has no endpoint.
    let (out, errors) = call("nothing", &["--timeout", "1s"], 4);
    assert_eq!(out, "");
    assert!(
        errors.contains("next: its schema has no /nothing: "),
        "{errors}"
    );
}

#[test]
fn rpc_terminal_answers_python() {
    let desk = Desk::new(|directory| {
        let mut server = rpc(directory, ALICE);
        server.args(["serve", "--app", "app"]);
        server
    });
    let url = format!("syft://{ALICE}/app_data/app");
    let mut caller = python("file_rpc_caller.py", desk.directory.path(), BOB);
    let output = succeed(caller.args([&url, "situations"]));
    let told: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let seen = |index: usize| {
        let told: &Value = &told[index];
        json!([told["call"], told["status"], told["body"], told["left"]])
    };
    assert_eq!(seen(0), json!(["echo", 200, "\u{0}\u{ff}", []]));
    assert_eq!(seen(1), json!(["echo?q=1&r=%20", 200, "text", []]));
    assert_eq!(seen(2), json!(["echo/", 200, null, []]));
    assert_eq!(
        seen(3),
        json!(["add", 404, "There is no such endpoint.", []])
    );
}
