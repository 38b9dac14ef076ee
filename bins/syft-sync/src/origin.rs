//! How the running daemon was started: what `status` shows of it and `restart` starts again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use syft_daemon::{Paths, StartedBy};
use syft_state::{Timestamp, fs};

use crate::{
    args::{LogLevel, StartArgs},
    exit::chain,
    session::{Wanted, now},
};

const SIZE_LIMIT: u64 = 64 * 1024;

/// What whoever holds the lock of the daemon writes beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// Who has written this; another holder of the lock is another daemon.
    pub(crate) pid: u32,
    pub(crate) started: Timestamp,
    pub(crate) config: Option<PathBuf>,
    pub(crate) options: Options,
    pub(crate) by: StartedBy,
    /// The log file, unless it logs to standard error alone.
    pub(crate) log: Option<PathBuf>,
}

/// The options of the command line that started it; a password is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Options {
    pub(crate) log_level: Option<String>,
    pub(crate) pocketbase_url: Option<String>,
    pub(crate) admin_email: Option<String>,
    pub(crate) admin_password_file: Option<PathBuf>,
    pub(crate) had_password: bool,
    pub(crate) pid_file: Option<PathBuf>,
    pub(crate) metrics_port: Option<u16>,
}

impl Origin {
    /// Describes this process, which has just become the daemon.
    pub(crate) fn of_this(wanted: &Wanted, config: Option<&Path>, by: StartedBy) -> Self {
        Self {
            pid: std::process::id(),
            started: now(),
            config: config.map(Path::to_owned),
            options: Options::of(wanted),
            by,
            log: None,
        }
    }

    /// Says where it logs.
    pub(crate) fn logging_to(self, log: Option<PathBuf>) -> Self {
        Self { log, ..self }
    }

    /// Writes it for others; a daemon works without, so a failure is only logged.
    pub(crate) fn save(&self, paths: &Paths) {
        let text = serde_json::to_vec_pretty(self).expect("an origin is plain data");
        if let Err(error) = fs::write_fleeting(&path(paths), &text, 0o600) {
            tracing::warn!("{}", chain(&error));
        }
    }

    /// Reads what the daemon with this PID has written, if it has come to that.
    pub(crate) fn read(paths: &Paths, pid: u32) -> Option<Self> {
        let bytes = fs::read_capped(&path(paths), SIZE_LIMIT).ok()?;
        let origin: Self = serde_json::from_slice(&bytes).ok()?;
        (origin.pid == pid).then_some(origin)
    }
}

fn path(paths: &Paths) -> PathBuf {
    paths.directory.join(format!("{}.started.json", paths.name))
}

impl Options {
    pub(crate) fn of(wanted: &Wanted) -> Self {
        let start = &wanted.start;
        Self {
            log_level: wanted.log_level.map(|level| level.as_str().to_owned()),
            pocketbase_url: start.pocketbase_url.clone(),
            admin_email: start.admin_email.clone(),
            admin_password_file: start.admin_password_file.clone(),
            had_password: start.admin_password.is_some(),
            pid_file: start.pid_file.clone(),
            metrics_port: start.metrics_port,
        }
    }

    /// Returns these options where `wanted` gives none.
    pub(crate) fn under(&self, wanted: &Wanted, config: Option<&Path>) -> Wanted {
        let start = &wanted.start;
        let has_password = start.admin_password.is_some() || start.admin_password_file.is_some();
        let or = |given: &Option<PathBuf>, before: &Option<PathBuf>| {
            given.clone().or_else(|| before.clone())
        };
        Wanted {
            config: wanted.config.clone().or_else(|| config.map(Path::to_owned)),
            log_level: wanted
                .log_level
                .or_else(|| self.log_level.as_deref().and_then(LogLevel::named)),
            start: StartArgs {
                pocketbase_url: start
                    .pocketbase_url
                    .clone()
                    .or_else(|| self.pocketbase_url.clone()),
                admin_email: start
                    .admin_email
                    .clone()
                    .or_else(|| self.admin_email.clone()),
                admin_password: start.admin_password.clone(),
                admin_password_file: if has_password {
                    start.admin_password_file.clone()
                } else {
                    self.admin_password_file.clone()
                },
                pid_file: or(&start.pid_file, &self.pid_file),
                metrics_port: start.metrics_port.or(self.metrics_port),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(config: Option<&str>, port: Option<u16>, password: Option<&str>) -> Wanted {
        Wanted {
            config: config.map(PathBuf::from),
            log_level: None,
            start: StartArgs {
                metrics_port: port,
                admin_password: password.map(ToOwned::to_owned),
                ..StartArgs::default()
            },
        }
    }

    #[test]
    fn options_are_kept_unless_others_are_given() {
        let before = Options::of(&wanted(None, Some(9100), None));
        let kept = before.under(&wanted(None, None, None), Some(Path::new("/a.toml")));
        assert_eq!(kept.config.as_deref(), Some(Path::new("/a.toml")));
        assert_eq!(kept.start.metrics_port, Some(9100));
        let given = before.under(
            &wanted(Some("/b.toml"), Some(0), None),
            Some(Path::new("/a.toml")),
        );
        assert_eq!(given.config.as_deref(), Some(Path::new("/b.toml")));
        assert_eq!(given.start.metrics_port, Some(0));
    }

    #[test]
    fn a_password_is_never_written() {
        let options = Options::of(&wanted(None, None, Some("s3cret")));
        let text = serde_json::to_string(&options).expect("it is plain data");
        assert!(!text.contains("s3cret"), "{text}");
        assert!(options.had_password);
    }
}
