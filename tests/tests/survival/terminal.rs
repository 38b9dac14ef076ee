//! A terminal that is closed.

use std::process::Command;

use crate::{
    daemon::{Daemon, is_alive, show},
    scene::Scene,
};

/// A terminal of its own, without the tmux of the person who runs the tests.
struct Terminal {
    socket: String,
}

impl Terminal {
    /// Opens a terminal in which a shell runs.
    fn open(daemon: &Daemon) -> Self {
        let socket = daemon.scene.path("tmux").to_str().unwrap().to_owned();
        let terminal = Self { socket };
        let home = daemon.scene.path("");
        let home = format!("HOME={}", home.display());
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-s",
            "one",
            "-x",
            "150",
            "-y",
            "40",
            "-e",
            &home,
            "bash --norc",
        ]);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        tmux.args(["-S", &self.socket]).args(arguments);
        tmux.env_remove("TMUX").env_remove("STY");
        let output = tokio::task::block_in_place(|| tmux.output().unwrap());
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn type_line(&self, line: &str) {
        self.tmux(&["send-keys", "-t", "one", line, "Enter"]);
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-t", "one"])
    }

    fn close(&self) {
        self.tmux(&["kill-server"]);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.close();
    }
}

fn line(daemon: &Daemon, command: &str) -> String {
    format!(
        "{} {command} --config {}",
        crate::program::SYFT_NOTIFY.display(),
        daemon.scene.config().display()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_outlives_its_terminal() {
    let daemon = Daemon::new().await;
    let terminal = Terminal::open(&daemon);
    terminal.type_line(&line(&daemon, "start"));
    daemon.wait("the start", || {
        terminal.screen().contains("PID").then_some(())
    });
    show("syft-notify start", terminal.screen().trim());
    let supervisor = daemon.supervisor();
    terminal.close();
    daemon.scene.act().await;
    daemon.settle("the terminal closed after `start`", &Scene::due());
    assert_eq!(daemon.supervisor(), supervisor);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreground_run_ends_well_with_its_terminal() {
    let daemon = Daemon::new().await;
    let terminal = Terminal::open(&daemon);
    terminal.type_line(&line(&daemon, "run"));
    let running = || daemon.status()["running"].as_bool().unwrap().then_some(());
    daemon.wait("the run", running);
    let program = daemon.supervisor();
    daemon.scene.act().await;
    terminal.close();
    daemon.wait("its end", || (!is_alive(program)).then_some(()));
    assert_eq!(daemon.run(&["status"]).0, 3);
    daemon.start();
    daemon.settle(
        "the terminal closed under `run`, then `start`",
        &Scene::due(),
    );
    daemon.stop();
}
