//! `syft-notify reload`.

use std::{path::Path, time::Duration};

use syft_daemon::Signal;

use super::status::report::{self, LastLook};
use crate::{
    args::ConfigArg,
    exit::{Exit, Failure, Outcome},
    place::{self, Running},
    session,
    term::{self, GOOD, paint},
};

/// The new config has a minute to connect, and the step at hand ends first.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn run(arg: ConfigArg) -> Outcome {
    let place = place::find(&arg)?;
    let Some(running) = place.running()? else {
        return Err(
            Failure::new(Exit::NotRunning, "syft-notify is not running").hint("syft-notify start")
        );
    };
    let (file, state_path) = match &running.origin {
        Some(origin) => (origin.config.clone(), origin.state_path.clone()),
        None => (place.file.clone(), place.state_path.clone()),
    };
    if file != place.file {
        term::warning(format_args!(
            "it runs with another config: {}",
            file.display()
        ));
    }
    check(&file)?;
    let before = report::read(&state_path)?;
    term::say(format_args!(
        "Reloading {} (PID {}) …",
        file.display(),
        running.holder.pid
    ));
    running.holder.signal(Signal::HangUp)?;
    let after = answer(&running, &state_path, before.as_ref()).await?;
    verdict(&after)
}

/// What is wrong here is said without bothering the one that runs.
fn check(file: &Path) -> Outcome {
    let arg = ConfigArg {
        config: Some(file.to_owned()),
    };
    session::load(&arg).map(drop).map_err(|failure| {
        Failure::new(
            failure.exit,
            format!("{}; the config of before stays in force", failure.message),
        )
        .hint("mend it and reload again")
    })
}

/// Waits for the report that tells how it went.
async fn answer(
    running: &Running,
    state_path: &Path,
    before: Option<&LastLook>,
) -> Outcome<LastLook> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        // A worker that has just been started again has read the new config at its start.
        let is_answer = |look: &LastLook| {
            before.is_none_or(|before| look.pid != before.pid || look.reloads > before.reloads)
        };
        if let Ok(Some(look)) = report::read(state_path)
            && is_answer(&look)
        {
            return Ok(look);
        }
        if running.holder.ended(Duration::ZERO).await {
            return Err(
                Failure::new(Exit::NotRunning, "syft-notify has ended meanwhile")
                    .hint("syft-notify logs"),
            );
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(Failure::new(
                Exit::Unavailable,
                format!("no answer within {} s", PATIENCE.as_secs()),
            )
            .hint("syft-notify logs"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn verdict(look: &LastLook) -> Outcome {
    match look.reload.as_ref().and_then(|reload| {
        let error = reload.error.as_ref()?;
        Some((error, reload.exit))
    }) {
        None => {
            term::say(format_args!(
                "{}: the new config is in force",
                paint(GOOD, "✅ reloaded")
            ));
            Ok(())
        }
        Some((error, exit)) => Err(Failure::new(
            Exit::of(exit).unwrap_or(Exit::Error),
            format!("{error}; the config of before stays in force"),
        )),
    }
}
