//! A config that is to be in force, with everything that it names.

use std::time::Duration;

use syft_monitor::{Builder, Error, config::Config, connect::Links};

use super::page::{Change, Page};
use crate::{
    commands::status,
    exit::{Exit, Failure, Outcome},
    session,
};

/// A reload has failed when the new config does not connect by then.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);

/// A config with everything that it names.
pub(super) struct Fresh {
    pub(super) config: Config,
    pub(super) builder: Builder,
    pub(super) links: Links,
    pub(super) page: Change,
}

/// Opens everything that a new config names.
pub(super) async fn open(config: Config, page: &Page) -> Outcome<Fresh> {
    let page = page.change(&config).await?;
    let connecting = tokio::time::timeout(CONNECT_LIMIT, session::connect(&config));
    let (builder, links) = connecting.await.unwrap_or_else(|_| Err(too_slow()))?;
    Ok(Fresh {
        config,
        builder,
        links,
        page,
    })
}

fn too_slow() -> Failure {
    Failure::new(
        Exit::Unavailable,
        format!(
            "what the config names did not answer within {} s",
            CONNECT_LIMIT.as_secs()
        ),
    )
}

/// Returns why a running monitor cannot change from one config to another.
pub(super) fn can_follow(before: &Config, after: &Config) -> Outcome {
    let key = if before.state_path != after.state_path {
        "state_path"
    } else if before.do_email != after.do_email {
        "do_email"
    } else {
        return Ok(());
    };
    Err(Failure::error(format!(
        "{}: a change of `{key}` needs a restart",
        after.file.display()
    ))
    .hint("syft-notify restart"))
}

/// What is logged elsewhere, or in another form, is so from the next start on.
pub(super) fn remark_log(before: &Config, after: &Config) {
    if before.log != after.log {
        tracing::warn!("⚠️  the change of `log` takes effect at the next restart");
    }
}

/// Fails where the record of mails is damaged, or is that of another account.
pub(super) fn check_record(config: &Config) -> Outcome {
    let state = status::state(config)?;
    match state.as_ref().and_then(|state| state.own().account.clone()) {
        Some(found) if found != config.do_email => Err(Error::OtherAccount {
            path: config.state_path.clone(),
            found,
            expected: config.do_email.clone(),
        }
        .into()),
        _ => Ok(()),
    }
}
