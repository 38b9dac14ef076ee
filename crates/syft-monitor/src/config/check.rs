//! Checks of single values, each with a reason that says what would be right.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono_tz::{TZ_VARIANTS, Tz};
use url::{Host, Url};

use super::{
    Backend, ConfigError, Locations, Quota, delivery::Word, expand, keys::most_similar,
    raw::RawQuota,
};

const DAY: u64 = 24 * 60 * 60;
const LONGEST_WAIT: u64 = 30 * DAY;

pub(super) struct Check<'a> {
    pub(super) path: &'a Path,
    pub(super) locations: &'a Locations,
}

impl Check<'_> {
    pub(super) fn invalid(&self, key: &'static str, reason: impl ToString) -> ConfigError {
        ConfigError::Invalid {
            path: self.path.to_owned(),
            key,
            reason: reason.to_string(),
        }
    }

    pub(super) fn required(
        &self,
        key: &'static str,
        value: Option<String>,
    ) -> Result<String, ConfigError> {
        let value = value.filter(|value| !value.trim().is_empty());
        value.ok_or_else(|| self.invalid(key, "is missing: run `syft-notify init`, or add it"))
    }

    pub(super) fn path(
        &self,
        key: &'static str,
        value: Option<String>,
    ) -> Result<Option<PathBuf>, ConfigError> {
        let base = self.path.parent().unwrap_or(Path::new("/"));
        value
            .map(|value| expand(&value, &self.locations.home, base))
            .transpose()
            .map_err(|reason| self.invalid(key, reason))
    }

    /// Returns a time between one second and 30 days.
    pub(super) fn seconds(
        &self,
        key: &'static str,
        value: Option<f64>,
    ) -> Result<Option<Duration>, ConfigError> {
        let range = (1, LONGEST_WAIT, "between 1 second and 30 days");
        self.time(key, value, range)
    }

    /// Returns a time that is short enough for every mail of it to be tried again for days.
    pub(super) fn digest(&self, value: Option<f64>) -> Result<Option<Duration>, ConfigError> {
        self.time("digest", value, (1, DAY, "between 1 second and a day"))
    }

    /// Returns a time that does not fill anybody's mailbox.
    pub(super) fn heartbeat(&self, value: Option<f64>) -> Result<Option<Duration>, ConfigError> {
        let range = (60, LONGEST_WAIT, "between a minute and 30 days");
        self.time("heartbeat", value, range)
    }

    fn time(
        &self,
        key: &'static str,
        value: Option<f64>,
        (least, most, range): (u64, u64, &str),
    ) -> Result<Option<Duration>, ConfigError> {
        let Some(seconds) = value else {
            return Ok(None);
        };
        let limits = Duration::from_secs(least)..=Duration::from_secs(most);
        let time = Duration::try_from_secs_f64(seconds).ok();
        match time.filter(|time| limits.contains(time)) {
            Some(time) => Ok(Some(time)),
            None => Err(self.invalid(key, format!("must be {range}, in seconds"))),
        }
    }

    pub(super) fn word<W: Word>(
        &self,
        key: &'static str,
        value: Option<&str>,
    ) -> Result<Option<W>, ConfigError> {
        let Some(text) = value else { return Ok(None) };
        if let Some((_, word)) = W::ALL.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*word));
        }
        let words: Vec<&str> = W::ALL.iter().map(|(word, _)| *word).collect();
        let list = words.join(", ");
        Err(self.invalid(key, format!("must be one of {list}{}", meant(text, words))))
    }

    pub(super) fn zone(&self, value: Option<String>) -> Result<Option<Tz>, ConfigError> {
        let Some(name) = value else { return Ok(None) };
        name.parse().map(Some).map_err(|_| {
            let names = TZ_VARIANTS.iter().map(|zone| zone.name());
            let reason = format!(
                "must be the name of a time zone, as `Europe/Berlin`{}",
                meant(&name, names)
            );
            self.invalid("time_zone", reason)
        })
    }

    pub(super) fn backend(&self, value: Option<String>) -> Result<Backend, ConfigError> {
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
    pub(super) fn endpoint(&self, value: Option<String>) -> Result<Option<String>, ConfigError> {
        let Some(text) = value else { return Ok(None) };
        self.safe_url("google_endpoint", &text)?;
        Ok(Some(text))
    }

    pub(super) fn safe_url(&self, key: &'static str, text: &str) -> Result<Url, ConfigError> {
        let url = Url::parse(text).map_err(|error| self.invalid(key, error))?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if url.host().is_some_and(|host| is_this_machine(&host)) => Ok(url),
            _ => Err(self.invalid(key, "must be https, or http on this machine")),
        }
    }

    /// Whoever reaches the address reads who works with whom, so it stays on this machine.
    pub(super) fn http(&self, value: Option<&str>) -> Result<Option<SocketAddr>, ConfigError> {
        let Some(text) = value else { return Ok(None) };
        let text = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        let address: SocketAddr = text.parse().map_err(|_| {
            self.invalid("http", "must be an address with a port, as 127.0.0.1:9461")
        })?;
        if !address.ip().is_loopback() {
            return Err(self.invalid(
                "http",
                "must be an address of this machine alone, as 127.0.0.1:9461",
            ));
        }
        Ok(Some(address))
    }

    pub(super) fn quota(&self, value: Option<RawQuota>) -> Result<Quota, ConfigError> {
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

pub(super) fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}

/// Returns the end of a sentence that names the most similar word, if there is one.
pub(super) fn meant<'a>(text: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    most_similar(text, words).map_or_else(String::new, |word| format!("; is it `{word}`?"))
}
