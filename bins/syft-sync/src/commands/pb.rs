//! `syft-sync pb`: what a person does with PocketBase.

mod logs;
mod pull;
mod push;
mod status;

use serde_json::json;
use syft_transport::pocketbase::{Client, Ensured};

use crate::{
    args::PbCommand,
    config::Config,
    exit::Outcome,
    place,
    remote::{self, Error},
    session::Wanted,
    term::{self, GOOD, paint},
};

pub(crate) async fn run(wanted: &Wanted, command: PbCommand, is_json: bool) -> Outcome {
    let config = place::find(wanted)?.config()?;
    let pocketbase = remote::configured(&config)?;
    let client = remote::client(pocketbase, None)?;
    match command {
        PbCommand::Init => init(&config, &client, is_json).await,
        PbCommand::Status => status::run(&config, &client, is_json).await,
        PbCommand::Push { prune } => push::run(&config, &client, prune, is_json).await,
        PbCommand::Pull { output } => pull::run(&config, &client, output.as_deref(), is_json).await,
        PbCommand::Logs { lines } => logs::run(&config, &client, lines, is_json).await,
    }
}

/// Makes the collections that are missing.
async fn init(config: &Config, client: &Client, is_json: bool) -> Outcome {
    let specs = remote::collections(&config.telemetry.pocketbase_logging.collection);
    let done = client.ensure_collections(&specs).await;
    let done = done.map_err(Error::from)?;
    if is_json {
        let done = done
            .iter()
            .map(|(name, ensured)| (name.clone(), json!(word(ensured))));
        term::json(&serde_json::Value::Object(done.collect()));
        return Ok(());
    }
    for (name, ensured) in &done {
        let more = match ensured {
            Ensured::Extended(added) => format!(": {}", added.join(", ")),
            _ => String::new(),
        };
        term::out(format_args!("{name:16}{}{more}", word(ensured)));
    }
    term::say(format_args!(
        "{} {} has every collection.",
        paint(GOOD, "Done:"),
        client.place()
    ));
    Ok(())
}

fn word(ensured: &Ensured) -> &'static str {
    match ensured {
        Ensured::Made => "made",
        Ensured::Extended(_) => "extended",
        Ensured::Unchanged => "unchanged",
    }
}
