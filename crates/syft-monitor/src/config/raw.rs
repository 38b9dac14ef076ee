//! The file as it is written: every key optional, so that each can be complained about by name.

use std::{
    path::{Component, Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Backend, Config, ConfigError, Locations, LogConfig, LogFormat, LogLevel, MailBy, UnknownKey,
    check::Check, keys,
};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Raw {
    do_email: Option<String>,
    syftbox_root: Option<String>,
    backend: Option<String>,
    drive_token_path: Option<String>,
    gmail_token_path: Option<String>,
    credentials_path: Option<String>,
    state_path: Option<String>,
    interval: Option<f64>,
    interval_max: Option<f64>,
    reconcile_interval: Option<f64>,
    notify_existing: Option<bool>,
    templates_dir: Option<String>,
    google_endpoint: Option<String>,
    quota: Option<RawQuota>,
    mail: Option<String>,
    smtp: Option<RawSmtp>,
    webhooks: Option<Vec<RawWebhook>>,
    digest: Option<f64>,
    quiet_hours: Option<String>,
    heartbeat: Option<f64>,
    time_zone: Option<String>,
    log: Option<RawLog>,
    http: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct RawQuota {
    pub(super) units_per_minute: Option<u32>,
    pub(super) units_per_day: Option<u32>,
    pub(super) gmail_units_per_minute: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawSmtp {
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) encryption: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password_file: Option<String>,
    pub(super) from: Option<String>,
    /// Recognised to be refused.
    pub(super) password: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawWebhook {
    pub(super) name: Option<String>,
    pub(super) url: Option<String>,
    pub(super) events: Option<Vec<String>>,
    pub(super) secret_file: Option<String>,
    pub(super) format: Option<String>,
    /// Recognised to be refused.
    pub(super) secret: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
struct RawLog {
    format: Option<String>,
    level: Option<String>,
    path: Option<String>,
}

pub(super) fn parse(text: &str, path: &Path) -> Result<(Raw, Vec<UnknownKey>), ConfigError> {
    let malformed = |reason: String| ConfigError::Malformed {
        path: path.to_owned(),
        reason,
    };
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    if text.lines().all(is_blank) {
        return Err(malformed(
            "the file is empty: run `syft-notify init` to fill it".to_owned(),
        ));
    }
    let mut unknown = Vec::new();
    let raw = serde_ignored::deserialize(serde_yaml::Deserializer::from_str(text), |key| {
        unknown.extend(keys::explain(&key.to_string()));
    })
    .map_err(|error: serde_yaml::Error| malformed(in_words(&error.to_string())))?;
    Ok((raw, unknown))
}

/// Names types as people do, and leaves out values that may be secret.
fn in_words(message: &str) -> String {
    let may_be_secret = message.starts_with("smtp") || message.starts_with("webhooks");
    let message = match (message.find("string \""), message.rfind("\", expected")) {
        (Some(begin), Some(end)) if may_be_secret => {
            format!("{}a text{}", &message[..begin], &message[end + 1..])
        }
        _ => message.to_owned(),
    };
    message
        .replace("expected f64", "expected a number")
        .replace("expected u16", "expected a whole number")
        .replace("expected u32", "expected a whole number")
        .replace("expected a boolean", "expected true or false")
        .replace("expected a string", "expected a text")
        .replace("expected a sequence", "expected a list")
        .replace("struct RawQuota", "keys with their values")
        .replace("struct RawSmtp", "keys with their values")
        .replace("struct RawWebhook", "keys with their values")
        .replace("struct RawLog", "keys with their values")
        .replace("struct Raw", "keys with their values")
}

impl Raw {
    pub(super) fn check(
        self,
        path: &Path,
        locations: &Locations,
        unknown_keys: Vec<UnknownKey>,
    ) -> Result<Config, ConfigError> {
        let check = Check { path, locations };
        let creds = &locations.creds_dir;
        let do_email = check.required("do_email", self.do_email)?;
        let do_email = do_email
            .parse()
            .map_err(|error| check.invalid("do_email", error))?;
        let syftbox_root = check.required("syftbox_root", self.syftbox_root)?;
        let interval = check
            .seconds("interval", self.interval)?
            .unwrap_or(Duration::from_secs(30));
        let interval_max = check
            .seconds("interval_max", self.interval_max)?
            .unwrap_or(interval);
        if interval_max < interval {
            return Err(check.invalid("interval_max", "must not be shorter than `interval`"));
        }
        let backend = check.backend(self.backend)?;
        let state_path = check
            .path("state_path", self.state_path)?
            .unwrap_or_else(|| creds.join("notification_state.json"));
        let smtp = self
            .smtp
            .map(|smtp| check.smtp(smtp, &do_email))
            .transpose()?;
        let mail = check.mail(self.mail.as_deref(), &backend, smtp.is_some())?;
        let hours = self.quiet_hours.map(|hours| hours.parse()).transpose();
        Ok(Config {
            file: path.to_owned(),
            syftbox_root: check
                .path("syftbox_root", Some(syftbox_root))?
                .unwrap_or_default(),
            credentials_path: check
                .path("credentials_path", self.credentials_path)?
                .unwrap_or_else(|| creds.join("credentials.json")),
            drive_token_path: check.path("drive_token_path", self.drive_token_path)?,
            gmail_token_path: check
                .path("gmail_token_path", self.gmail_token_path)?
                .unwrap_or_else(|| creds.join("gmail_token.json")),
            interval,
            interval_max,
            reconcile_interval: check
                .seconds("reconcile_interval", self.reconcile_interval)?
                .unwrap_or(Duration::from_secs(600)),
            notify_existing: self.notify_existing.unwrap_or(false),
            templates_dir: check.path("templates_dir", self.templates_dir)?,
            google_endpoint: check.endpoint(self.google_endpoint)?,
            quota: check.quota(self.quota)?,
            mail,
            smtp,
            webhooks: check.webhooks(self.webhooks.unwrap_or_default())?,
            digest: check.digest(self.digest)?,
            quiet_hours: hours.map_err(|reason| check.invalid("quiet_hours", reason))?,
            heartbeat: check.heartbeat(self.heartbeat)?,
            time_zone: check.zone(self.time_zone)?,
            log: check.log(self.log.unwrap_or_default(), &state_path)?,
            http: check.http(self.http.as_deref())?,
            do_email,
            backend,
            state_path,
            unknown_keys,
        })
    }
}

impl Check<'_> {
    fn mail(
        &self,
        value: Option<&str>,
        backend: &Backend,
        has_smtp: bool,
    ) -> Result<MailBy, ConfigError> {
        let by_default = match backend {
            _ if has_smtp => MailBy::Smtp,
            Backend::Google => MailBy::Gmail,
            Backend::Local(_) => MailBy::Local,
        };
        let mail = self.word("mail", value)?.unwrap_or(by_default);
        match (mail, backend) {
            (MailBy::Smtp, _) if !has_smtp => {
                Err(self.invalid("mail", "is smtp: name the server in the section `smtp`"))
            }
            (MailBy::Local, Backend::Google) => {
                Err(self.invalid("mail", "can be local only with `backend: local:DIR`"))
            }
            (mail, _) => Ok(mail),
        }
    }

    fn log(&self, raw: RawLog, state_path: &Path) -> Result<LogConfig, ConfigError> {
        let format = self.word("log.format", raw.format.as_deref())?;
        let level = self.word("log.level", raw.level.as_deref())?;
        Ok(LogConfig {
            format: format.unwrap_or(LogFormat::Text),
            level: level.unwrap_or(LogLevel::Info),
            path: self.path("log.path", raw.path)?.map_or_else(
                || state_path.with_file_name("syft-notify.log"),
                |path| without_detours(&path),
            ),
        })
    }
}

/// Returns a path without `.` and `..`, as people read it in messages and reports.
fn without_detours(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                straight.pop();
            }
            part => straight.push(part),
        }
    }
    straight
}
