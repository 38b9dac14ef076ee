//! `syft-sync pb pull`.

use std::path::Path;

use serde_json::json;
use syft_state::fs::write_atomic;
use syft_transport::pocketbase::Client;

use crate::{
    config::Config,
    exit::{Failure, Outcome, chain},
    remote::{self, Error, identity},
    term::{self, GOOD, paint},
};

pub(crate) async fn run(
    config: &Config,
    client: &Client,
    output: Option<&Path>,
    is_json: bool,
) -> Outcome {
    let daemon_id = identity::daemon_id(config)?;
    let records = remote::fetch(client, &daemon_id).await;
    let records = records.map_err(Error::from)?;
    if is_json {
        term::json(&json!(records));
        return Ok(());
    }
    let text = remote::config_text(&records);
    let Some(output) = output else {
        if text.is_empty() {
            term::say("There are no jobs and no watchers.");
        }
        term::bytes(text.as_bytes());
        return Ok(());
    };
    if output.try_exists().unwrap_or(true) {
        return Err(
            Failure::error(format!("{} is there already", output.display()))
                .hint("give another --output, or remove it"),
        );
    }
    let written = write_atomic(output, text.as_bytes(), 0o600);
    written.map_err(|error| Failure::error(chain(&error)))?;
    term::say(format_args!(
        "{} {}",
        paint(GOOD, "Written:"),
        output.display()
    ));
    Ok(())
}
