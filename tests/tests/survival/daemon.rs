//! The daemon of a scene, as its owner's shell sees it.

use std::{
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    program::{SYFT_NOTIFY, once},
    scale::say,
    scene::{Arrived, Meeting, Scene},
};

/// No step takes so long, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(20);

/// A scene whose owner's daemon is ended with it, whatever happened.
#[derive(Debug)]
pub(crate) struct Daemon {
    pub(crate) scene: Scene,
    /// Where the daemon keeps its files: beside its state file.
    pub(crate) home: PathBuf,
    /// What every command of the owner's shell has in its environment.
    pub(crate) environment: Vec<(String, String)>,
}

impl Daemon {
    /// Returns a scene on an emulated Google whose first look is over; nothing runs.
    pub(crate) async fn new() -> Self {
        let scene = Scene::new(Meeting::DRAFTS).await;
        let daemon = Self {
            home: scene.config().with_file_name(""),
            scene,
            environment: Vec::new(),
        };
        daemon.configure("interval: 1\n");
        let seeded = once(&daemon.scene);
        assert_eq!(seeded.code(), 0, "{seeded}");
        daemon
    }

    /// Adds lines to the config.
    pub(crate) fn configure(&self, lines: &str) {
        let mut text = std::fs::read_to_string(self.scene.config()).unwrap();
        text.push_str(lines);
        self.write_config(&text);
    }

    pub(crate) fn write_config(&self, text: &str) {
        syft_state::fs::write_atomic(&self.scene.config(), text.as_bytes(), 0o600).unwrap();
    }

    /// Returns a command of the program, in the owner's home and environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&*SYFT_NOTIFY);
        command
            .args(arguments)
            .arg("--config")
            .arg(self.scene.config())
            .env("HOME", self.scene.path(""))
            .env("NO_COLOR", "1")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end and returns its exit code and everything that it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = self.command(arguments);
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        (output.status.code().unwrap_or(-1), printed(&output))
    }

    /// Starts the daemon, which must work.
    #[track_caller]
    pub(crate) fn start(&self) -> String {
        let (code, text) = self.run(&["start"]);
        assert_eq!(code, 0, "{text}\n{}", self.log());
        text
    }

    /// Stops the daemon, which must work.
    #[track_caller]
    pub(crate) fn stop(&self) -> String {
        let (code, text) = self.run(&["stop"]);
        assert_eq!(code, 0, "{text}\n{}", self.log());
        assert_eq!(self.run(&["status"]).0, 3);
        text
    }

    /// Returns what `status --json` says, whether it runs or not.
    pub(crate) fn status(&self) -> Value {
        let mut command = self.command(&["status", "--json"]);
        let output = tokio::task::block_in_place(|| command.output().unwrap());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("status: {error}: {}", printed(&output));
        })
    }

    /// Returns the process that the pid file names.
    pub(crate) fn supervisor(&self) -> i32 {
        let text = std::fs::read_to_string(self.file("syft-notify.pid")).unwrap();
        text.trim().parse().unwrap()
    }

    /// Returns the one child of the supervisor, waiting until there is one.
    pub(crate) fn worker(&self) -> i32 {
        let supervisor = self.supervisor();
        self.wait("a worker", || children(supervisor).first().copied())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("syft-notify.log")).unwrap_or_default()
    }

    /// Waits until there is what is waited for.
    #[track_caller]
    pub(crate) fn wait<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for {what}\n{}",
                self.log()
            );
            tokio::task::block_in_place(|| std::thread::sleep(PAUSE));
        }
    }

    /// Waits for two more looks.
    #[track_caller]
    pub(crate) fn wait_for_looks(&self) {
        let looks = || self.status()["last"]["looks"].as_u64();
        let enough = looks().unwrap_or(0) + 2;
        self.wait("two more looks", || {
            looks().filter(|looks| *looks >= enough)
        });
    }

    /// Waits until exactly these mails have arrived, and sees that two looks later it is still so.
    #[track_caller]
    pub(crate) fn settle(&self, harm: &str, due: &[Arrived]) {
        let all = || (self.scene.arrived().len() >= due.len()).then_some(());
        self.wait("the mails", all);
        self.wait_for_looks();
        let arrived = self.scene.arrived();
        assert_eq!(arrived, due, "{harm}\n{}", self.log());
        let leftovers = self.scene.emulator.as_ref().unwrap();
        let drafts = leftovers.drafts(crate::scene::OWNER);
        assert!(drafts.is_empty(), "{harm}: drafts are left");
        say(&format!(
            "{harm}: {} mails due, {} arrived, none twice",
            due.len(),
            arrived.len()
        ));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It outlives a failed test otherwise.
        let pid = std::fs::read_to_string(self.file("syft-notify.pid"));
        let pid = pid.ok().and_then(|text| text.trim().parse::<i32>().ok());
        for process in pid
            .into_iter()
            .flat_map(|pid| [vec![pid], children(pid)].concat())
        {
            let is_ours = std::fs::read_link(format!("/proc/{process}/exe"))
                .is_ok_and(|program| program == **SYFT_NOTIFY);
            if is_ours {
                kill(process, "KILL");
            }
        }
    }
}

/// Sends a signal as a person would.
pub(crate) fn kill(process: i32, signal: &str) {
    let mut command = Command::new("kill");
    command.args([format!("-{signal}"), process.to_string()]);
    tokio::task::block_in_place(|| command.output().unwrap());
}

/// Returns the children of a process.
pub(crate) fn children(process: i32) -> Vec<i32> {
    let list = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let list = list.unwrap_or_default();
    list.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

/// Returns whether a process is there and not merely unburied.
pub(crate) fn is_alive(process: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

pub(crate) fn printed(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Prints what a person saw.
pub(crate) fn show(command: &str, text: &str) {
    let text = text.trim_end().replace('\n', "\n    ");
    say(&format!("  $ {command}\n    {text}"));
}
