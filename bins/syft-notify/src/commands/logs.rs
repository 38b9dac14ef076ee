//! `syft-notify logs`.

use std::path::{Path, PathBuf};

use syft_daemon::logs::{Error, error_log};
use syft_terminal::log::Only;

use crate::{
    args::LogsArgs,
    exit::{Failure, Outcome, chain},
    place::{self, Place, Running},
    term::{self, ACCENT, paint},
};

pub(crate) async fn run(args: LogsArgs) -> Outcome {
    let place = place::find(&args.config)?;
    // Whether it runs only decides between two places; not to know is to take the usual one.
    let running = place.running().ok().flatten();
    let is_running = running.is_some();
    let log = log_of(&place, running);
    let path = if args.errors { error_log(&log) } else { log };
    if args.follow {
        return follow(&path, args.lines).await;
    }
    let is_empty = !term::log::show(&path, args.lines, &Only::default()).map_err(failure)?;
    if is_empty && args.lines > 0 {
        term::say("Nothing was logged there yet.");
        if !is_running {
            term::say(format_args!(
                "{}  syft-notify start",
                paint(ACCENT, "next:")
            ));
        }
    }
    Ok(())
}

/// Returns the log of what runs, or else of what would run.
fn log_of(place: &Place, running: Option<Running>) -> PathBuf {
    let in_use = running.and_then(|running| running.origin?.log);
    in_use.unwrap_or_else(|| match &place.config {
        Ok(config) => config.log.path.clone(),
        // Logs are wanted most when something is broken.
        Err(_) => place.paths.log(),
    })
}

/// Shows the last lines of a log and those that are written from now on, until Ctrl+C.
pub(crate) async fn follow(path: &Path, lines: usize) -> Outcome {
    term::log::follow(path, lines, Only::default())
        .await
        .map_err(failure)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Output(source) => {
            Failure::error(format!("cannot write to standard output: {source}"))
        }
        error => Failure::error(chain(&error)),
    }
}
