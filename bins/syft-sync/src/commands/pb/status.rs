//! `syft-sync pb status`.

use serde_json::{Value, json};
use syft_transport::pocketbase::{Client, Filter};

use crate::{
    config::Config,
    exit::{Exit, Failure, Outcome},
    remote::{self, Error, identity},
    term::{self, BAD, GOOD, paint},
};

pub(crate) async fn run(config: &Config, client: &Client, is_json: bool) -> Outcome {
    let mut status = Vec::new();
    let failure = look(config, client, &mut status).await.err();
    if let Some(failure) = &failure {
        status.push(("error", json!(failure.message)));
    }
    if is_json {
        let status = status
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        term::json(&Value::Object(status.collect()));
        return failure.map_or(Ok(()), |failure| Err(Failure::silent(failure.exit)));
    }
    for (name, value) in &status {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        if *name != "error" {
            term::out(format_args!("{name:12}{value}"));
        }
    }
    match failure {
        None => {
            term::say(paint(GOOD, "PocketBase is ready."));
            Ok(())
        }
        Some(failure) => {
            term::say(paint(BAD, "PocketBase is not ready."));
            Err(failure)
        }
    }
}

/// Looks at one thing after the other, and stops at the first that is not as it should be.
async fn look(
    config: &Config,
    client: &Client,
    status: &mut Vec<(&'static str, Value)>,
) -> Outcome {
    let pocketbase = remote::configured(config)?;
    status.push(("url", json!(client.place())));
    client.health().await.map_err(Error::from)?;
    let generation = client.generation().await.map_err(Error::from)?;
    status.push(("version", json!(generation.versions())));
    client.login().await.map_err(Error::from)?;
    let who = match (&pocketbase.admin_email, &pocketbase.auth_collection) {
        (None, _) => "a guest".to_owned(),
        (Some(email), None) => format!("{email}, a superuser"),
        (Some(email), Some(collection)) => format!("{email} of {collection}"),
    };
    status.push(("account", json!(who)));
    status.push(("daemon", json!(identity::daemon_id(config)?)));
    let mut missing = Vec::new();
    for spec in remote::collections(&config.telemetry.pocketbase_logging.collection) {
        let name = spec.name.as_str();
        match client.count(name, &Filter::default()).await {
            Ok(count) => {
                // The names come from a list of ours, but for that of the logs.
                let label = LABELS.iter().find(|(collection, _)| *collection == name);
                status.push((label.map_or("logs", |(_, label)| label), json!(count)));
            }
            Err(syft_transport::Error::NotFound { .. }) => missing.push(spec.name),
            Err(error) => return Err(Error::from(error).into()),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(
        Failure::new(Exit::Error, format!("collections are missing: {missing}"))
            .hint("syft-sync pb init"),
    )
}

const LABELS: [(&str, &str); 5] = [
    ("sync_jobs", "jobs"),
    ("file_watchers", "watchers"),
    ("sync_runs", "runs"),
    ("sync_requests", "requests"),
    ("sync_claims", "claims"),
];
