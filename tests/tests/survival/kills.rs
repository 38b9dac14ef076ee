//! `kill -9`, of the worker and of the supervisor.

use std::time::Duration;

use crate::{
    daemon::{Daemon, is_alive, kill, show},
    scale::Dice,
    scene::Scene,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_worker_is_replaced() {
    let daemon = Daemon::new().await;
    daemon.start();
    let mut dice = Dice::new(31);
    daemon.scene.act().await;
    for _ in 0..3 {
        let worker = daemon.worker();
        let moment = Duration::from_millis(dice.below(1500));
        tokio::time::sleep(moment).await;
        kill(worker, "KILL");
        daemon.wait("another worker", || {
            (daemon.worker() != worker).then_some(())
        });
    }
    daemon.settle(
        "the worker killed three times while it mails",
        &Scene::due(),
    );
    show("syft-notify status", &daemon.run(&["status"]).1);
    daemon.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_supervisor_takes_its_worker_along() {
    let daemon = Daemon::new().await;
    daemon.start();
    let (supervisor, worker) = (daemon.supervisor(), daemon.worker());
    daemon.scene.act().await;
    kill(supervisor, "KILL");
    daemon.wait("the end of the worker", || {
        (!is_alive(worker)).then_some(())
    });
    let (code, text) = daemon.run(&["status"]);
    assert_eq!(code, 3, "{text}");
    show("syft-notify status", &text);
    show("syft-notify start", &daemon.start());
    daemon.settle("the supervisor killed", &Scene::due());
    daemon.stop();
}
