//! A config that is broken before it is read again.

use crate::{
    daemon::{Daemon, kill, show},
    scene::Scene,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_config_leaves_the_old_one_in_force() {
    let daemon = Daemon::new().await;
    daemon.start();
    let good = std::fs::read_to_string(daemon.scene.config()).unwrap();
    let worker = daemon.worker();
    for broken in [
        "do_email: [\n".to_owned(),
        "do_email: nobody\nsyftbox_root: /\n".to_owned(),
        good.replace("gmail.json", "no_such_token.json"),
    ] {
        daemon.write_config(&broken);
        let before = daemon.log().len();
        kill(daemon.supervisor(), "HUP");
        let line = daemon.wait("the refusal", || {
            let log = daemon.log();
            let new = &log[before..];
            let line = new.lines().find(|line| line.contains("stays in force"));
            line.map(str::to_owned)
        });
        show("kill -HUP", &line);
        assert!(line.contains(" - ERROR - "), "{line}");
    }
    let (code, text) = daemon.run(&["status"]);
    assert_eq!(code, 0, "{text}");
    show("syft-notify status", &text);
    daemon.scene.act().await;
    daemon.write_config(&good);
    daemon.settle("a broken config before SIGHUP", &Scene::due());
    daemon.write_config(&good.replace("interval: 1\n", "interval: 2\n"));
    let (code, text) = daemon.run(&["reload"]);
    assert_eq!(code, 0, "{text}");
    show("syft-notify reload", &text);
    assert_eq!(daemon.worker(), worker, "it was never restarted");
    daemon.stop();
}
