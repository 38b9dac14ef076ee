use syft_daemon::Notifier;
use syft_monitor::{
    config::Locations,
    connect,
    fixtures::{Layout, SampleClient, SampleJob},
};
use syft_transport::LocalDrive;

use super::*;
use crate::args::{ConfigArg, WatchArgs};

const OWNER: &str = "do@example.org";

fn config(home: &std::path::Path) -> Config {
    let locations = Locations {
        home: home.to_owned(),
        creds_dir: home.join(".syft-creds"),
    };
    let hub = home.join("hub");
    let text = format!(
        "do_email: {OWNER}\nsyftbox_root: box\nbackend: local:{}\nnotify_existing: true\n",
        hub.display()
    );
    Config::parse(&text, &home.join("daemon.yaml"), &locations).expect("it is a config")
}

/// A channel that closes without a reason is not taken for a wish to stop.
#[tokio::test]
async fn a_panic_of_the_monitor_is_a_failure() {
    let home = tempfile::tempdir().expect("a directory");
    let config = config(home.path());
    syft_state::fs::create_private_dir(&home.path().join(".syft-creds")).expect("a directory");
    let ds = LocalDrive::open(
        &home.path().join("hub"),
        "ds@example.org".parse().expect("an address"),
    );
    let client = SampleClient::new(std::sync::Arc::new(ds.expect("a hub")));
    let job = SampleJob::bash(Layout::W4, OWNER, "ds@example.org", "job");
    client.submit(&job).await.expect("a job");
    let args = WatchArgs {
        config: ConfigArg {
            config: Some(config.file.clone()),
        },
        interval: None,
        jobs_only: false,
        peers_only: false,
        notify_existing: true,
    };
    let watch = Watch {
        plan: Plan {
            args,
            scope: syft_monitor::Scope::Everything,
        },
        signs: Signs::new(&config, Notifier::none()),
        wishes: Wishes::listen(None).expect("signals"),
        page: Page::default(),
        config: config.clone(),
        is_json: false,
        is_talkative: false,
    };
    let links = connect::connect(&config, None).await.expect("a hub");
    let builder = connect::builder(&config, &links).on_sent(|_| panic!("planted"));
    let monitor = watch.plan.monitor(builder);
    let watched = Watched::start(monitor, watch.signs.clone(), false);
    let outcome = watch.attend(watched.expect("it starts")).await;
    let failure = outcome.expect_err("the monitor has panicked");
    assert!(failure.message.contains("crashed"), "{}", failure.message);
}
