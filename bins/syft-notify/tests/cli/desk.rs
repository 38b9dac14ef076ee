//! A person's desk: a home directory, the program, and a Google or a hub to work with.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use syft_emulator::{Emulator, Options, scopes};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const PROGRAM: &str = env!("CARGO_BIN_EXE_syft-notify");
/// Whoever owns the data.
pub(crate) const OWNER: &str = "do@example.org";
/// Somebody else.
pub(crate) const OTHER: &str = "eve@example.org";
/// No condition takes longer, or something is wrong.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) struct Desk {
    dir: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("home")).unwrap();
        Self { dir }
    }

    /// A desk that is set up with a hub, which needs no account.
    pub(crate) fn local() -> Self {
        let desk = Self::new();
        desk.run(&["init", "--local", "hub", "--email", OWNER, "--yes"])
            .succeeds();
        desk
    }

    /// A desk that is set up with tokens of the emulator.
    pub(crate) fn google(google: &Google) -> Self {
        let desk = Self::new();
        desk.put_token(google, "drive.json", OWNER, &[scopes::DRIVE]);
        desk.put_token(google, "gmail.json", OWNER, &[scopes::GMAIL_COMPOSE]);
        let tokens = ["--drive-token", "drive.json", "--gmail-token", "gmail.json"];
        desk.init(google, &tokens).succeeds();
        desk
    }

    pub(crate) fn init(&self, google: &Google, more: &[&str]) -> Ran {
        let line = ["init", "--email", OWNER, "--google-endpoint", google.url()];
        self.run(&[&line[..], more].concat())
    }

    pub(crate) fn put_token(&self, google: &Google, name: &str, email: &str, scopes: &[&str]) {
        self.write(name, &google.emulator.token(email, scopes).to_string());
    }

    pub(crate) fn put_credentials(&self, google: &Google) {
        self.write(
            "credentials.json",
            &google.emulator.credentials().to_string(),
        );
    }

    /// The directory that the program is started in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn creds(&self, name: &str) -> PathBuf {
        self.path("home/.syft-creds").join(name)
    }

    pub(crate) fn state_file(&self) -> PathBuf {
        self.creds("notification_state.json")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        syft_state::fs::write_atomic(&path, text.as_bytes(), 0o644).unwrap();
        path
    }

    pub(crate) fn write_config(&self, text: &str) {
        self.write("home/.syft-creds/daemon.yaml", text);
    }

    pub(crate) fn config_text(&self) -> String {
        fs::read_to_string(self.creds("daemon.yaml")).unwrap()
    }

    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(line)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", "/usr/bin:/bin")
            .env("COLUMNS", "100")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, line: &[&str]) -> Ran {
        Ran::of(self.command(line).output().unwrap())
    }

    /// Starts something that goes on, with its standard error in a file.
    pub(crate) fn start(&self, line: &[&str]) -> Running {
        self.begin(self.command(line), &line.join("-"))
    }

    /// Starts a command that goes on, as [`Self::start`] does.
    pub(crate) fn begin(&self, mut command: Command, name: &str) -> Running {
        let log = self.path(&format!("log-{name}"));
        let file = fs::File::create(&log).unwrap();
        let child = command.stdout(Stdio::null()).stderr(file).spawn().unwrap();
        Running { child, log }
    }

    /// Lists everything below the home directory, so that a test sees that nothing was changed.
    pub(crate) fn home_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut directories = vec![self.path("home")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else {
                    files.push((path.clone(), fs::read(path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }

    #[track_caller]
    pub(crate) fn is_private(&self, path: &Path) {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

impl Drop for Desk {
    /// What runs in the background does not outlive its test.
    fn drop(&mut self) {
        if self.creds("syft-notify.lock").exists() {
            let stop = self.command(&["stop", "--timeout", "2"]).output();
            stop.ok();
        }
    }
}

/// An emulator on a runtime of its own.
pub(crate) struct Google {
    pub(crate) emulator: Emulator,
    _runtime: Runtime,
}

impl Google {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let emulator = runtime
            .block_on(Emulator::start(Options::default()))
            .unwrap();
        Self {
            emulator,
            _runtime: runtime,
        }
    }

    pub(crate) fn url(&self) -> &str {
        self.emulator.url()
    }
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }

    /// Ends with this code, and says all of this on standard error.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, says: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        for part in says {
            assert!(self.err.contains(part), "no {part:?} in:\n{}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        let all = format!("{}{}", self.out, self.err);
        assert!(all.contains(part), "no {part:?} in:\n{all}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// A program that goes on until it is told to stop.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until the log says something.
    #[track_caller]
    pub(crate) fn until_it_says(&self, part: &str) {
        until(
            || self.log().contains(part),
            || format!("no {part:?} in:\n{}", self.log()),
        );
    }

    /// Waits for the end that somebody else has asked for.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Sends a signal and returns the exit code and how long the program took to end.
    pub(crate) fn signal(mut self, name: &str) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let id = self.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
        let status = self.child.wait().unwrap();
        (status.code(), began.elapsed())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits for a condition that another process brings about.
#[track_caller]
pub(crate) fn until(condition: impl Fn() -> bool, complaint: impl Fn() -> String) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "{}", complaint());
        std::thread::sleep(Duration::from_millis(10));
    }
}
