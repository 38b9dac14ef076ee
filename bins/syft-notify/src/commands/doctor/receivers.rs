//! Whether the mail server and the webhooks can be reached; nothing is sent to them.

use std::{future::Future, time::Duration};

use futures_util::future::join_all;
use syft_monitor::{
    config::{Config, MailBy, SmtpConfig, WebhookConfig},
    connect,
};
use syft_transport::{Error, webhook};

use super::{finding::Finding, google};
use crate::{exit::chain, session};

const TOPIC: &str = "receivers";
/// No receiver takes longer, or it cannot be reached.
const PATIENCE: Duration = Duration::from_secs(5);

/// A receiver and what became of connecting to it.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// As `the mail server` or `webhook ops`.
    pub(super) name: String,
    /// Its address without secrets.
    pub(super) place: String,
    pub(super) tried: Tried,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tried {
    NotAsked,
    Reached,
    /// Its password or key was not accepted, or cannot be used.
    Refused(String),
    Failed(String),
}

/// Connects to the receivers of a config, or only names them where nobody is to be asked.
pub(super) async fn gather(config: &Config, is_asked: bool) -> Vec<Facts> {
    let mail = async {
        match &config.smtp {
            Some(smtp) if config.mail == MailBy::Smtp => {
                vec![server(config, smtp, is_asked).await]
            }
            _ => Vec::new(),
        }
    };
    let webhooks = config.webhooks.iter();
    let webhooks = join_all(webhooks.map(|webhook| called(webhook, is_asked)));
    let (mail, webhooks) = tokio::join!(mail, webhooks);
    [mail, webhooks].concat()
}

async fn server(config: &Config, server: &SmtpConfig, is_asked: bool) -> Facts {
    let tried = if is_asked {
        log_in(config).await
    } else {
        Tried::NotAsked
    };
    Facts {
        name: "the mail server".to_owned(),
        place: format!("{}:{}", server.host, server.port),
        tried,
    }
}

async fn log_in(config: &Config) -> Tried {
    match connect::smtp(config, session::extra_ca()) {
        Ok(Some(smtp)) => within_patience(smtp.check()).await,
        Ok(None) => Tried::NotAsked,
        Err(error) => Tried::Refused(chain(&error)),
    }
}

/// The address itself may be a secret and start something; the server's front door does not.
async fn called(config: &WebhookConfig, is_asked: bool) -> Facts {
    let mut front = config.url.clone();
    front.set_path("/");
    front.set_query(None);
    front.set_fragment(None);
    let is_here = webhook::is_loopback(&front);
    let tried = match google::client(is_here, session::extra_ca()) {
        _ if !is_asked => Tried::NotAsked,
        Ok(client) => within_patience(client.server_time(&front)).await,
        Err(error) => Tried::Failed(chain(&error)),
    };
    Facts {
        name: format!("webhook {}", config.name),
        place: config.origin(),
        tried,
    }
}

async fn within_patience<T>(call: impl Future<Output = Result<T, Error>>) -> Tried {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(Ok(_)) => Tried::Reached,
        Ok(Err(error)) if error.is_transient() => Tried::Failed(error.to_string()),
        Ok(Err(error)) => Tried::Refused(chain(&error)),
        Err(_) => Tried::Failed(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

pub(super) fn findings(receivers: &[Facts]) -> Vec<Finding> {
    receivers.iter().map(finding).collect()
}

fn finding(facts: &Facts) -> Finding {
    let Facts { name, place, tried } = facts;
    match tried {
        Tried::NotAsked => Finding::ok(TOPIC, format!("{name} is {place}; it was not tried out")),
        Tried::Reached => Finding::ok(TOPIC, format!("{name} {place} can be reached")),
        Tried::Refused(reason) => Finding::problem(TOPIC, format!("{name} {place} refuses us"))
            .because(reason)
            .mend("correct its section in the config, then syft-notify test-email"),
        Tried::Failed(reason) => Finding::problem(
            TOPIC,
            format!("{name} {place} cannot be reached"),
        )
        .because(reason)
        .mend("correct its address in the config, or the way to it; what is meant for it waits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::finding::lines;

    #[track_caller]
    fn check(tried: Tried, expected: &str) {
        let facts = Facts {
            name: "webhook ops".to_owned(),
            place: "https://x.org".to_owned(),
            tried,
        };
        assert_eq!(lines(&findings(&[facts])), [expected]);
    }

    #[test]
    fn receivers() {
        check(
            Tried::NotAsked,
            "✅ webhook ops is https://x.org; it was not tried out",
        );
        check(
            Tried::Reached,
            "✅ webhook ops https://x.org can be reached",
        );
        check(
            Tried::Refused("535 wrong\npassword".to_owned()),
            "❌ webhook ops https://x.org refuses us — 535 wrong password — correct its section in \
             the config, then syft-notify test-email",
        );
        check(
            Tried::Failed("the connection failed".to_owned()),
            "❌ webhook ops https://x.org cannot be reached — the connection failed — correct its \
             address in the config, or the way to it; what is meant for it waits",
        );
    }
}
