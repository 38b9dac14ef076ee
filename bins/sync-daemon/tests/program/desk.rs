//! A home directory with a config, and the program in it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// No condition takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(60);

/// What every config here begins with; `@` is the directory.
const OWN: &str = "[daemon]
pid_file = \"@/run/sync-daemon.pid\"
state_dir = \"@/state\"
[telemetry]
log_file_path = \"@/log/daemon.log\"
[telemetry.metrics]
port = 0
[cache]
cache_dir = \"@/cache\"
";

/// A job that is due when the daemon starts, and then not for an hour.
pub(crate) const JOB: &str = "[[sync_jobs]]
id = \"documents\"
source_path = \"@/source\"
destination_path = \"@/destination\"
enabled = true
[sync_jobs.schedule]
type = \"interval\"
interval = \"1h\"
";

pub(crate) struct Desk {
    directory: TempDir,
}

impl Desk {
    /// Makes a home whose config says this, besides where the daemon has its files.
    pub(crate) fn new(config: &str) -> Self {
        let desk = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        for name in ["home", "source", "destination", "run", "log"] {
            fs::create_dir(desk.path(name)).unwrap();
        }
        desk.configure(config);
        desk
    }

    pub(crate) fn configure(&self, config: &str) {
        self.write("config.toml", &format!("{OWN}{config}"));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file; `@` in it is the directory.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let text = text.replace('@', self.directory.path().to_str().unwrap());
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        syft_write(&path, &text);
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    /// Returns a command line of the program, run at home, without a terminal.
    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sync-daemon"));
        command
            .args(line)
            .current_dir(self.path("home"))
            .env_clear();
        command.env("HOME", self.path("home"));
        command.env("SYNC_DAEMON_CONFIG", self.path("config.toml"));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a line to its end.
    #[track_caller]
    pub(crate) fn run(&self, line: &[&str], code: i32) -> (String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(line).output().unwrap();
        let [stdout, stderr] = [stdout, stderr].map(|it| String::from_utf8(it).unwrap());
        assert_eq!(status.code(), Some(code), "{line:?}\n{stdout}{stderr}");
        (stdout, stderr)
    }

    /// Runs a line that must succeed, and returns what it printed as data.
    #[track_caller]
    pub(crate) fn prints(&self, line: &[&str]) -> String {
        self.run(line, 0).0
    }

    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.prints(&["status", "--json"])).unwrap()
    }

    /// Starts the daemon in the foreground, and waits until it can be asked.
    #[track_caller]
    pub(crate) fn foreground(&self, more: &[&str]) -> Foreground {
        let line = [&["start", "--foreground"], more].concat();
        let mut command = self.command(&line);
        let said = fs::File::create(self.path("said")).unwrap();
        let child = command.stdout(Stdio::null()).stderr(said).spawn().unwrap();
        let mut daemon = Foreground(child);
        let pid = daemon.0.id();
        self.until("it runs", || {
            let ended = daemon.0.try_wait().unwrap();
            assert_eq!(ended, None, "{:?}", self.read("said"));
            let status = self.command(&["status", "--json"]).output().unwrap();
            let status: Option<Value> = serde_json::from_slice(&status.stdout).ok();
            status.is_some_and(|status| status["pid"] == pid && status["state"] == "running")
        });
        daemon
    }

    #[track_caller]
    pub(crate) fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !is_so() {
            let log = self.read("log/daemon.log").unwrap_or_default();
            assert!(Instant::now() < deadline, "never: {what}\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    pub(crate) fn until_there(&self, name: &str, text: &str) {
        self.until(name, || self.read(name).as_deref() == Some(text));
    }
}

impl Drop for Desk {
    /// Leaves no process behind, also when the test has failed.
    fn drop(&mut self) {
        drop(self.command(&["stop", "--timeout", "1"]).output());
    }
}

/// A daemon that ends with its value.
pub(crate) struct Foreground(Child);

impl Foreground {
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the end and returns the exit code.
    #[track_caller]
    pub(crate) fn end(mut self) -> Option<i32> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file of a test, which nobody else reads"
)]
fn syft_write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
}
