//! A network that is gone for an hour.

use crate::{
    clock::library,
    daemon::{Daemon, show},
    scale::say,
    scene::Scene,
};
use syft_tests::Cable;

/// So much faster than ours runs the daemon's time.
const SPEED: u64 = 60;
const HOUR: u64 = 3600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_without_network_costs_no_mail() {
    let mut daemon = Daemon::new().await;
    let emulator = daemon.scene.emulator.as_ref().unwrap().url().to_owned();
    let cable = Cable::to(&emulator).await;
    let config = std::fs::read_to_string(daemon.scene.config()).unwrap();
    let config = config.replace(emulator.trim_end_matches('/'), cable.url());
    assert!(config.contains(cable.url()), "{config}");
    daemon.write_config(&config.replace("interval: 1\n", "interval: 30\n"));
    daemon.environment = vec![
        ("LD_PRELOAD".to_owned(), library()),
        ("FAKETIME".to_owned(), format!("+0 x{SPEED}")),
    ];
    daemon.start();
    daemon.wait_for_looks();
    cable.cut();
    daemon.scene.act().await;
    tokio::time::sleep(std::time::Duration::from_secs(HOUR / SPEED)).await;
    assert_eq!(daemon.scene.arrived(), []);
    let (code, text) = daemon.run(&["status"]);
    assert_eq!(code, 0, "{text}");
    show("syft-notify status", &text);
    let log = daemon.log();
    let lines = log.lines().count();
    let first = log.lines().find(|line| line.contains("WARNING"));
    say(&format!(
        "  {lines} log lines in that hour, as\n    {}",
        first.unwrap_or_default()
    ));
    assert!(lines < 200, "{log}");
    cable.mend();
    daemon.settle("an hour without network", &Scene::due());
    daemon.stop();
}

/// A machine that boots before its network is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_network_waits_for_it() {
    let daemon = Daemon::new().await;
    let emulator = daemon.scene.emulator.as_ref().unwrap().url().to_owned();
    let cable = Cable::to(&emulator).await;
    let config = std::fs::read_to_string(daemon.scene.config()).unwrap();
    daemon.write_config(&config.replace(emulator.trim_end_matches('/'), cable.url()));
    cable.cut();
    daemon.scene.act().await;
    show("syft-notify start", &daemon.start());
    let (code, text) = daemon.run(&["status"]);
    assert_eq!(code, 0, "{text}");
    show("syft-notify status", &text);
    cable.mend();
    daemon.settle("a start before the network is there", &Scene::due());
    daemon.stop();
}
