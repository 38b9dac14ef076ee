//! `syft-sync pb logs`.

use serde_json::{Value, json};
use syft_transport::pocketbase::{Client, Filter, List, Record};

use crate::{
    config::Config,
    exit::Outcome,
    remote::{Error, identity},
    term::{self, ACCENT, BAD, DIM, GOOD, WARN, paint},
};

pub(crate) async fn run(config: &Config, client: &Client, lines: usize, is_json: bool) -> Outcome {
    let daemon_id = identity::daemon_id(config)?;
    let collection = &config.telemetry.pocketbase_logging.collection;
    let ours = Filter::is("daemon_id", daemon_id.as_str()).map_err(Error::from)?;
    let latest = List::first(lines, ours, "-timestamp,-id");
    let mut records = client
        .list(collection, &latest)
        .await
        .map_err(Error::from)?;
    records.reverse();
    if is_json {
        term::json(&json!(records));
        return Ok(());
    }
    for record in &records {
        term::out(line(record));
    }
    if records.is_empty() && lines > 0 {
        term::say(format_args!("{daemon_id} has uploaded no logs yet."));
    }
    Ok(())
}

/// What is there was uploaded by us, but others may have written it anew.
fn line(record: &Record) -> String {
    let text = |name: &str| {
        let text = record.get(name).and_then(Value::as_str).unwrap_or_default();
        syft_daemon::logs::one_line(text)
    };
    let level = text("level");
    let style = match level.as_str() {
        "ERROR" => BAD,
        "WARN" => WARN,
        "INFO" => GOOD,
        _ => DIM,
    };
    format!(
        "{} {} {} {}",
        paint(DIM, text("timestamp")),
        paint(style, format_args!("{level:5}")),
        paint(ACCENT, text("target")),
        text("message")
    )
}
