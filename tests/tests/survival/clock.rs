//! A clock that jumps by a day, forth and back.

use std::path::Path;

use syft_monitor::fixtures::{Layout, SampleJob};

use crate::{
    daemon::{Daemon, show},
    scene::{ANA, OWNER, Scene},
};

/// Where Debian's package `faketime` keeps what it preloads.
const LIBRARIES: [&str; 2] = ["x86_64-linux-gnu", "aarch64-linux-gnu"];

/// Returns the library that tells programs another time.
pub(crate) fn library() -> String {
    let paths = LIBRARIES.map(|arch| format!("/usr/lib/{arch}/faketime/libfaketime.so.1"));
    let found = paths.into_iter().find(|path| Path::new(path).exists());
    found.expect("the package faketime is needed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_by_a_day_both_ways_costs_no_mail() {
    let mut daemon = Daemon::new().await;
    let clock = daemon.scene.path("clock");
    let set =
        |offset: &str| syft_state::fs::write_fleeting(&clock, offset.as_bytes(), 0o600).unwrap();
    set("+0");
    daemon.environment = vec![
        ("LD_PRELOAD".to_owned(), library()),
        (
            "FAKETIME_TIMESTAMP_FILE".to_owned(),
            clock.to_str().unwrap().to_owned(),
        ),
        ("FAKETIME_NO_CACHE".to_owned(), "1".to_owned()),
        // A clock that is set does not change how long a second lasts.
        ("DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
    ];
    daemon.start();
    daemon.scene.act().await;
    let mut due = Scene::due();
    daemon.settle("before the clock jumps", &due);
    for (number, offset) in ["+1d", "-1d", "+0"].into_iter().enumerate() {
        set(offset);
        daemon.wait_for_looks();
        let name = format!("job at {offset} no {number}");
        let job = SampleJob::bash(Layout::W4, OWNER, ANA, &name);
        daemon.scene.client(ANA).submit(&job).await.unwrap();
        due.push((OWNER.to_owned(), format!("New Job: {name}")));
        due.sort();
        daemon.settle(&format!("the clock set to {offset}"), &due);
        show("syft-notify status", &daemon.run(&["status"]).1);
    }
    daemon.stop();
}
