//! What a start meets: a reboot's leftovers, and another start.

use std::process::{Child, Command};

use crate::{
    daemon::{Daemon, is_alive, show},
    program::SYFT_NOTIFY,
    scene::Scene,
};

/// A process that has nothing to do with us, and ends with its test.
struct Stranger(Child);

impl Stranger {
    fn new() -> Self {
        Self(Command::new("sleep").arg("600").spawn().unwrap())
    }

    fn pid(&self) -> i32 {
        self.0.id().try_into().unwrap()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// T22: after a power cut the files name a process that is somebody else's now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reused_pid_is_nobody() {
    let daemon = Daemon::new().await;
    daemon.start();
    let supervisor = daemon.supervisor();
    crate::daemon::kill(supervisor, "KILL");
    daemon.wait("its end", || (!is_alive(supervisor)).then_some(()));
    let stranger = Stranger::new();
    for file in ["syft-notify.pid", "syft-notify.lock"] {
        let old = std::fs::read_to_string(daemon.file(file)).unwrap();
        let new = old.replace(&supervisor.to_string(), &stranger.pid().to_string());
        assert_ne!(old, new, "{file}");
        syft_state::fs::write_atomic(&daemon.file(file), new.as_bytes(), 0o600).unwrap();
    }
    daemon.scene.act().await;
    let (code, text) = daemon.run(&["status"]);
    assert_eq!(code, 3, "{text}");
    show("syft-notify status", &text);
    show("syft-notify stop", &daemon.stop());
    show("syft-notify start", &daemon.start());
    daemon.settle("a reboot that left the pid of somebody else", &Scene::due());
    daemon.stop();
    assert!(is_alive(stranger.pid()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_changes_nothing() {
    let daemon = Daemon::new().await;
    daemon.start();
    let supervisor = daemon.supervisor();
    daemon.scene.act().await;
    let (code, text) = daemon.run(&["start"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("running already"), "{text}");
    show("syft-notify start", &text);
    let (code, text) = daemon.run(&["run"]);
    assert_eq!(code, 1, "{text}");
    show("syft-notify run", &text);
    assert_eq!(daemon.supervisor(), supervisor);
    // The seeds' cure for a stale pid file, on one that is not stale.
    std::fs::remove_file(daemon.file("syft-notify.pid")).unwrap();
    let (code, text) = daemon.run(&["start"]);
    assert!(code == 0 && text.contains("running already"), "{text}");
    daemon.settle(
        "a second start, a run, and a removed pid file",
        &Scene::due(),
    );
    show("syft-notify stop", &daemon.stop());
    assert!(!is_alive(supervisor));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_starts_at_once_one_runs() {
    let daemon = Daemon::new().await;
    let mut starts: Vec<Child> = (0..8)
        .map(|_| daemon.command(&["start"]).spawn().unwrap())
        .collect();
    daemon.scene.act().await;
    for start in &mut starts {
        let ended = tokio::task::block_in_place(|| start.wait().unwrap());
        assert!(ended.success(), "{ended}");
    }
    // Those that came too late are told so, and are gone a moment later.
    daemon.wait("one that runs", || {
        (supervisors(&daemon).len() == 1).then_some(())
    });
    daemon.settle("eight starts at once", &Scene::due());
    daemon.stop();
    assert_eq!(supervisors(&daemon), [0; 0]);
}

/// Returns the processes that supervise with this scene's config.
fn supervisors(daemon: &Daemon) -> Vec<i32> {
    let config = daemon.scene.config();
    let is_ours = |pid: &i32| {
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.starts_with(SYFT_NOTIFY.to_str().unwrap())
            && command.split('\0').any(|argument| argument == "supervise")
            && command.contains(config.to_str().unwrap())
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .filter(is_ours)
        .collect()
}
