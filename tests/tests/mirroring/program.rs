//! The program under test, alone or in the hands of `strace`.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

/// The example that embeds the crate.
const MIRROR: &str = env!("CARGO_BIN_EXE_mirror");

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Killed,
    /// By itself, with this exit code and what it said.
    Ended(i32, String),
}

/// A job between two directories.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job<'a> {
    pub(crate) source: &'a Path,
    pub(crate) destination: &'a Path,
    pub(crate) options: &'a [&'a str],
}

impl Job<'_> {
    pub(crate) fn run(&self) -> Ending {
        let mut command = Command::new(MIRROR);
        self.arguments(&mut command);
        ending(&mut command)
    }

    /// Runs in the hands of `strace` with options that say what it does to the program.
    pub(crate) fn run_traced(&self, strace: &[&str]) -> Ending {
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-e", "signal=none"])
            .args(strace);
        command.arg(MIRROR);
        self.arguments(&mut command);
        ending(&mut command)
    }

    /// Runs without special rights; whoever has none has none to lose.
    pub(crate) fn run_as_nobody(&self) -> Ending {
        let mut command = Command::new(MIRROR);
        if rustix::process::geteuid().is_root() {
            command = Command::new("setpriv");
            let drop = ["--reuid=65534", "--regid=65534", "--clear-groups"];
            command.args(drop).arg(MIRROR);
        }
        self.arguments(&mut command);
        ending(&mut command)
    }

    /// Runs and returns the report of a run that nothing disturbed.
    #[track_caller]
    pub(crate) fn report(&self) -> Value {
        match self.run() {
            Ending::Ended(_, told) => serde_json::from_str(&told).expect(&told),
            Ending::Killed => panic!("nobody killed it"),
        }
    }

    fn arguments(&self, command: &mut Command) {
        command
            .args([self.source, self.destination])
            .args(self.options)
            .stdin(Stdio::null());
    }
}

impl Ending {
    /// Returns whether the program was loaded at all.
    pub(crate) fn has_begun(&self) -> bool {
        !matches!(self, Self::Ended(127, _))
    }

    /// Returns the report, if the program lived to make one.
    pub(crate) fn report(&self) -> Option<Value> {
        match self {
            Self::Killed => None,
            Self::Ended(_, told) => serde_json::from_str(told).ok(),
        }
    }
}

fn ending(command: &mut Command) -> Ending {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    if status.signal() == Some(9) {
        return Ending::Killed;
    }
    let mut told = String::from_utf8_lossy(&stdout).into_owned();
    told.push_str(&String::from_utf8_lossy(&stderr));
    Ending::Ended(status.code().unwrap_or(-1), told)
}
