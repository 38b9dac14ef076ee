//! A window of screen or tmux whose only program is `start`, which would close at once.

use std::time::Duration;

use crate::{
    args::{ConfigArg, LogsArgs, WatchArgs},
    commands::logs,
    exit::{Failure, Outcome},
    place,
    term::{self, DIM, paint},
};

/// What is logged before the window is attached to is of interest, too.
const LINES: usize = 20;
const PAUSE: Duration = Duration::from_secs(1);
/// A restart takes less.
const GONE_AFTER: u32 = 10;

/// Keeps the window open: with the log while it runs, or with what went wrong.
pub(super) async fn stay(args: &WatchArgs, outcome: Outcome) -> Outcome {
    if let Err(failure) = outcome {
        return stay_with(failure).await;
    }
    term::say(paint(
        DIM,
        "This window follows the log; closing it, or Ctrl+C, stops nothing.",
    ));
    let following = logs::run(LogsArgs {
        config: args.config.clone(),
        lines: LINES,
        follow: true,
        errors: false,
    });
    tokio::select! {
        outcome = following => outcome,
        () = gone(&args.config) => {
            term::say("syft-notify has stopped.");
            Ok(())
        }
    }
}

/// Ends when nothing runs any more, and not just for the moment of a restart.
async fn gone(config: &ConfigArg) {
    let mut missing = 0;
    while missing < GONE_AFTER {
        tokio::time::sleep(PAUSE).await;
        let running = place::find(config).and_then(|place| place.running());
        match running {
            Ok(None) => missing += 1,
            _ => missing = 0,
        }
    }
}

async fn stay_with(failure: Failure) -> Outcome {
    term::error(&failure.message, failure.hint.as_deref());
    term::say(paint(DIM, "Press Ctrl+C to close this window."));
    // Without signals there is nothing to wait for.
    tokio::signal::ctrl_c().await.ok();
    Err(Failure::silent(failure.exit))
}
