//! `syft-sync logs`.

use std::path::PathBuf;

use syft_daemon::logs::Error;
use syft_jobs::JobId;
use syft_terminal::log::Only;
use tracing::Level;

use crate::{
    args::{LogLevel, LogsArgs},
    exit::{Failure, Outcome, chain},
    place::{self, Place},
    session::Wanted,
    term::{self, ACCENT, paint},
};

pub(crate) async fn run(wanted: &Wanted, args: &LogsArgs) -> Outcome {
    let only = only(args)?;
    if args.follow {
        return follow(wanted, args.lines, only).await;
    }
    let place = place::find(wanted)?;
    let log = log_of(&place)?;
    let is_empty = !term::log::show(&log, args.lines, &only).map_err(failure)?;
    if is_empty && args.lines > 0 && !only.is_all() {
        term::say("No line of it is like that.");
    } else if is_empty && args.lines > 0 {
        term::say("Nothing was logged there yet.");
        if place.running().ok().flatten().is_none() {
            term::say(format_args!("{}  syft-sync start", paint(ACCENT, "next:")));
        }
    }
    Ok(())
}

/// Shows the last lines and those that are written from now on, until Ctrl+C.
pub(crate) async fn follow(wanted: &Wanted, lines: usize, only: Only) -> Outcome {
    let log = log_of(&place::find(wanted)?)?;
    term::log::follow(&log, lines, only).await.map_err(failure)
}

fn only(args: &LogsArgs) -> Outcome<Only> {
    let job = args.job.as_deref().map(str::parse::<JobId>).transpose()?;
    let level = args.level.map(|level| match level {
        LogLevel::Trace => Level::TRACE,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warn => Level::WARN,
        LogLevel::Error => Level::ERROR,
    });
    Ok(Only {
        level,
        field: job.map(|job| ("job", job.to_string())),
    })
}

/// Returns the log of what runs, or else of what would run.
fn log_of(place: &Place) -> Outcome<PathBuf> {
    let running = place.running().ok().flatten();
    let in_use = running.and_then(|running| running.origin?.log);
    let configured = || {
        let config = place.config.as_ref().ok()?;
        Some(config.telemetry.log_file_path.clone())
    };
    in_use.or_else(configured).ok_or_else(|| {
        Failure::error("where it logs is unknown without a config that can be used")
            .hint("syft-sync config validate")
    })
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Output(source) => {
            Failure::error(format!("cannot write to standard output: {source}"))
        }
        error => Failure::error(chain(&error)),
    }
}
