//! A home directory with a config of sync jobs, and the program as it is installed.

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::home::built;

/// `syft-sync`, built as the tests were.
pub static SYFT_SYNC: LazyLock<PathBuf> = LazyLock::new(|| built("syft-sync"));
/// `sync-daemon`, which is the same.
pub static SYNC_DAEMON: LazyLock<PathBuf> = LazyLock::new(|| built("sync-daemon"));

/// So long a machine under load may take for what takes an instant.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home directory that goes with its value, and whose daemon goes with it.
#[derive(Debug)]
pub struct SyncHome {
    directory: TempDir,
}

impl SyncHome {
    /// Makes one with a config: where the daemon has its files, at ports that are free, and
    /// `more`, in which `@` stands for the directory.
    #[must_use]
    pub fn new(more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Self { directory };
        for name in ["home", "source"] {
            fs::create_dir(home.path(name)).unwrap();
        }
        home.configure(more);
        home
    }

    /// Writes the config anew, as [`new`](Self::new) does.
    pub fn configure(&self, more: &str) {
        let own = "[daemon]\npid_file = \"@/run/sync-daemon.pid\"\nstate_dir = \"@/state\"\n\
                   [telemetry]\nlog_file_path = \"@/log/daemon.log\"\n\
                   [telemetry.metrics]\nport = 0\n[cache]\ncache_dir = \"@/cache\"\n";
        let text =
            format!("{own}{more}").replace('@', &self.directory.path().display().to_string());
        self.write("config.toml", text);
    }

    /// Returns something in the directory; `source` is there already.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file there as most programs do, in its place.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let mut file = fs::File::create(self.path(name)).unwrap();
        file.write_all(content.as_ref()).unwrap();
    }

    /// Returns a command that is run there, with the programs in its path and no terminal.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let ours = SYFT_SYNC.parent().unwrap().display();
        let path = format!("{ours}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let mut command = Command::new(program);
        command.current_dir(self.path("home")).env_clear();
        command.env("HOME", self.path("home")).env("PATH", path);
        command.env("LANG", "C.UTF-8").stdin(Stdio::null());
        command.env("SYNC_DAEMON_CONFIG", self.path("config.toml"));
        command
    }

    /// Returns a command of the program.
    #[must_use]
    pub fn syft_sync(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(SYFT_SYNC.as_path());
        command.args(arguments);
        command
    }

    /// Runs a command of the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.syft_sync(arguments).output().unwrap()
    }

    /// Runs a command of the program that must succeed, and returns what it printed as data.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Returns what `status --json` says.
    #[track_caller]
    pub fn status(&self) -> Value {
        serde_json::from_slice(&self.run(&["status", "--json"]).stdout).unwrap()
    }

    /// Waits until something is so.
    ///
    /// # Panics
    ///
    /// If that takes longer than it may on a machine under load.
    #[track_caller]
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(
                Instant::now() < deadline,
                "{what} does not come about: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the daemon's log.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log/daemon.log")).unwrap_or_default()
    }
}

impl Drop for SyncHome {
    fn drop(&mut self) {
        // Without a daemon this does nothing.
        drop(self.run(&["stop", "--timeout", "5"]));
    }
}
