//! The one subscriber of the process: which entries are told, and to whom (B-T2).

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::Arc,
};

use syft_daemon::logs::{self, Line, LogFile, Retention, SharedLog, panic_line};
use tracing_subscriber::{
    EnvFilter, Registry, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

use super::{
    LogCounts,
    console::Console,
    journal::Journal,
    shipping::Buffer,
    sinks::{File, Sinks},
};
use crate::config::Telemetry;

/// Our own crates; other people's libraries are heard from warnings on.
const OWN: [&str; 5] = [
    "syft_sync",
    "syft_jobs",
    "syft_daemon",
    "syft_state",
    "syft_transport",
];

/// Which entries are told, and to whom.
#[derive(Clone, Debug)]
pub(crate) struct LogSettings {
    /// The name of the program in its lines.
    pub(crate) program: &'static str,
    pub(crate) filter: Filter,
    /// Whether entries go to standard error.
    pub(crate) has_console: bool,
    /// Whether standard error leads to systemd's journal.
    pub(crate) is_journal: bool,
    pub(crate) path: PathBuf,
    /// Where the log is when the path is not for this account.
    pub(crate) otherwise: PathBuf,
    pub(crate) is_json: bool,
    pub(crate) retention: Retention,
}

/// Which entries are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    /// The least level of our own entries, as `info`.
    pub(crate) level: &'static str,
    /// What `$RUST_LOG` says beyond a level.
    pub(crate) directives: Option<String>,
}

/// Says why there is no log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The log file cannot be written, nor the one in its stead.
    #[error(transparent)]
    File(#[from] logs::Error),
    /// Which entries are wanted cannot be understood.
    #[error("RUST_LOG={directives} means nothing: {reason}")]
    Filter { directives: String, reason: String },
    /// Somebody in this process logs already.
    #[error("there are two logs in one process")]
    Twice,
}

/// The log of the process.
#[derive(Debug)]
pub(crate) struct Logs {
    filter: reload::Handle<EnvFilter, Registry>,
    file: SharedLog,
    path: PathBuf,
}

impl Logs {
    /// Changes which entries are told; while what is wanted means nothing, nothing changes.
    pub(crate) fn set_level(&self, telemetry: &Telemetry) {
        let changed = Filter::of(telemetry).parse();
        let changed = changed.map(|filter| self.filter.reload(filter));
        if let Err(error) = changed {
            tracing::error!("the level of the log stays as it is: {error}");
        }
    }

    /// Looks whether the files are still in their places.
    pub(crate) fn look_after(&self) {
        self.file.look_after();
    }

    /// Returns where the log is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Filter {
    fn parse(&self) -> Result<EnvFilter, Error> {
        let text = self.directives.clone().unwrap_or_else(|| self.usual());
        EnvFilter::builder()
            .parse(&text)
            .map_err(|error| Error::Filter {
                directives: text,
                reason: error.to_string(),
            })
    }

    fn usual(&self) -> String {
        let others = if self.level == "error" {
            "error"
        } else {
            "warn"
        };
        OWN.iter().fold(others.to_owned(), |text, own| {
            format!("{text},{own}={}", self.level)
        })
    }
}

pub(super) fn install(
    settings: &LogSettings,
    counts: Arc<LogCounts>,
    shipped: Option<Buffer>,
) -> Result<Logs, Error> {
    let line = line(settings);
    let (log, refused) = open(settings, line)?;
    let (filter, handle) = reload::Layer::new(settings.filter.parse()?);
    let path = match &refused {
        Some(_) => settings.otherwise.clone(),
        None => settings.path.clone(),
    };
    let log = SharedLog::new(log);
    let (console, journal) = console(settings);
    let sinks = Sinks {
        counts,
        console,
        journal,
        file: Some(File {
            log: log.clone(),
            line,
            is_json: settings.is_json,
        }),
        shipped,
    };
    let registry = tracing_subscriber::registry().with(filter).with(sinks);
    registry.try_init().map_err(|_| Error::Twice)?;
    std::panic::set_hook(Box::new(|panic| tracing::error!("{}", panic_line(panic))));
    if let Some(error) = refused {
        tracing::warn!(
            "{}; the log is {} instead",
            crate::exit::chain(&error),
            path.display()
        );
    }
    Ok(Logs {
        filter: handle,
        file: log,
        path,
    })
}

fn line(settings: &LogSettings) -> Line {
    if settings.is_json {
        Line::json(settings.program)
    } else {
        Line::text(settings.program)
    }
}

/// The usual path belongs to the administrator: whoever is none gets a log, too.
fn open(settings: &LogSettings, line: Line) -> Result<(LogFile, Option<logs::Error>), Error> {
    match LogFile::open_kept(&settings.path, line, settings.retention) {
        Ok(log) => Ok((log, None)),
        Err(error @ logs::Error::Io { .. }) if settings.path != settings.otherwise => {
            let log = LogFile::open_kept(&settings.otherwise, line, settings.retention)?;
            Ok((log, Some(error)))
        }
        Err(error) => Err(error.into()),
    }
}

fn console(settings: &LogSettings) -> (Option<Console>, Option<Journal>) {
    if !settings.has_console {
        return (None, None);
    }
    let plain = Line::text(settings.program);
    if settings.is_journal {
        let lines = Console::Plain(plain.for_journal());
        return match Journal::find(settings.program, lines) {
            Ok(journal) => (None, Some(journal)),
            Err(_) => (Some(lines), None),
        };
    }
    if io::stderr().is_terminal() {
        return (Some(Console::Person), None);
    }
    (Some(Console::Plain(plain)), None)
}

#[cfg(test)]
mod tests;
