//! What `doctor` says of PocketBase.

use std::time::Duration;

use syft_terminal::finding::Finding;
use syft_transport::{
    Error as Server,
    http::Retry,
    pocketbase::{Client, Filter, List, Options},
};

use super::{Error, connect, schema};
use crate::config::{Config, ConfigSource};

const TOPIC: &str = "pocketbase";
/// Somebody waits for the answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at the server, the account and the collections; nothing is changed.
pub(crate) async fn findings(config: &Config) -> Vec<Finding> {
    let Some(pocketbase) = &config.pocketbase else {
        return vec![Finding::ok(TOPIC, "none is wanted: everything is local")];
    };
    let client = impatient(connect::options(pocketbase));
    let client = match client {
        Ok(client) => client,
        Err(error) => return vec![Finding::problem(TOPIC, &error)],
    };
    let place = client.place();
    let generation = match client.generation().await {
        Ok(generation) => generation,
        Err(error) => return vec![unreachable_server(&place, &error)],
    };
    let mut findings = vec![Finding::ok(
        TOPIC,
        format!("{place} answers, version {}", generation.versions()),
    )];
    if pocketbase.admin_email.is_none() || pocketbase.password.is_none() {
        findings.push(
            Finding::warning(
                TOPIC,
                "there is no account: everything is asked for as a guest",
            )
            .mend("give `admin_email` and `password_file` in [pocketbase]"),
        );
    } else if let Err(error) = client.login().await {
        findings.push(login(&error));
        return findings;
    } else {
        findings.push(Finding::ok(TOPIC, "the account logs in"));
    }
    findings.push(collections(&client, &config.telemetry.pocketbase_logging.collection).await);
    if pocketbase.allowed_roots.is_empty() && pocketbase.config_source != ConfigSource::Local {
        findings.push(
            Finding::warning(TOPIC, "`allowed_roots` is empty")
                .because("no job of PocketBase may read or write anything")
                .mend("name the directories in [pocketbase] allowed_roots"),
        );
    }
    findings
}

fn impatient(options: Options) -> Result<Client, Error> {
    let options = Options {
        timeout: options.timeout.min(PATIENCE),
        retry: Retry {
            repeats: 0,
            ..options.retry
        },
        ..options
    };
    Ok(Client::new(options)?)
}

fn unreachable_server(place: &str, error: &Server) -> Finding {
    let finding = Finding::problem(TOPIC, format!("{place}: {error}"));
    match error {
        Server::Rejected { .. } => finding.mend("check `url` in [pocketbase]"),
        _ => finding
            .because("jobs of PocketBase are those of the last copy, runs and logs wait here")
            .mend("start PocketBase, or check `url` in [pocketbase]"),
    }
}

fn login(error: &Server) -> Finding {
    match error {
        Server::Unauthenticated { .. } => Finding::problem(TOPIC, error)
            .login("check `admin_email`, `password_file` and `auth_collection` in [pocketbase]"),
        _ => Finding::problem(TOPIC, error),
    }
}

/// Looks for each collection by a list of none of its records.
async fn collections(client: &Client, logs: &str) -> Finding {
    let none = List::first(1, Filter::default(), "id");
    let mut missing = Vec::new();
    for spec in schema::collections(logs) {
        match client.list(&spec.name, &none).await {
            Ok(_) => {}
            Err(Server::NotFound { .. }) => missing.push(spec.name),
            Err(error) => {
                return Finding::problem(TOPIC, &error)
                    .mend("give the account rules for this collection, or use a superuser");
            }
        }
    }
    if missing.is_empty() {
        return Finding::ok(TOPIC, "the collections are there");
    }
    Finding::problem(
        TOPIC,
        format!("collections are missing: {}", missing.join(", ")),
    )
    .mend("syft-sync pb init")
}
