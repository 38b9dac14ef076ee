//! How the running daemon was started: what `status` shows of it and `restart` starts again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use syft_daemon::{Paths, StartedBy};
use syft_monitor::{Scope, config::Config};
use syft_state::{Timestamp, fs};

use crate::{
    args::{ConfigArg, WatchArgs},
    commands::status::now,
    exit::{Failure, Outcome, chain},
};

const SIZE_LIMIT: u64 = 64 * 1024;

/// What whoever holds the lock of the daemon writes beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// Who has written this; another holder of the lock is another daemon.
    pub(crate) pid: u32,
    pub(crate) started: Timestamp,
    pub(crate) config: PathBuf,
    pub(crate) state_path: PathBuf,
    pub(crate) options: Options,
    pub(crate) by: StartedBy,
    /// The log file, unless it logs to standard error alone.
    pub(crate) log: Option<PathBuf>,
}

/// The options of the command line that started it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Options {
    pub(crate) interval: Option<u64>,
    pub(crate) jobs_only: bool,
    pub(crate) peers_only: bool,
    pub(crate) notify_existing: bool,
    /// How often `-v` was given.
    #[serde(default)]
    pub(crate) verbose: u8,
}

impl Origin {
    /// Describes this process, which has just become the daemon of `config`.
    pub(crate) fn of_this(config: &Config, args: &WatchArgs, verbose: u8, by: StartedBy) -> Self {
        Self {
            pid: std::process::id(),
            started: now(),
            config: config.file.clone(),
            state_path: config.state_path.clone(),
            options: Options::of(args, verbose),
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
            tracing::warn!("⚠️  {}", chain(&error));
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
    pub(crate) fn of(args: &WatchArgs, verbose: u8) -> Self {
        Self {
            interval: args.interval,
            jobs_only: args.jobs_only,
            peers_only: args.peers_only,
            notify_existing: args.notify_existing,
            verbose,
        }
    }

    /// Returns these options where `args` gives none; a scope that is given replaces the other.
    pub(crate) fn under(self, args: &WatchArgs, config: &Path) -> WatchArgs {
        let has_scope = args.jobs_only || args.peers_only;
        WatchArgs {
            config: ConfigArg {
                config: Some(
                    args.config
                        .config
                        .clone()
                        .unwrap_or_else(|| config.to_owned()),
                ),
            },
            interval: args.interval.or(self.interval),
            jobs_only: args.jobs_only || (!has_scope && self.jobs_only),
            peers_only: args.peers_only || (!has_scope && self.peers_only),
            notify_existing: args.notify_existing || self.notify_existing,
        }
    }
}

/// Returns what the options leave to be watched.
pub(crate) fn scope(args: &WatchArgs) -> Outcome<Scope> {
    match (args.jobs_only, args.peers_only) {
        (true, true) => Err(
            Failure::error("--jobs-only and --peers-only exclude each other")
                .hint("leave both out to watch everything"),
        ),
        (true, false) => Ok(Scope::Jobs),
        (false, true) => Ok(Scope::Peers),
        (false, false) => Ok(Scope::Everything),
    }
}

#[cfg(test)]
mod tests;
