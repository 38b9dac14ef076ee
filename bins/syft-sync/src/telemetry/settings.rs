//! What the config says about telemetry.

use std::{io, os::fd::AsFd, path::Path};

use syft_daemon::logs::{Period, Retention};

use super::{
    Options,
    logs::{Filter, LogSettings},
    shipping::Shipping,
};
use crate::{
    config::{Config, Frequency, Rotation, Telemetry},
    place::PROGRAM,
    remote::identity,
};

/// A file that is not rotated grows until the disk is full; that was wanted.
const NO_LIMIT: u64 = u64::MAX;
/// Where entries wait that cannot be uploaded.
const SPILL: &str = "log-spill";

/// What the config says about telemetry.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(super) metrics: Options,
    pub(super) logs: LogSettings,
    pub(super) shipping: Option<Shipping>,
}

impl Settings {
    /// Takes what a config says, for a daemon that somebody looks at or for one that nobody does.
    pub(crate) fn of(config: &Config, is_foreground: bool) -> Self {
        let telemetry = &config.telemetry;
        let state = &config.daemon.state_dir;
        Self {
            metrics: Options {
                buckets: telemetry.metrics.histogram_buckets.clone(),
                collection_interval: telemetry.metrics.collection_interval,
                has_process: telemetry.metrics.enable_process_metrics,
            },
            logs: LogSettings {
                program: PROGRAM,
                filter: Filter::of(telemetry),
                has_console: is_foreground && telemetry.console_logging,
                is_journal: stderr_is_journal(),
                path: telemetry.log_file_path.clone(),
                otherwise: stand_in(&telemetry.log_file_path, state),
                is_json: telemetry.json_logging,
                retention: retention(&telemetry.rotation),
            },
            shipping: shipping(config),
        }
    }
}

impl Filter {
    pub(super) fn of(telemetry: &Telemetry) -> Self {
        Self {
            level: telemetry.log_level.as_str(),
            directives: telemetry.log_directives.clone(),
        }
    }
}

fn retention(rotation: &Rotation) -> Retention {
    if !rotation.enabled {
        return Retention {
            size: NO_LIMIT,
            period: Period::Never,
            ..Retention::default()
        };
    }
    Retention {
        size: rotation.max_size,
        period: match rotation.frequency {
            Frequency::Hourly => Period::Hourly,
            Frequency::Daily => Period::Daily,
            Frequency::Weekly => Period::Weekly,
            Frequency::Never => Period::Never,
        },
        after: rotation.time,
        kept: rotation.keep_files,
        compress: rotation.compress,
    }
}

fn stand_in(log: &Path, state: &Path) -> std::path::PathBuf {
    state.join(log.file_name().unwrap_or("sync-daemon.log".as_ref()))
}

/// Without `PocketBase` there is nobody to upload to.
fn shipping(config: &Config) -> Option<Shipping> {
    let wanted = &config.telemetry.pocketbase_logging;
    if config.pocketbase.is_none() || !wanted.enabled {
        return None;
    }
    // What is wrong with the name ends the tie to PocketBase, in words, where that begins.
    let daemon_id = identity::daemon_id(config).ok()?;
    Some(Shipping {
        daemon_id,
        session_id: uuid::Uuid::new_v4().simple().to_string(),
        spill: config.daemon.state_dir.join(SPILL),
        batch_size: wanted.batch_size,
        flush_interval: wanted.flush_interval,
        max_retries: wanted.max_retries,
        buffer_size: wanted.buffer_size,
        include_sensitive_data: wanted.include_sensitive_data,
    })
}

/// Returns whether standard error leads to systemd's journal.
#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
fn stderr_is_journal() -> bool {
    let Ok(journal) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    rustix::fs::fstat(io::stderr().as_fd())
        .is_ok_and(|stat| journal == format!("{}:{}", stat.st_dev, stat.st_ino))
}
