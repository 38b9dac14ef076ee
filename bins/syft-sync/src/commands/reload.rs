//! `syft-sync reload`.

use crate::{
    config::Config,
    exit::{Exit, Failure, Outcome},
    place,
    session::Wanted,
    term::{self, ACCENT, GOOD, WARN, paint},
};

pub(crate) async fn run(wanted: &Wanted, is_json: bool) -> Outcome {
    let place = place::find(wanted)?;
    let control = place.reach()?;
    let running = place.running()?;
    let origin = running.and_then(|running| running.origin);
    if let Some(origin) = &origin {
        // What is wrong here is said without bothering the one that runs.
        let theirs = origin.options.under(wanted, origin.config.as_deref());
        Config::load(&theirs.sources()?).map_err(|error| {
            let failure = Failure::from(error);
            Failure::new(
                failure.exit,
                format!("{}; the config of before stays in force", failure.message),
            )
            .hint("mend it and reload again")
        })?;
    }
    control.post("/reload", None).await.map_err(|error| {
        let failure = Failure::from(error);
        Failure::new(
            Exit::Usage,
            format!("{}; the config of before stays in force", failure.message),
        )
    })?;
    let status = control.get("/status").await?;
    if is_json {
        term::json(&status["config"]);
        return Ok(());
    }
    term::say(format_args!(
        "{}: the new config is in force",
        paint(GOOD, "✅ reloaded")
    ));
    let waiting: Vec<_> = status["config"]["restart_required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key.as_str())
        .collect();
    if !waiting.is_empty() {
        term::say(paint(
            WARN,
            format_args!("only after a restart: {}", waiting.join(", ")),
        ));
        term::say(format_args!(
            "{}  syft-sync restart",
            paint(ACCENT, "next:")
        ));
    }
    Ok(())
}
