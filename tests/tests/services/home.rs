//! A data owner's home directory with a local hub, and the program as it is installed.

use std::{
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::program::SYFT_NOTIFY;

/// Whoever owns the data.
const OWNER: &str = "do@example.org";

/// A home directory that goes with its value.
#[derive(Debug)]
pub(crate) struct Home {
    directory: TempDir,
}

impl Home {
    /// Returns one that is set up as `init --local` does it.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("do")).unwrap();
        let home = Self { directory };
        let init = ["init", "--yes", "--local", "../hub", "--email", OWNER];
        succeed(&mut home.syft_notify(&init));
        home
    }

    /// Returns the home directory, or something in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("do").join(name)
    }

    /// Returns something beside the home directory.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Returns a command that is run at home, with the program in its path and no terminal.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let ours = SYFT_NOTIFY.parent().unwrap().display();
        let mut command = Command::new(program);
        command.current_dir(self.path("")).env_clear();
        command.env("HOME", self.path(""));
        command.env(
            "PATH",
            format!("{ours}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        );
        command.env("LANG", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Returns a command of the program.
    pub(crate) fn syft_notify(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(SYFT_NOTIFY.as_path());
        command.args(arguments);
        command
    }
}

/// Runs a command to its end and fails, with all that it printed, unless it succeeds.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}
