//! `syft-sync stop`.

use std::time::Duration;

use syft_daemon::{Holder, StartedBy, Stopped, Verb};

use crate::{
    exit::Outcome,
    place::{self, PROGRAM, Place, Running},
    session::Wanted,
    term::{self, BOLD, DIM, GOOD, WARN, paint},
};

/// What a graceful end may take beyond the time for the files at hand.
const MARGIN: Duration = Duration::from_secs(5);
/// What `shutdown_timeout_secs` is when nobody can tell.
const USUAL: Duration = Duration::from_secs(30);

pub(crate) async fn run(wanted: &Wanted, timeout: Option<u64>) -> Outcome {
    let place = place::find(wanted)?;
    let Some(Running { holder, origin }) = place.running()? else {
        term::say("syft-sync is not running.");
        mention_stale(&place);
        return Ok(());
    };
    let by = origin.as_ref().map(|origin| &origin.by);
    if let Some(StartedBy::Foreground) = by {
        term::say(paint(DIM, "It runs in the foreground."));
    }
    end(
        holder,
        timeout.map_or_else(|| patience(&place), Duration::from_secs),
    )
    .await?;
    if let Some((by, command)) = by.and_then(|by| Some((by, by.command(Verb::Stop)?))) {
        term::warning(format_args!(
            "it was started by {}, which may start it again; `{command}` tells it not to",
            by.name(PROGRAM)
        ));
    }
    Ok(())
}

/// Returns how long a graceful end may take.
pub(crate) fn patience(place: &Place) -> Duration {
    let config = place.config.as_ref();
    config.map_or(USUAL, |config| config.daemon.shutdown_timeout) + MARGIN
}

/// Stops what runs, saying so, in at most a little more than `patience`.
pub(crate) async fn end(holder: Holder, patience: Duration) -> Outcome {
    let pid = holder.pid;
    term::say(format_args!(
        "Stopping {} (PID {pid}) …",
        paint(BOLD, PROGRAM)
    ));
    let how = match holder.stop(patience).await? {
        Stopped::Gracefully => paint(GOOD, "✅ stopped"),
        Stopped::Forced => format!(
            "{}: it had to be forced; the file at hand is copied again at the next run",
            paint(WARN, "⚠️  stopped")
        ),
        Stopped::AlreadyGone => "It had ended by itself.".to_owned(),
    };
    term::say(how);
    Ok(())
}

/// Says what a daemon that was killed has left behind.
pub(crate) fn mention_stale(place: &Place) {
    if let Some(pid) = place.stale_pid() {
        term::say(paint(
            DIM,
            format_args!(
                "{} names PID {pid}, left over from a crash or a reboot; harmless.",
                place.paths.pid().display()
            ),
        ));
    }
}
