//! `syft-sync restart`.

use syft_daemon::{StartedBy, Verb};

use super::{start, stop};
use crate::{
    config::Config,
    exit::{Failure, Outcome},
    place::{self, PROGRAM},
    session::Wanted,
    term::{self, DIM, paint},
};

pub(crate) async fn run(wanted: &Wanted, is_foreground: bool) -> Outcome {
    let place = place::find(wanted)?;
    let Some(running) = place.running()? else {
        term::say("syft-sync was not running.");
        stop::mention_stale(&place);
        if is_foreground {
            return super::foreground(wanted).await;
        }
        return start::launch(wanted, place.config()?).await;
    };
    let wanted = match &running.origin {
        None => wanted.clone(),
        Some(origin) => {
            refuse_for_others(&running, &origin.by)?;
            if origin.options.had_password && !has_password(wanted) {
                term::warning(
                    "its password was given on the command line and is not kept; give it again, \
                     or better use `password_file`",
                );
            }
            origin.options.under(wanted, origin.config.as_deref())
        }
    };
    // Nothing is stopped for a config that cannot be started.
    let config = Config::load(&wanted.sources()?).map_err(|error| {
        let failure = Failure::from(error);
        let hint = failure
            .hint
            .unwrap_or_else(|| "syft-sync config validate".to_owned());
        Failure::new(
            failure.exit,
            format!("{}; what runs goes on as it is", failure.message),
        )
        .hint(hint)
    })?;
    stop::end(running.holder, stop::patience(&place)).await?;
    if is_foreground {
        return super::foreground(&wanted).await;
    }
    start::launch(&wanted, config).await
}

fn has_password(wanted: &Wanted) -> bool {
    wanted.start.admin_password.is_some() || wanted.start.admin_password_file.is_some()
}

fn refuse_for_others(running: &place::Running, by: &StartedBy) -> Outcome {
    if let Some(command) = by.command(Verb::Restart) {
        return Err(Failure::error(format!(
            "syft-sync (PID {}) was started by {}, which should restart it",
            running.holder.pid,
            by.name(PROGRAM)
        ))
        .hint(command));
    }
    if *by == StartedBy::Foreground {
        term::say(paint(
            DIM,
            "It runs in the foreground; it goes on in the background.",
        ));
    }
    Ok(())
}
