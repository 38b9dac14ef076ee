//! Two people who share a SyftBox, and the programs that they run.

use std::{
    fs::{self, File, FileTimes},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use syft_rpc_events::{
    CallError, Client, Outgoing, Reply, config::ClientConfig, layout::Workspace,
};
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const ALICE: &str = "alice@example.com";
pub(crate) const BOB: &str = "bob@example.com";
/// Nothing takes so long; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A SyftBox in which Alice serves and Bob calls.
pub(crate) struct Desk {
    dir: TempDir,
    client: Client,
}

/// Returns a command that runs an example; cargo builds them before it runs this.
pub(crate) fn run(name: &str, line: &[&str]) -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples")
        .join(name);
    assert!(path.is_file(), "{} is not built", path.display());
    let mut command = Command::new(path);
    command.args(line).stdin(Stdio::null());
    command
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn wait(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("SyftBox");
        fs::create_dir(&data_dir).unwrap();
        for email in [ALICE, BOB] {
            let config = json!({"data_dir": data_dir, "email": email});
            fs::write(dir.path().join(email), config.to_string()).unwrap();
        }
        let email = BOB.parse().unwrap();
        let client = Client::new(Workspace::new(&ClientConfig { data_dir, email }));
        Self { dir, client }
    }

    pub(crate) fn datasites(&self) -> PathBuf {
        self.dir.path().join("SyftBox/datasites")
    }

    /// Returns where somebody's config is.
    pub(crate) fn config(&self, email: &str) -> PathBuf {
        self.dir.path().join(email)
    }

    /// Returns a command of an example that somebody runs.
    pub(crate) fn command(&self, name: &str, email: &str, line: &[&str]) -> Command {
        let mut command = run(name, line);
        command.env("SYFTBOX_CLIENT_CONFIG_PATH", self.config(email));
        command
    }

    /// Starts an example that goes on until it is stopped.
    pub(crate) fn start(&self, name: &str, email: &str, line: &[&str]) -> Program {
        let mut command = self.command(name, email, line);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in out.lines() {
                // Nobody reads any more when a test has failed.
                tell.send(line.unwrap()).ok();
            }
        });
        Program { child, lines }
    }

    /// Runs an example that ends by itself, and returns what it printed.
    #[track_caller]
    pub(crate) fn finish(&self, name: &str, email: &str, line: &[&str]) -> String {
        let output = self.command(name, email, line).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name} {line:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Calls an endpoint of Alice's as Bob.
    pub(crate) async fn ask(
        &self,
        app: &str,
        endpoint: &str,
        body: Value,
    ) -> Result<Reply, CallError> {
        let url = self.client.url(&ALICE.parse().unwrap(), app, endpoint)?;
        let pending = self.client.send(Outgoing::post(url).json(&body)?).await?;
        self.client.wait(&pending, Some(PATIENCE)).await
    }

    pub(crate) async fn call(
        &self,
        app: &str,
        endpoint: &str,
        body: Value,
    ) -> Result<Value, CallError> {
        self.ask(app, endpoint, body).await?.success()?.json()
    }

    pub(crate) async fn text(&self, app: &str, endpoint: &str, body: Value) -> String {
        let reply = self.ask(app, endpoint, body).await.unwrap();
        reply.success().unwrap().text().into_owned()
    }

    /// Writes a request of Bob's with its answer, both that old, and returns the request's path.
    pub(crate) fn answered_request(&self, app: &str, endpoint: &str, age: Duration) -> PathBuf {
        let place = format!("{ALICE}/app_data/{app}/rpc/{endpoint}/{BOB}");
        let directory = self.datasites().join(place);
        fs::create_dir_all(&directory).unwrap();
        let id = Uuid::new_v4();
        let made = SystemTime::now() - age;
        let created = DateTime::<Utc>::from(made).to_rfc3339();
        let url = format!("syft://{ALICE}/app_data/{app}/rpc/{endpoint}");
        let mut message = json!({
            "id": id,
            "sender": BOB,
            "url": url,
            "body": null,
            "headers": {},
            "created": created,
            "expires": created,
            "method": "GET",
        });
        let request = directory.join(format!("{id}.request"));
        write(&request, &message, made);
        message["status_code"] = json!(200);
        write(&request.with_extension("response"), &message, made);
        request
    }
}

fn write(path: &Path, message: &Value, made: SystemTime) {
    fs::write(path, message.to_string()).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(made)).unwrap();
}

/// A running example, which is ended with the test.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    /// Returns the next line that it prints.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        self.lines
            .recv_timeout(PATIENCE)
            .expect("a line is printed")
    }

    /// Waits for a line, whatever comes before it.
    #[track_caller]
    pub(crate) fn until(&mut self, wanted: &str) {
        let began = Instant::now();
        let mut others = Vec::new();
        while began.elapsed() < PATIENCE {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line == wanted => return,
                Ok(line) => others.push(line),
                Err(_) => break,
            }
        }
        panic!("{wanted:?} was never printed, but {others:?}");
    }

    /// Ends it as Ctrl+C does, and returns what else it has printed.
    #[track_caller]
    pub(crate) fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args(["-INT", &pid]).status();
        assert!(kill.unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        self.lines.iter().map(|line| line + "\n").collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
