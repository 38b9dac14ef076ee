//! `syft-sync plan`: what a run would do.

use syft_jobs::{
    JobId,
    mirror::{self, Cancel, Context, Insist, Looked, Permits, progress::Silent, run::Change},
    store::Store,
};

use super::trigger::job;
use crate::{
    config::Config,
    exit::Outcome,
    place, record,
    session::Wanted,
    term::{self, BAD, BOLD, DIM, GOOD, WARN, count, paint},
    words,
};

pub(crate) fn run(wanted: &Wanted, id: &str, is_json: bool) -> Outcome {
    let id: JobId = id.parse()?;
    let config = place::find(wanted)?.config()?;
    let looked = look(&config, &id)?;
    if is_json {
        term::json(&looked.to_json());
    } else {
        tell(&looked);
    }
    Ok(())
}

/// Looks at both trees of a job.
pub(super) fn look(config: &Config, id: &JobId) -> Outcome<Looked> {
    let store = store(config)?;
    let context = Context {
        cancel: &Cancel::default(),
        permits: &Permits::new(config.concurrency.max_file_operations),
        progress: &Silent,
        store: store.as_ref(),
        insist: Insist::No,
    };
    Ok(mirror::look(job(config, id)?, &context)?)
}

/// Opens what is remembered of earlier runs, if there is anything.
pub(super) fn store(config: &Config) -> Outcome<Option<Store>> {
    if !record::path(config).exists() {
        return Ok(None);
    }
    record::open(config).map(Some)
}

fn tell(looked: &Looked) {
    term::out(format_args!(
        "{} → {}",
        looked.source.root.display(),
        looked.destination.root.display()
    ));
    let mut changes = 0;
    for change in looked.lines() {
        changes += 1;
        term::out(line(&change));
    }
    for conflict in &looked.plan.conflicts {
        term::out(paint(
            WARN,
            format_args!("! conflict   {}", conflict.path.display()),
        ));
    }
    for error in &looked.plan.errors {
        term::out(paint(
            BAD,
            format_args!("! error      {}: {}", error.path.display(), error.message),
        ));
    }
    term::out("");
    term::out(paint(
        BOLD,
        format_args!(
            "{}, {} to copy, {} in step.",
            count(changes, "change"),
            words::bytes(looked.plan.bytes),
            looked.plan.skipped
        ),
    ));
    if let Some(held) = &looked.plan.held {
        term::warning(format_args!(
            "a run would be held: {held}; `syft-sync trigger JOB --force` carries it out"
        ));
    }
}

/// Returns a change as a line, painted by what it does.
pub(super) fn line(change: &Change) -> String {
    let style = match change.sign {
        '+' => GOOD,
        '-' => BAD,
        '~' | '>' => WARN,
        _ => DIM,
    };
    let size = if change.bytes > 0 {
        format!("  {}", paint(DIM, words::bytes(change.bytes)))
    } else {
        String::new()
    };
    format!(
        "{} {:<10} {}{size}",
        paint(style, change.sign),
        change.what,
        change.path.display()
    )
}
