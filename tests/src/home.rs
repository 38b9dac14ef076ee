//! A data owner's home directory with a local hub, and the program as it is installed.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, LazyLock},
};

use cargo_metadata::Message;
use syft_monitor::fixtures::{Layout, SampleClient, SampleJob};
use syft_transport::LocalDrive;
use tempfile::TempDir;

use crate::{peers::succeed, world::OWNER};

/// `syft-notify`, built as the tests were.
pub static SYFT_NOTIFY: LazyLock<PathBuf> = LazyLock::new(|| built("syft-notify"));

/// Returns a program of ours, built as the tests were.
pub(crate) fn built(package: &str) -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", package]);
    build.args(["--message-format", "json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let output = build.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Message::parse_stream(output.stdout.as_slice())
        .find_map(|message| match message.unwrap() {
            Message::CompilerArtifact(artifact) => artifact.executable,
            _ => None,
        })
        .unwrap()
        .into()
}

/// Returns a file of the repository.
#[must_use]
pub fn repository(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join(name)
}

/// A home directory that goes with its value.
#[derive(Debug)]
pub struct Home {
    directory: TempDir,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// Returns one that is set up as `init --local` does it.
    #[must_use]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("do")).unwrap();
        let home = Self { directory };
        let init = ["init", "--yes", "--local", "../hub", "--email", OWNER];
        succeed(&mut home.syft_notify(&init));
        home
    }

    /// Returns the home directory, or something in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("do").join(name)
    }

    /// Returns something beside the home directory.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns a command that is run at home, with the program in its path and no terminal.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let ours = SYFT_NOTIFY.parent().unwrap().display();
        let path = format!("{ours}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        let mut command = Command::new(program);
        command.current_dir(self.path("")).env_clear();
        command.env("HOME", self.path("")).env("PATH", path);
        command.env("LANG", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Returns a command of the program.
    #[must_use]
    pub fn syft_notify(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(SYFT_NOTIFY.as_path());
        command.args(arguments);
        command
    }

    /// Has a data scientist submit a job.
    pub fn submit(&self, job: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        let scientist = "ds@example.org";
        let drive = LocalDrive::open(&self.beside("hub"), scientist.parse().unwrap()).unwrap();
        let job = SampleJob::bash(Layout::W4, OWNER, scientist, job);
        let client = SampleClient::new(Arc::new(drive));
        runtime.block_on(client.submit(&job)).unwrap();
    }
}
