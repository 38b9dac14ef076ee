//! `syft-sync pb push`.

use serde_json::json;
use syft_transport::pocketbase::Client;

use crate::{
    config::Config,
    exit::{Exit, Failure, Outcome},
    remote::{self, Pushed, identity},
    term::{self, GOOD, count, paint},
};

pub(crate) async fn run(config: &Config, client: &Client, prune: bool, is_json: bool) -> Outcome {
    if config.file.is_none() {
        return Err(Failure::new(Exit::Usage, "there is no config file to push")
            .hint("syft-sync config generate --output sync-daemon.toml"));
    }
    let daemon_id = identity::daemon_id(config)?;
    let records = config.local_records();
    let (jobs, watchers) = remote::push(client, &daemon_id, &records, prune).await?;
    if is_json {
        term::json(&json!({
            "daemon": daemon_id, "pruned": prune, "sync_jobs": jobs, "file_watchers": watchers
        }));
        return Ok(());
    }
    for (kind, pushed) in [("job", &jobs), ("watcher", &watchers)] {
        tell(kind, pushed, prune);
    }
    let pushed =
        |pushed: &Pushed| pushed.made.len() + pushed.changed.len() + pushed.unchanged.len();
    term::say(format_args!(
        "{} {} and {} of {daemon_id} are in {}.",
        paint(GOOD, "Done:"),
        count(pushed(&jobs), "job"),
        count(pushed(&watchers), "watcher"),
        client.place()
    ));
    Ok(())
}

fn tell(kind: &str, pushed: &Pushed, prune: bool) {
    let surplus = if prune { "removed" } else { "only there" };
    for (what, names) in [
        ("new", &pushed.made),
        ("changed", &pushed.changed),
        ("unchanged", &pushed.unchanged),
        (surplus, &pushed.surplus),
    ] {
        for name in names {
            term::out(format_args!("{what:12}{kind:8} {}", name.escape_default()));
        }
    }
}
