//! `syft-notify restart`.

use std::time::Duration;

use syft_daemon::{StartedBy, Verb};

use super::{run::Plan, start, stop};
use crate::{
    args::WatchArgs,
    exit::{Failure, Outcome},
    place::{self, NAME},
    term::{self, DIM, paint},
};

/// As `stop` waits by itself.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: WatchArgs, verbose: u8) -> Outcome {
    let place = place::find(&args.config)?;
    let Some(running) = place.running()? else {
        term::say("syft-notify was not running.");
        stop::mention_stale(&place);
        return start::launch(&Plan::of(&args)?, verbose).await;
    };
    let Some(origin) = &running.origin else {
        return again(&Plan::of(&args)?, verbose, running.holder).await;
    };
    if let Some(command) = origin.by.command(Verb::Restart) {
        return Err(Failure::error(format!(
            "syft-notify (PID {}) was started by {}, which should restart it",
            running.holder.pid,
            origin.by.name(NAME)
        ))
        .hint(command));
    }
    if origin.by == StartedBy::Foreground {
        term::say(paint(
            DIM,
            "It runs in the foreground, by `syft-notify run`; it goes on in the background.",
        ));
    }
    let plan = Plan::of(&origin.options.under(&args, &origin.config))?;
    let verbose = verbose.max(origin.options.verbose);
    again(&plan, verbose, running.holder).await
}

async fn again(plan: &Plan, verbose: u8, holder: syft_daemon::Holder) -> Outcome {
    // Nothing is stopped for a config that cannot be started.
    plan.config().map_err(|failure| {
        let hint = failure
            .hint
            .unwrap_or_else(|| "syft-notify config validate".to_owned());
        Failure::new(
            failure.exit,
            format!("{}; what runs goes on as it is", failure.message),
        )
        .hint(hint)
    })?;
    stop::end(holder, PATIENCE).await?;
    start::launch(plan, verbose).await
}
