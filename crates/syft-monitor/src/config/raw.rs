//! The file as it is written: every key optional, so that each can be complained about by name.

use std::{path::Path, time::Duration};

use serde::Deserialize;

use super::{Backend, Config, ConfigError, Locations, Quota, UnknownKey, expand};

/// All keys of `daemon.yaml`, with what they mean, in the order of the documentation.
pub const KEYS: &[(&str, &str)] = &[
    ("do_email", "the data owner's e-mail address (required)"),
    ("syftbox_root", "the SyftBox directory (required)"),
    ("backend", "`google` (default) or `local:DIR`"),
    (
        "drive_token_path",
        "the Google Drive token; without it only the local SyftBox is watched",
    ),
    (
        "gmail_token_path",
        "the Gmail token (default: ~/.syft-creds/gmail_token.json)",
    ),
    (
        "credentials_path",
        "the OAuth client (default: ~/.syft-creds/credentials.json)",
    ),
    (
        "state_path",
        "the notification ledger (default: ~/.syft-creds/notification_state.json)",
    ),
    ("interval", "seconds between two looks (default: 30)"),
    (
        "interval_max",
        "seconds between two looks when all is quiet (default: `interval`)",
    ),
    (
        "reconcile_interval",
        "seconds between two looks at everything (default: 600)",
    ),
    (
        "notify_existing",
        "mail about what is there at the first look (default: false)",
    ),
    (
        "templates_dir",
        "a directory with mail templates of your own",
    ),
    (
        "google_endpoint",
        "another server that speaks Google's protocols",
    ),
    (
        "quota",
        "limits in Google's quota units: `units_per_minute`, `units_per_day`, `gmail_units_per_minute`",
    ),
];

const QUOTA_KEYS: &[&str] = &[
    "units_per_minute",
    "units_per_day",
    "gmail_units_per_minute",
];
/// Toggles that Python's files hold and its daemon ignores, too (T14).
const IGNORED_PREFIX: &str = "notify_on_";
/// A key must be at least this similar to be suggested.
const SIMILARITY: f64 = 0.7;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Raw {
    pub(super) do_email: Option<String>,
    pub(super) syftbox_root: Option<String>,
    pub(super) backend: Option<String>,
    pub(super) drive_token_path: Option<String>,
    pub(super) gmail_token_path: Option<String>,
    pub(super) credentials_path: Option<String>,
    pub(super) state_path: Option<String>,
    pub(super) interval: Option<f64>,
    pub(super) interval_max: Option<f64>,
    pub(super) reconcile_interval: Option<f64>,
    pub(super) notify_existing: Option<bool>,
    pub(super) templates_dir: Option<String>,
    pub(super) google_endpoint: Option<String>,
    #[serde(default)]
    pub(super) quota: Option<RawQuota>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct RawQuota {
    units_per_minute: Option<u32>,
    units_per_day: Option<u32>,
    gmail_units_per_minute: Option<u32>,
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
        // A key below an optional one has a `?` in its path.
        unknown.push(key.to_string().replace(".?", ""));
    })
    .map_err(|error: serde_yaml::Error| malformed(in_words(&error.to_string())))?;
    unknown.retain(|key| !key.starts_with(IGNORED_PREFIX));
    Ok((raw, unknown.into_iter().map(explain).collect()))
}

/// Names types as people do.
fn in_words(message: &str) -> String {
    message
        .replace("expected f64", "expected a number")
        .replace("expected u32", "expected a whole number")
        .replace("expected a boolean", "expected true or false")
        .replace("expected a string", "expected a text")
        .replace("struct RawQuota", "keys with their values")
        .replace("struct Raw", "keys with their values")
}

fn explain(key: String) -> UnknownKey {
    let name = key.rsplit('.').next().unwrap_or(&key);
    let known: Vec<&'static str> = if key.contains('.') {
        QUOTA_KEYS.to_vec()
    } else {
        KEYS.iter().map(|(key, _)| *key).collect()
    };
    let best = known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= SIMILARITY)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    UnknownKey {
        suggestion: best.map(|(_, candidate)| candidate),
        key,
    }
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
        Ok(Config {
            file: path.to_owned(),
            do_email: do_email
                .parse()
                .map_err(|error| check.invalid("do_email", error))?,
            syftbox_root: check
                .path("syftbox_root", Some(syftbox_root))?
                .unwrap_or_default(),
            backend: check.backend(self.backend)?,
            credentials_path: check
                .path("credentials_path", self.credentials_path)?
                .unwrap_or_else(|| creds.join("credentials.json")),
            drive_token_path: check.path("drive_token_path", self.drive_token_path)?,
            gmail_token_path: check
                .path("gmail_token_path", self.gmail_token_path)?
                .unwrap_or_else(|| creds.join("gmail_token.json")),
            state_path: check
                .path("state_path", self.state_path)?
                .unwrap_or_else(|| creds.join("notification_state.json")),
            interval,
            interval_max,
            reconcile_interval: check
                .seconds("reconcile_interval", self.reconcile_interval)?
                .unwrap_or(Duration::from_secs(600)),
            notify_existing: self.notify_existing.unwrap_or(false),
            templates_dir: check.path("templates_dir", self.templates_dir)?,
            google_endpoint: check.endpoint(self.google_endpoint)?,
            quota: check.quota(self.quota)?,
            unknown_keys,
        })
    }
}

struct Check<'a> {
    path: &'a Path,
    locations: &'a Locations,
}

impl Check<'_> {
    fn invalid(&self, key: &'static str, reason: impl ToString) -> ConfigError {
        ConfigError::Invalid {
            path: self.path.to_owned(),
            key,
            reason: reason.to_string(),
        }
    }

    fn required(&self, key: &'static str, value: Option<String>) -> Result<String, ConfigError> {
        let value = value.filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| self.invalid(key, "is missing: run `syft-notify init`, or add it"))
    }

    fn path(
        &self,
        key: &'static str,
        value: Option<String>,
    ) -> Result<Option<std::path::PathBuf>, ConfigError> {
        let base = self.path.parent().unwrap_or(Path::new("/"));
        value
            .map(|value| expand(&value, &self.locations.home, base))
            .transpose()
            .map_err(|reason| self.invalid(key, reason))
    }

    fn seconds(
        &self,
        key: &'static str,
        value: Option<f64>,
    ) -> Result<Option<Duration>, ConfigError> {
        value
            .map(|seconds| {
                let duration = Duration::try_from_secs_f64(seconds).ok();
                duration
                    .filter(|time| (1..=30 * 24 * 3600).contains(&time.as_secs()))
                    .ok_or_else(|| {
                        self.invalid(key, "must be between 1 second and 30 days, in seconds")
                    })
            })
            .transpose()
    }

    fn backend(&self, value: Option<String>) -> Result<Backend, ConfigError> {
        let backend = match value.as_deref() {
            None => Backend::Google,
            Some(text) => text
                .parse()
                .map_err(|reason| self.invalid("backend", reason))?,
        };
        Ok(match backend {
            Backend::Google => Backend::Google,
            Backend::Local(hub) => {
                let hub = hub.to_string_lossy().into_owned();
                Backend::Local(self.path("backend", Some(hub))?.unwrap_or_default())
            }
        })
    }

    /// Tokens travel there, so it must be encrypted or stay on this machine.
    fn endpoint(&self, value: Option<String>) -> Result<Option<String>, ConfigError> {
        let Some(text) = value else { return Ok(None) };
        let url = url::Url::parse(&text).map_err(|error| self.invalid("google_endpoint", error))?;
        let is_loopback = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        match url.scheme() {
            "https" => Ok(Some(text)),
            "http" if is_loopback => Ok(Some(text)),
            _ => Err(self.invalid("google_endpoint", "must be https, or http on this machine")),
        }
    }

    fn quota(&self, value: Option<RawQuota>) -> Result<Quota, ConfigError> {
        let value = value.unwrap_or_default();
        let RawQuota {
            units_per_minute,
            units_per_day,
            gmail_units_per_minute,
        } = value;
        // The dearest single call costs 200 units and must be possible.
        let limits = [units_per_minute, units_per_day, gmail_units_per_minute];
        if limits.into_iter().flatten().any(|units| units < 200) {
            return Err(self.invalid(
                "quota",
                "must allow at least 200 units, the price of one download",
            ));
        }
        Ok(Quota {
            units_per_minute,
            units_per_day,
            gmail_units_per_minute,
        })
    }
}
