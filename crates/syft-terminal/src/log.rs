//! A daemon's log at a terminal: its last lines, and those that are written from now on.

mod feed;
mod only;
mod shown;

use std::{
    io::{self, Write as _},
    path::Path,
};

use syft_daemon::logs::{self, Error, Follow};

pub use self::only::Only;
use self::{only::Last, shown::Shown};
use crate::{DIM, paint, say};

/// Prints the last lines of a log that are wanted, and returns whether there were any.
///
/// # Errors
///
/// What reading or writing says; a reader who has left has seen what he wanted, and a log that
/// is not there has no lines.
pub fn show(path: &Path, lines: usize, only: &Only) -> Result<bool, Error> {
    tell_path(path, "");
    let mut out = Shown::stdout(Only::default());
    let passed = if only.is_all() {
        logs::tail(path, lines, &mut out)
    } else {
        let mut last = Last::new(lines, only);
        logs::tail(path, usize::MAX, &mut last)
            .and_then(|()| out.write_all(&last.into_bytes()).map_err(Error::Output))
    };
    match passed {
        Err(error) if !error.is_not_found() => ended(error)?,
        _ => {}
    }
    Ok(out.has_shown())
}

/// Prints what is wanted of the last lines of a log and of those that are written from now on,
/// until Ctrl+C.
///
/// # Errors
///
/// What reading or writing says.
pub async fn follow(path: &Path, lines: usize, only: Only) -> Result<(), Error> {
    let follow = Follow::new(path, lines)?;
    tell_path(path, "; Ctrl+C ends this, and nothing else");
    if follow.is_waiting() {
        say("Nothing was logged there yet; waiting for the first line …");
    }
    tokio::select! {
        outcome = feed::pass_on(follow, only) => outcome.or_else(ended),
        // Without signals, Ctrl+C ends the program by itself.
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Returns the last lines of a log; one that cannot be read has none.
#[must_use]
pub fn last_lines(log: &Path, count: usize) -> Vec<String> {
    let mut text = Vec::new();
    if let Err(error) = logs::tail(log, count, &mut text) {
        tracing::debug!("{}: {error}", log.display());
    }
    let text = String::from_utf8_lossy(&text);
    text.lines().map(ToOwned::to_owned).collect()
}

fn tell_path(path: &Path, more: &str) {
    say(paint(DIM, format_args!("{}{more}", path.display())));
}

fn ended(error: Error) -> Result<(), Error> {
    match error {
        Error::Output(source) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        error => Err(error),
    }
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
