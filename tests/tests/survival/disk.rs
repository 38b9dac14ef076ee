//! A log directory that is removed, and a disk that is full.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    daemon::{Daemon, show},
    scene::Scene,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_log_directory_comes_back() {
    let daemon = Daemon::new().await;
    daemon.configure("log: {path: ../logs/syft-notify.log}\n");
    let logs = daemon.scene.path("logs");
    daemon.start();
    daemon.wait("a log", || {
        logs.join("syft-notify.log").exists().then_some(())
    });
    std::fs::remove_dir_all(&logs).unwrap();
    daemon.scene.act().await;
    let due = Scene::due();
    daemon.settle("the log directory removed", &due);
    let log = std::fs::read_to_string(logs.join("syft-notify.log")).unwrap();
    assert_eq!(log.matches("✅ Sent").count(), due.len(), "{log}");
    show("syft-notify logs", &daemon.run(&["logs", "--lines", "3"]).1);
    daemon.stop();
}

/// A disk of its own, of a size that is soon reached.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(path: &Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=512k,mode=700", "none"]);
        let mounted = mount.arg(path).status().unwrap();
        assert!(mounted.success(), "a disk to fill needs the right to mount");
        Self(path.to_owned())
    }

    fn fill(&self) {
        // To the last byte: the write that does not fit any more fails.
        let ballast = vec![0; 1024 * 1024];
        let file = std::fs::File::create(self.ballast()).unwrap();
        std::io::Write::write_all(&mut &file, &ballast).unwrap_err();
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = Command::new("umount");
        unmount.arg("--lazy").arg(&self.0).status().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_for() {
    let mut daemon = Daemon::new().await;
    let disk = SmallDisk::mount(&daemon.scene.path("small"));
    let config = std::fs::read_to_string(daemon.scene.config()).unwrap();
    let moved = config.replace(
        "state_path: notification_state.json",
        "state_path: ../small/notification_state.json",
    );
    assert_ne!(config, moved);
    std::fs::copy(
        daemon.scene.ledger(),
        disk.0.join("notification_state.json"),
    )
    .unwrap();
    daemon.write_config(&moved);
    daemon.home = disk.0.clone();
    daemon.start();
    disk.fill();
    daemon.scene.act().await;
    let trouble = daemon.wait("a word of the trouble", || {
        let (_, text) = daemon.run(&["status"]);
        text.to_lowercase()
            .contains("no space left")
            .then_some(text)
    });
    show("syft-notify status", &trouble);
    let sent_before = daemon.scene.arrived();
    assert_eq!(
        sent_before,
        [],
        "no mail may go out that cannot be put on record"
    );
    std::fs::remove_file(disk.ballast()).unwrap();
    if daemon.run(&["status"]).0 == 3 {
        // It may have given up by then, and said so.
        show("syft-notify start", &daemon.start());
    }
    daemon.settle("a full disk", &Scene::due());
    daemon.stop();
    drop(disk);
}
