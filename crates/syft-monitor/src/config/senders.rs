//! Checks of the sections that name receivers: a mail server and webhooks.

use std::collections::BTreeSet;

use syft_state::Email;
use url::Host;

use super::{
    ConfigError, Encryption, SmtpConfig, SmtpLogin, WebhookConfig, WebhookFormat,
    check::{Check, is_this_machine, meant},
    raw::{RawSmtp, RawWebhook},
};
use crate::event::Template;

const MAX_WEBHOOKS: usize = 32;
const MAX_NAME: usize = 32;

impl Check<'_> {
    pub(super) fn smtp(&self, raw: RawSmtp, me: &Email) -> Result<SmtpConfig, ConfigError> {
        if raw.password.is_some() {
            return Err(self.invalid(
                "smtp.password",
                "must not be in this file: put the password alone into another one, \
                 chmod 600 it, and name it by `password_file`",
            ));
        }
        let host = self.required("smtp.host", raw.host)?;
        let is_local = match Host::parse(&host) {
            Ok(Host::Domain(name)) => is_this_machine(&Host::Domain(&name)),
            Ok(Host::Ipv4(address)) => address.is_loopback(),
            Ok(Host::Ipv6(address)) => address.is_loopback(),
            Err(_) => {
                return Err(self.invalid(
                    "smtp.host",
                    "must be the name of a server alone, as smtp.example.org",
                ));
            }
        };
        let encryption = self
            .word("smtp.encryption", raw.encryption.as_deref())?
            .unwrap_or(Encryption::StartTls);
        if encryption == Encryption::None && !is_local {
            return Err(self.invalid(
                "smtp.encryption",
                "can be none only for a server on this machine",
            ));
        }
        let password_file = self.path("smtp.password_file", raw.password_file)?;
        let login = match (raw.username, password_file) {
            (None, None) => None,
            (Some(_), Some(_)) if encryption == Encryption::None => {
                return Err(self.invalid("smtp.username", "wants `encryption`: starttls or tls"));
            }
            (Some(username), Some(password_file)) => Some(SmtpLogin {
                username: self.plain("smtp.username", username)?,
                password_file,
            }),
            (Some(_), None) => {
                return Err(self.invalid("smtp.username", "wants a `password_file`, too"));
            }
            (None, Some(_)) => {
                return Err(self.invalid("smtp.password_file", "wants a `username`, too"));
            }
        };
        let from = raw.from.map(|from| from.parse()).transpose();
        let from = from.map_err(|error| self.invalid("smtp.from", error))?;
        Ok(SmtpConfig {
            port: match raw.port {
                Some(0) => return Err(self.invalid("smtp.port", "must not be 0")),
                Some(port) => port,
                None => match encryption {
                    Encryption::StartTls => 587,
                    Encryption::Tls => 465,
                    Encryption::None => 25,
                },
            },
            host,
            encryption,
            login,
            from: from.unwrap_or_else(|| me.clone()),
        })
    }

    pub(super) fn webhooks(&self, raw: Vec<RawWebhook>) -> Result<Vec<WebhookConfig>, ConfigError> {
        if raw.len() > MAX_WEBHOOKS {
            return Err(self.invalid("webhooks", format!("can be {MAX_WEBHOOKS} at most")));
        }
        let hooks: Result<Vec<_>, _> = raw
            .into_iter()
            .enumerate()
            .map(|(index, raw)| self.webhook(raw, index + 1))
            .collect();
        let hooks = hooks?;
        let mut names = BTreeSet::new();
        match hooks.iter().find(|hook| !names.insert(&hook.name)) {
            Some(twice) => Err(self.invalid(
                "webhooks.name",
                format!("must differ, and two are called {}", twice.name),
            )),
            None => Ok(hooks),
        }
    }

    fn webhook(&self, raw: RawWebhook, number: usize) -> Result<WebhookConfig, ConfigError> {
        let name = raw.name.unwrap_or_else(|| format!("hook-{number}"));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(is_plain) || name == "mail" {
            return Err(self.invalid(
                "webhooks.name",
                format!("must be letters, digits and -, at most {MAX_NAME}, and not `mail`"),
            ));
        }
        if raw.secret.is_some() {
            return Err(self.invalid(
                "webhooks.secret",
                "must not be in this file: put it alone into another one, chmod 600 it, and \
                 name it by `secret_file`",
            ));
        }
        let url = self.required("webhooks.url", raw.url)?;
        let url = self.safe_url("webhooks.url", &url)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self.invalid("webhooks.url", "must not hold a user name or password"));
        }
        let format = self.word("webhooks.format", raw.format.as_deref())?;
        Ok(WebhookConfig {
            name,
            url,
            events: self.events(raw.events)?,
            secret_file: self.path("webhooks.secret_file", raw.secret_file)?,
            format: format.unwrap_or(WebhookFormat::Json),
        })
    }

    fn events(&self, names: Option<Vec<String>>) -> Result<Vec<Template>, ConfigError> {
        let known: Vec<Template> = Template::EVENTS.to_vec();
        let Some(names) = names else { return Ok(known) };
        let mut events = BTreeSet::new();
        for name in names {
            let event = known.iter().find(|template| template.name() == name);
            events.insert(*event.ok_or_else(|| {
                let words: Vec<&str> = known.iter().map(|template| template.name()).collect();
                let list = words.join(", ");
                let reason = format!("must be some of {list}{}", meant(&name, words));
                self.invalid("webhooks.events", reason)
            })?);
        }
        if events.is_empty() {
            return Err(self.invalid("webhooks.events", "names none: leave it out to mean all"));
        }
        Ok(events.into_iter().collect())
    }

    fn plain(&self, key: &'static str, text: String) -> Result<String, ConfigError> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(self.invalid(key, "must be one line of text"));
        }
        Ok(text)
    }
}
