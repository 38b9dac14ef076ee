//! `syft-notify stop`.

use std::time::Duration;

use syft_daemon::{Holder, StartedBy, Stopped, Verb};

use crate::{
    args::StopArgs,
    exit::Outcome,
    place::{self, Place, Running},
    term::{self, BOLD, DIM, GOOD, WARN, paint},
};

pub(crate) async fn run(args: StopArgs) -> Outcome {
    let place = place::find(&args.config)?;
    let Some(Running { holder, origin }) = place.running()? else {
        term::say("syft-notify is not running.");
        mention_stale(&place);
        return Ok(());
    };
    let by = origin.as_ref().map(|origin| &origin.by);
    if let Some(StartedBy::Foreground) = by {
        term::say(paint(
            DIM,
            "It runs in the foreground, by `syft-notify run`.",
        ));
    }
    end(holder, Duration::from_secs(args.timeout)).await?;
    if let Some((by, command)) = by.and_then(|by| Some((by, by.command(Verb::Stop)?))) {
        term::warning(format_args!(
            "it was started by {}, which may start it again; `{command}` tells it not to",
            by.name(place::NAME)
        ));
    }
    Ok(())
}

/// Stops what runs, saying so, in at most a little more than `patience`.
pub(crate) async fn end(holder: Holder, patience: Duration) -> Outcome {
    let pid = holder.pid;
    term::say(format_args!(
        "Stopping {} (PID {pid}) …",
        paint(BOLD, "syft-notify")
    ));
    let how = match holder.stop(patience).await? {
        Stopped::Gracefully => paint(GOOD, "✅ stopped"),
        Stopped::Forced => format!(
            "{}: it had to be forced, which loses and doubles nothing",
            paint(WARN, "⚠️  stopped")
        ),
        Stopped::AlreadyGone => paint(GOOD, "✅ it had ended by itself"),
    };
    term::say(how);
    Ok(())
}

/// Says that a pid file is left over, which does no harm.
pub(crate) fn mention_stale(place: &Place) {
    if let Some(pid) = place.stale_pid() {
        term::say(paint(
            DIM,
            format_args!(
                "{} names PID {pid}, which is not syft-notify: left over from a crash or a reboot, and harmless.",
                place.paths.pid().display()
            ),
        ));
    }
}
