//! `daemon.yaml`: the keys of the Python program and ours.

mod check;
mod delivery;
mod import;
mod keys;
mod raw;
mod senders;

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use chrono_tz::Tz;
use syft_state::Email;

use crate::quiet::QuietHours;

pub use delivery::{
    Encryption, LogConfig, LogFormat, LogLevel, MailBy, SmtpConfig, SmtpLogin, WebhookConfig,
    WebhookFormat,
};
pub use import::{Imported, import};
pub use keys::{KEYS, SECTIONS};

/// A config file larger than this is not one.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// The directories of the person who runs the program, which libraries do not look up.
#[derive(Clone, Debug)]
pub struct Locations {
    /// The home directory, for `~`.
    pub home: PathBuf,
    /// Where the files are whose place the config does not name, as `~/.syft-creds`.
    pub creds_dir: PathBuf,
}

/// Where jobs and mails travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Google Drive and Gmail.
    Google,
    /// A directory that several accounts of this machine or network share.
    Local(PathBuf),
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Google => f.write_str("google"),
            Self::Local(hub) => write!(f, "local:{}", hub.display()),
        }
    }
}

impl FromStr for Backend {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "google" => Ok(Self::Google),
            Some(("local", hub)) if !hub.is_empty() => Ok(Self::Local(hub.into())),
            _ => Err("it must be `google` or `local:` followed by a directory"),
        }
    }
}

/// A checked configuration: every path is absolute, every default filled in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The file that it came from.
    pub file: PathBuf,
    /// The data owner.
    pub do_email: Email,
    /// The SyftBox, which holds a folder named like the data owner.
    pub syftbox_root: PathBuf,
    /// Where jobs and mails travel.
    pub backend: Backend,
    /// The OAuth client, for logging in again.
    pub credentials_path: PathBuf,
    /// The Drive token; without one only the local SyftBox is watched.
    pub drive_token_path: Option<PathBuf>,
    /// The Gmail token.
    pub gmail_token_path: PathBuf,
    /// The notification ledger.
    pub state_path: PathBuf,
    /// The shortest time between two looks.
    pub interval: Duration,
    /// The longest time between two looks when all is quiet.
    pub interval_max: Duration,
    /// The time between two looks at everything.
    pub reconcile_interval: Duration,
    /// Mail about what is there at the first look.
    pub notify_existing: bool,
    /// Templates of the user's own.
    pub templates_dir: Option<PathBuf>,
    /// Another server that speaks Google's protocols, as the emulator's `http://127.0.0.1:8377`.
    pub google_endpoint: Option<String>,
    /// The most that may be spent, in Google's quota units.
    pub quota: Quota,
    /// Who carries the mails.
    pub mail: MailBy,
    /// The mail server; it is there whenever `mail` is [`MailBy::Smtp`].
    pub smtp: Option<SmtpConfig>,
    /// Further receivers of events.
    pub webhooks: Vec<WebhookConfig>,
    /// How long mails to the data owner are collected to become one mail.
    pub digest: Option<Duration>,
    /// When no mail goes to the data owner.
    pub quiet_hours: Option<QuietHours>,
    /// The time between two mails to the data owner that all is well.
    pub heartbeat: Option<Duration>,
    /// The time zone of quiet hours and digests; the machine's without it.
    pub time_zone: Option<Tz>,
    /// What is logged, how and where.
    pub log: LogConfig,
    /// The address for health and metrics, on this machine alone.
    pub http: Option<SocketAddr>,
    /// Keys that mean nothing here, each with the key that may have been meant.
    pub unknown_keys: Vec<UnknownKey>,
}

/// Limits in Google's quota units; `None` is Google's own limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// The most in a minute for Drive, where one look costs 100 units.
    pub units_per_minute: Option<u32>,
    /// The most in a day.
    pub units_per_day: Option<u32>,
    /// The most in a minute for Gmail, where one mail costs about 110 units.
    pub gmail_units_per_minute: Option<u32>,
}

/// A key that means nothing here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// The key, with the keys above it.
    pub key: String,
    /// The key that may have been meant.
    pub suggestion: Option<&'static str>,
}

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key `{}` means nothing here", self.key)?;
        self.suggestion
            .map_or(Ok(()), |key| write!(f, "; is it `{key}`?"))
    }
}

/// Says what is wrong with a config file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is none.
    #[error("there is no config file {}: run `syft-notify init` to make one", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read the config file {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is not YAML, or a value has the wrong type.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The key, line and column, and what was expected.
        reason: String,
    },
    /// A value makes no sense.
    #[error("{}: `{key}` {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
}

impl Config {
    /// Reads and checks a config file.
    ///
    /// # Errors
    /// [`ConfigError`], which names the file, the key and, for a wrong type, the line.
    pub fn load(path: &Path, locations: &Locations) -> Result<Self, ConfigError> {
        let text = read(path)?;
        Self::parse(&text, path, locations)
    }

    /// Checks the text of a config file; relative paths in it are relative to the file.
    ///
    /// # Errors
    /// [`ConfigError`], as [`Self::load`].
    pub fn parse(text: &str, path: &Path, locations: &Locations) -> Result<Self, ConfigError> {
        let (raw, unknown_keys) = raw::parse(text, path)?;
        raw.check(path, locations, unknown_keys)
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ConfigError::Missing {
            path: path.to_owned(),
        },
        _ => unreadable(error.to_string()),
    })?;
    if !metadata.is_file() || metadata.len() > SIZE_LIMIT {
        return Err(unreadable("it is not a file of at most 1 MiB".to_owned()));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))
}

/// Returns `path` with `~` replaced and made absolute below `base`.
pub(crate) fn expand(path: &str, home: &Path, base: &Path) -> Result<PathBuf, &'static str> {
    if path.is_empty() || path.contains('\0') {
        return Err("is not a path");
    }
    match path.strip_prefix('~') {
        Some("") => Ok(home.to_owned()),
        Some(rest) if rest.starts_with('/') => Ok(home.join(&rest[1..])),
        Some(_) => Err("names another user's home by `~name`: write that path in full"),
        None => Ok(base.join(path)),
    }
}

#[cfg(test)]
mod tests;
