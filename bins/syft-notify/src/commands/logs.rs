//! `syft-notify logs`.

mod feed;
mod shown;

use std::{
    io,
    path::{Path, PathBuf},
};

use syft_daemon::logs::{self, Error, Follow, error_log};

use self::shown::Shown;
use crate::{
    args::LogsArgs,
    exit::{Failure, Outcome, chain},
    place::{self, Place, Running},
    term::{self, ACCENT, DIM, paint},
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
    let is_empty = !show(&path, args.lines)?;
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

/// Returns whether there was anything to show.
fn show(path: &Path, lines: usize) -> Outcome<bool> {
    tell_path(path, "");
    let mut out = Shown::stdout();
    match logs::tail(path, lines, &mut out) {
        Err(error) if !error.is_not_found() => ended(&error)?,
        _ => {}
    }
    Ok(out.has_shown())
}

/// Shows the last lines of a log and those that are written from now on, until Ctrl+C.
pub(crate) async fn follow(path: &Path, lines: usize) -> Outcome {
    let follow = Follow::new(path, lines).map_err(|error| failure(&error))?;
    tell_path(path, "; Ctrl+C ends this, and nothing else");
    if follow.is_waiting() {
        term::say("Nothing was logged there yet; waiting for the first line …");
    }
    tokio::select! {
        outcome = feed::pass_on(follow) => outcome.or_else(|error| ended(&error)),
        interrupt = tokio::signal::ctrl_c() => {
            interrupt.map_err(|error| Failure::error(format!("cannot hear signals: {error}")))
        }
    }
}

fn tell_path(path: &Path, more: &str) {
    term::say(paint(DIM, format_args!("{}{more}", path.display())));
}

/// A reader who has left has seen what he wanted.
fn ended(error: &Error) -> Outcome {
    match error {
        Error::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Error::Output(source) => Err(Failure::error(format!(
            "cannot write to standard output: {source}"
        ))),
        error => Err(failure(error)),
    }
}

fn failure(error: &Error) -> Failure {
    Failure::error(chain(error))
}
