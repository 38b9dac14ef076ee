//! `syft-notify` as a process, alone or in the hands of `strace`.

use std::{
    fmt,
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::LazyLock,
};

use crate::{scale::variable, scene::Scene};

/// Everything that writes, syncs, renames, links or sends.
pub(crate) const CALLS: [&str; 18] = [
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "sendto",
    "sendmsg",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "ftruncate",
    "fchmod",
    "mkdir",
];

/// The program under test.
pub(crate) static SYFT_NOTIFY: LazyLock<PathBuf> =
    LazyLock::new(|| match variable("SYFT_CRASH_PROGRAM") {
        Some(program) => program.into(),
        None => syft_tests::home::SYFT_NOTIFY.clone(),
    });

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// By the signal.
    Killed,
    /// By itself, with this exit code and these words.
    Ended(i32, String),
}

impl Ending {
    /// Returns the exit code, as a shell would tell it.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Killed => 128 + 9,
            Self::Ended(code, _) => *code,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed => f.write_str("killed"),
            Self::Ended(code, told) => {
                let errors = told.lines().filter(|line| line.contains("error:"));
                let errors = errors.collect::<Vec<_>>().join("; ");
                write!(f, "ended with {code} {errors}")
            }
        }
    }
}

/// Returns the arguments of `syft-notify` for a scene.
fn arguments(scene: &Scene, how: &[&str]) -> Vec<String> {
    let mut arguments = vec!["run".to_owned(), "--config".to_owned()];
    arguments.push(scene.config().to_str().unwrap().to_owned());
    arguments.extend(how.iter().map(|argument| (*argument).to_owned()));
    arguments
}

fn prepared(mut command: Command, scene: &Scene) -> Command {
    command
        .env("HOME", scene.path(""))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Returns the program with these arguments after `run --config …`.
pub(crate) fn syft_notify(scene: &Scene, how: &[&str]) -> Command {
    let mut command = Command::new(&*SYFT_NOTIFY);
    command.args(arguments(scene, how));
    prepared(command, scene)
}

/// Looks once.
pub(crate) fn once(scene: &Scene) -> Ending {
    ending(&mut syft_notify(scene, &["--once"]))
}

/// Looks once under `strace`, with the options that say what it does to the program.
pub(crate) fn once_traced(scene: &Scene, options: &[&str]) -> Ending {
    ending(&mut traced(scene, options))
}

/// Returns a look under `strace`, which follows every thread.
pub(crate) fn traced(scene: &Scene, options: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-e", "signal=none"])
        .args(options)
        .arg(&*SYFT_NOTIFY)
        .args(arguments(scene, &["--once"]));
    prepared(command, scene)
}

fn ending(command: &mut Command) -> Ending {
    let output = tokio::task::block_in_place(|| command.output().unwrap());
    if output.status.signal() == Some(9) {
        return Ending::Killed;
    }
    let code = output.status.code();
    Ending::Ended(code.unwrap_or(-1), told(&output))
}

/// Returns what the program said.
pub(crate) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
