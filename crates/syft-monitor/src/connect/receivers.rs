//! Receivers of mails and events that are not Google's.

use std::{path::PathBuf, sync::Arc};

use syft_transport::{
    Error, Mailer, Result, Smtp, Webhook,
    http::{Client, Options, Proxies},
    smtp, webhook,
};

use crate::{
    config::{Config, Encryption, WebhookConfig, WebhookFormat},
    event::Template,
};

/// A receiver besides the mail service.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Its name in the config, by which the ledger knows it.
    pub name: String,
    /// What a person is told about where it is.
    pub place: String,
    /// What calls it.
    pub mailer: Arc<dyn Mailer>,
    /// The templates whose events it hears of.
    pub events: Vec<Template>,
}

/// Returns the mail server of the config, if there is one; nothing is connected yet.
///
/// # Errors
/// [`Error::BadFile`] and [`Error::Local`] where the password's file cannot be used.
pub fn smtp(config: &Config, extra_ca: Option<PathBuf>) -> Result<Option<Smtp>> {
    let Some(server) = &config.smtp else {
        return Ok(None);
    };
    let login = server.login.as_ref().map(|login| smtp::Login {
        username: login.username.clone(),
        password_file: login.password_file.clone(),
    });
    let host = server.host.trim_start_matches('[').trim_end_matches(']');
    let server_and_way = smtp::Server {
        host: host.to_owned(),
        port: server.port,
        encryption: match server.encryption {
            Encryption::StartTls => smtp::Encryption::StartTls,
            Encryption::Tls => smtp::Encryption::Tls,
            Encryption::None => smtp::Encryption::None,
        },
        login,
        extra_roots: extra_ca.into_iter().collect(),
        patience: smtp::Patience::default(),
    };
    Smtp::new(server_and_way, server.from.clone()).map(Some)
}

/// Returns the mail server after a first connection, so that a wrong password shows at once.
pub(super) async fn greeted(
    config: &Config,
    extra_ca: Option<PathBuf>,
    notes: &mut Vec<String>,
) -> Result<Smtp> {
    let smtp = smtp(config, extra_ca)?.ok_or_else(|| Error::BadFile {
        path: config.file.clone(),
        reason: "it has no section `smtp`".to_owned(),
    })?;
    match smtp.check().await {
        Ok(()) => {}
        Err(error) if error.is_transient() => notes.push(format!("{error}; mails wait for it")),
        Err(error) => return Err(error),
    }
    Ok(smtp)
}

/// Returns the webhooks of the config; nothing is connected yet.
///
/// # Errors
/// [`Error::BadFile`] and [`Error::Local`] where the file of a key or of `extra_ca` cannot be
/// used.
pub fn sinks(config: &Config, extra_ca: Option<PathBuf>) -> Result<Vec<Sink>> {
    let mut clients = Clients {
        extra_ca,
        here: None,
        elsewhere: None,
    };
    config
        .webhooks
        .iter()
        .map(|hook| {
            let webhook = Webhook::new(clients.client(hook)?, options(hook))?;
            Ok(Sink {
                name: hook.name.clone(),
                place: webhook.place().to_owned(),
                mailer: Arc::new(webhook),
                events: hook.events.clone(),
            })
        })
        .collect()
}

fn options(hook: &WebhookConfig) -> webhook::Options {
    webhook::Options {
        name: hook.name.clone(),
        url: hook.url.clone(),
        format: match hook.format {
            WebhookFormat::Json => webhook::Format::Json,
            WebhookFormat::Slack => webhook::Format::Slack,
            WebhookFormat::Ntfy => webhook::Format::Ntfy,
        },
        secret_file: hook.secret_file.clone(),
    }
}

/// The connections of all webhooks: those on this machine are not called through a proxy.
struct Clients {
    extra_ca: Option<PathBuf>,
    here: Option<Client>,
    elsewhere: Option<Client>,
}

impl Clients {
    fn client(&mut self, hook: &WebhookConfig) -> Result<Client> {
        let (slot, proxies) = if webhook::is_loopback(&hook.url) {
            (&mut self.here, Proxies::Never)
        } else {
            (&mut self.elsewhere, Proxies::System)
        };
        if let Some(client) = slot {
            return Ok(client.clone());
        }
        let client = Client::new(Options {
            extra_roots: self.extra_ca.clone().into_iter().collect(),
            proxies,
            ..Options::default()
        })?;
        Ok(slot.insert(client).clone())
    }
}
