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

/// Returns whether this process, or the `sh -c` that runs it, is what a window was opened for.
#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
pub(super) fn is_own() -> bool {
    let is_multiplexed = ["TMUX", "STY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    is_multiplexed && term::is_interactive() && leads_session()
}

fn leads_session() -> bool {
    let Ok(session) = rustix::process::getsid(None) else {
        return false;
    };
    if session == rustix::process::getpid() {
        return true;
    }
    let is_parent = rustix::process::getppid() == Some(session);
    is_parent && is_single_command(session.as_raw_nonzero().get())
}

/// An interactive shell stays when its command ends; `sh -c` does not.
fn is_single_command(pid: i32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).nth(1) == Some(b"-c")
}

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
