//! What the daemon is to do: one TOML file, the environment, the command line and PocketBase, made
//! into one value that is checked as a whole.
//!
//! A key is taken from the first of: command line, environment, file, PocketBase, default (B1).

pub(crate) mod edit;
mod error;
mod finding;
mod layers;
mod machine;
pub(crate) mod migrate;
mod path;
mod place;
mod reach;
mod relations;
mod remote;
mod resolve;
pub(crate) mod schema;
mod search;
mod show;
mod snippet;
mod source;
mod tree;

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use syft_jobs::{Job, trigger::WatcherSpec};
use url::Url;

pub(crate) use error::ConfigError;
pub(crate) use finding::{Finding, Severity};
pub(crate) use layers::Overrides;
pub(crate) use path::Environment;
pub(crate) use remote::RemoteRecords;
pub(crate) use show::{View, quote};
pub(crate) use snippet::Snippet;
pub(crate) use source::{Machine, Sources};

/// Everything that is in force.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file, if there is one; an absolute path.
    pub(crate) file: Option<PathBuf>,
    /// Absent where everything is local.
    pub(crate) pocketbase: Option<PocketBase>,
    pub(crate) daemon: Daemon,
    pub(crate) jobs: Vec<Job>,
    pub(crate) watchers: Vec<WatcherSpec>,
    pub(crate) concurrency: Concurrency,
    pub(crate) cache: Cache,
    pub(crate) telemetry: Telemetry,
    pub(crate) http: Http,
    /// What should be known, none of it an error.
    pub(crate) notes: Vec<Finding>,
    /// What it was made from, to be made again with jobs of PocketBase.
    source: source::Source,
    /// Every key with its value and origin, to be shown.
    values: tree::Table,
}

#[derive(Clone, Debug)]
pub(crate) struct PocketBase {
    pub(crate) url: Url,
    pub(crate) admin_email: Option<String>,
    pub(crate) password: Option<SecretString>,
    /// The collection of the account; the superusers' own, if there is none.
    pub(crate) auth_collection: Option<String>,
    /// Of one attempt.
    pub(crate) timeout: Duration,
    /// Of a request with all its attempts.
    pub(crate) api_timeout: Duration,
    pub(crate) retry_attempts: u32,
    /// The first pause; each further one is twice as long, up to a minute.
    pub(crate) retry_delay: Duration,
    pub(crate) verify_certificates: bool,
    pub(crate) config_source: ConfigSource,
    /// Within which jobs of PocketBase may read and write; absolute.
    pub(crate) allowed_roots: Vec<PathBuf>,
    /// Absent where the daemon makes one up and keeps it.
    pub(crate) daemon_id: Option<String>,
}

/// Whose jobs and watchers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigSource {
    Local,
    /// Both; of two with the same id the local one.
    Merge,
    Remote,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Daemon {
    pub(crate) pid_file: PathBuf,
    /// Absent where jobs of PocketBase are not fetched again and again.
    pub(crate) config_refresh_interval: Option<Duration>,
    pub(crate) auto_restart_on_config_change: bool,
    pub(crate) shutdown_timeout: Duration,
    pub(crate) health_check_interval: Duration,
    pub(crate) run_as_user: Option<String>,
    pub(crate) run_as_group: Option<String>,
    pub(crate) working_directory: Option<PathBuf>,
    pub(crate) state_dir: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Concurrency {
    pub(crate) max_concurrent_syncs: usize,
    pub(crate) max_file_operations: usize,
    pub(crate) sync_queue_size: usize,
    pub(crate) channel_buffer_size: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cache {
    pub(crate) cache_dir: PathBuf,
    pub(crate) config_cache_ttl: Duration,
    pub(crate) file_metadata_cache_ttl: Duration,
    pub(crate) enable_persistent_cache: bool,
    /// In bytes.
    pub(crate) max_cache_size: u64,
    pub(crate) cleanup_interval: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Telemetry {
    pub(crate) log_level: LogLevel,
    /// `$RUST_LOG`, where it is in force and says more than a level.
    pub(crate) log_directives: Option<String>,
    pub(crate) json_logging: bool,
    pub(crate) console_logging: bool,
    /// Also what `daemon.log_file` says.
    pub(crate) log_file_path: PathBuf,
    pub(crate) rotation: Rotation,
    pub(crate) pocketbase_logging: Shipping,
    pub(crate) metrics: Metrics,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// When a new log file begins, and what becomes of old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    pub(crate) enabled: bool,
    pub(crate) frequency: Frequency,
    pub(crate) keep_files: usize,
    /// In bytes.
    pub(crate) max_size: u64,
    pub(crate) compress: bool,
    /// After midnight UTC, in whole minutes.
    pub(crate) time: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frequency {
    Hourly,
    Daily,
    /// On Mondays.
    Weekly,
    Never,
}

/// How logs go to PocketBase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shipping {
    pub(crate) enabled: bool,
    pub(crate) collection: String,
    pub(crate) batch_size: usize,
    pub(crate) flush_interval: Duration,
    pub(crate) max_retries: u32,
    pub(crate) buffer_size: usize,
    pub(crate) include_sensitive_data: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Metrics {
    pub(crate) enabled: bool,
    pub(crate) bind_address: IpAddr,
    /// 0 is any that is free.
    pub(crate) port: u16,
    pub(crate) collection_interval: Duration,
    /// Begins with a slash.
    pub(crate) endpoint_path: String,
    pub(crate) enable_process_metrics: bool,
    /// In seconds, ascending, at least one.
    pub(crate) histogram_buckets: Vec<f64>,
}

/// The API by which commands talk to the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Http {
    /// A loopback address.
    pub(crate) bind_address: IpAddr,
    /// 0 is any that is free.
    pub(crate) port: u16,
    pub(crate) token_file: PathBuf,
}

impl Config {
    /// Reads and checks everything that is on this machine.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all that is wrong.
    pub(crate) fn load(sources: &Sources) -> Result<Self, ConfigError> {
        source::Source::read(sources)?.resolve(None)
    }

    /// Takes a text for that of a file, and checks it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] with all that is wrong.
    pub(crate) fn parse(text: &str, sources: &Sources) -> Result<Self, ConfigError> {
        source::Source::of_text(text, sources).resolve(None)
    }

    /// Returns this config with the jobs and watchers of PocketBase, as `config_source` has it.
    ///
    /// It looks at directories, so it may take a moment.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`], if any record is wrong or goes beyond `allowed_roots`, or does
    /// not fit to the rest: all of it counts, or nothing.
    pub(crate) fn with_remote(&self, records: &RemoteRecords) -> Result<Self, ConfigError> {
        self.source.resolve(Some(records))
    }

    /// Returns the file for messages, or what stands in for it.
    pub(crate) fn name(&self) -> String {
        file_name(self.file.as_deref())
    }

    /// Returns what of a new config comes into force only by a restart; those are the keys.
    pub(crate) fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        let (old_metrics, metrics) = (&self.telemetry.metrics, &new.telemetry.metrics);
        let (old, daemon) = (&self.daemon, &new.daemon);
        [
            ("pocketbase", self.pocketbase != new.pocketbase),
            ("daemon.pid_file", old.pid_file != daemon.pid_file),
            ("daemon.run_as_user", old.run_as_user != daemon.run_as_user),
            (
                "daemon.run_as_group",
                old.run_as_group != daemon.run_as_group,
            ),
            (
                "daemon.working_directory",
                old.working_directory != daemon.working_directory,
            ),
            ("daemon.state_dir", old.state_dir != daemon.state_dir),
            (
                "daemon.health_check_interval_secs",
                old.health_check_interval != daemon.health_check_interval,
            ),
            ("concurrency", self.concurrency != new.concurrency),
            ("cache", self.cache != new.cache),
            (
                "telemetry.log_file_path",
                self.telemetry.log_file_path != new.telemetry.log_file_path,
            ),
            (
                "telemetry.json_logging",
                self.telemetry.json_logging != new.telemetry.json_logging,
            ),
            (
                "telemetry.console_logging",
                self.telemetry.console_logging != new.telemetry.console_logging,
            ),
            (
                "telemetry.log_rotation",
                self.telemetry.rotation != new.telemetry.rotation,
            ),
            (
                "telemetry.pocketbase_logging",
                self.telemetry.pocketbase_logging != new.telemetry.pocketbase_logging,
            ),
            ("telemetry.metrics", old_metrics != metrics),
            ("http", self.http != new.http),
        ]
        .into_iter()
        .filter_map(|(key, is_changed)| is_changed.then_some(key))
        .collect()
    }
}

/// Returns a file for messages, or what stands in for it.
fn file_name(file: Option<&Path>) -> String {
    file.map_or_else(
        || "no config file".to_owned(),
        |file| file.display().to_string(),
    )
}

impl PartialEq for PocketBase {
    fn eq(&self, other: &Self) -> bool {
        let password = |it: &Self| it.password.as_ref().map(|it| it.expose_secret().to_owned());
        password(self) == password(other)
            && self.url == other.url
            && self.admin_email == other.admin_email
            && self.auth_collection == other.auth_collection
            && (self.timeout, self.api_timeout) == (other.timeout, other.api_timeout)
            && (self.retry_attempts, self.retry_delay) == (other.retry_attempts, other.retry_delay)
            && self.verify_certificates == other.verify_certificates
            && self.config_source == other.config_source
            && self.allowed_roots == other.allowed_roots
            && self.daemon_id == other.daemon_id
    }
}

impl ConfigSource {
    fn named(name: &str) -> Self {
        match name {
            "local" => Self::Local,
            "remote" => Self::Remote,
            _ => Self::Merge,
        }
    }
}

impl LogLevel {
    const ALL: [(&'static str, Self); 5] = [
        ("trace", Self::Trace),
        ("debug", Self::Debug),
        ("info", Self::Info),
        ("warn", Self::Warn),
        ("error", Self::Error),
    ];

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_meant = |(name, _): &&(&str, Self)| name.eq_ignore_ascii_case(text);
        Self::ALL.iter().find(is_meant).map(|(_, level)| *level)
    }

    pub(crate) fn as_str(self) -> &'static str {
        let own = Self::ALL.iter().find(|(_, level)| *level == self);
        own.expect("all levels are listed").0
    }
}

#[cfg(test)]
mod tests;
