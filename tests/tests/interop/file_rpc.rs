//! File RPC with Python's `syft-event` and `syft-rpc`, both ways, both processes on one SyftBox.
//!
//! A usual run takes samples; ten thousand requests each way are
//! `SYFT_RPC=full cargo test -p syft-tests --features interop --test interop file_rpc`.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use serde_json::{Value, json};
use syft_tests::peers::succeed;
use tempfile::TempDir;

use crate::{peers::file_rpc_python, programs::interop_file};

const SERVER: &str = "alice@example.com";
const CALLER: &str = "bob@example.com";
const APP: &str = "syft://alice@example.com/app_data/app";

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests decides")]
static IS_FULL: LazyLock<bool> =
    LazyLock::new(|| std::env::var("SYFT_RPC").is_ok_and(|value| value == "full"));

fn rpc_peer() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rpc_peer"))
}

fn python(script: &str) -> Command {
    let mut command = Command::new(file_rpc_python());
    command.arg(interop_file(script));
    command
}

/// A SyftBox with a server, which is stopped when it is dropped.
struct Desk {
    directory: TempDir,
    server: Child,
}

impl Desk {
    fn new(mut server: Command) -> Self {
        let directory = tempfile::tempdir().unwrap();
        server.arg(directory.path()).args([SERVER, "app"]);
        let mut server = server
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(server.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "READY\n");
        Self { directory, server }
    }

    /// Runs a caller, and returns the lines that it prints.
    #[track_caller]
    fn call(&self, mut caller: Command, command: &[&str], how: &[String]) -> Vec<Value> {
        let caller = caller.args(command).arg(self.directory.path()).arg(CALLER);
        let output = succeed(caller.args(how));
        let lines = output.stdout.split(|byte| *byte == b'\n');
        lines
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// Lets a caller call an endpoint that echoes, so often and so many at once.
    #[track_caller]
    fn flood(&self, caller: Command, command: &[&str], calls: (usize, usize), how: &str) {
        let (share, burst) = calls;
        // A tenth of the shares of ten thousand calls, or of three hundred.
        let count = share * if *IS_FULL { 1_000 } else { 30 };
        let mut arguments = vec![format!("{APP}/rpc/echo")];
        arguments.extend([count.to_string(), burst.to_string(), how.to_owned()]);
        let told = self.call(caller, command, &arguments).remove(0);
        let line = format!("{count} calls, {burst} at once, {how}: {told}\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        let seen = (&told["right"], &told["wrong"], &told["missing"]);
        assert_eq!(seen, (&json!(count), &json!([]), &json!([])));
    }

    /// Checks that no request or response is left.
    #[track_caller]
    fn is_clear(&self) {
        let left = files(self.directory.path());
        let left = left.iter().filter(|path| {
            let extension = path.extension().unwrap_or_default();
            extension == "request" || extension == "response"
        });
        assert_eq!(left.collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        self.server.wait().ok();
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn our_server() -> Desk {
    let mut command = rpc_peer();
    command.arg("serve");
    Desk::new(command)
}

/// Ten shares in all: in a row and in bursts, written in place and renamed from two places.
#[test]
fn file_rpc_python_calls_us() {
    let desk = our_server();
    for (share, burst, writer) in [
        (2, 1, "in-place"),
        (1, 1, "outside"),
        (1, 1, "beside"),
        (3, 200, "in-place"),
        (2, 200, "outside"),
        (1, 200, "beside"),
    ] {
        let caller = python("file_rpc_caller.py");
        desk.flood(caller, &[], (share, burst), writer);
    }
    desk.is_clear();
}

#[test]
fn file_rpc_we_call_python() {
    let desk = Desk::new(python("file_rpc_server.py"));
    for (share, burst) in [(4, 1), (3, 20), (3, 200)] {
        desk.flood(rpc_peer(), &["flood"], (share, burst), "mixed");
    }
}

#[test]
fn file_rpc_we_call_us() {
    let desk = our_server();
    for (share, burst) in [(4, 1), (6, 200)] {
        desk.flood(rpc_peer(), &["flood"], (share, burst), "mixed");
    }
    desk.is_clear();
}

/// Every kind of call leads Python's caller to what Python's own server would have said.
#[test]
fn file_rpc_python_understands_us() {
    let desk = our_server();
    let how = [APP.to_owned(), "situations".to_owned()];
    let told = desk.call(python("file_rpc_caller.py"), &[], &how);
    let seen: Vec<Value> = told
        .iter()
        .map(|told| json!([told["call"], told["status"], told["body"], told["left"]]))
        .collect();
    let expected = [
        json!(["echo", 200, "\u{0}\u{ff}", []]),
        json!(["echo?q=1&r=%20", 200, "text", []]),
        json!(["echo/", 200, null, []]),
        json!(["add", 200, "{\"sum\":42}", []]),
        json!(["hello", 200, "Hello, W\u{c3}\u{b6}rld!", []]),
        json!([
            "boom",
            500,
            "Internal server error. Please try again later.",
            []
        ]),
        json!(["status", 202, "x", []]),
        json!(["none", 200, null, []]),
        json!(["slow", 200, null, []]),
    ];
    assert_eq!(seen, expected);
    for told in &told {
        assert_eq!(
            (&told["sender"], &told["is_same_id"]),
            (&json!(SERVER), &json!(true))
        );
    }
    let headers = |index: usize| told[index]["headers"].clone();
    assert_eq!(headers(1)["X-Query"], r#"{"q":"1","r":"%20"}"#);
    assert_eq!(headers(2)["X-Method"], "GET");
    assert_eq!(headers(0)["X-Sender"], CALLER);
}
