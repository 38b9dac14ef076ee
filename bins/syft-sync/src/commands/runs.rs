//! `syft-sync runs`.

use std::time::Duration;

use serde_json::json;
use syft_jobs::{JobId, RunRecord, mirror::Status};

use super::{plan, trigger};
use crate::{
    args::RunsArgs,
    daemon::sentence,
    exit::Outcome,
    place,
    session::Wanted,
    term::{self, BAD, DIM, GOOD, WARN, paint},
    words,
};

pub(crate) fn run(wanted: &Wanted, args: &RunsArgs, is_json: bool) -> Outcome {
    let job = args.job.as_deref().map(str::parse::<JobId>).transpose()?;
    let config = place::find(wanted)?.config()?;
    let runs = match plan::store(&config)? {
        Some(store) => store.runs(job.as_ref(), args.limit)?,
        None => Vec::new(),
    };
    if is_json {
        term::json(&json!(runs));
        return Ok(());
    }
    if runs.is_empty() {
        if let Some(job) = &job {
            trigger::job(&config, job)?;
        }
        term::say("No run is on record.");
    }
    for run in &runs {
        term::out(line(run));
        if args.errors {
            for error in &run.report.errors {
                term::out(format_args!(
                    "    {}: {}",
                    error.path.display(),
                    error.message
                ));
            }
        }
    }
    Ok(())
}

fn line(run: &RunRecord) -> String {
    let style = match run.report.status {
        Status::Success => GOOD,
        Status::Partial | Status::Skipped | Status::Cancelled => WARN,
        Status::Failed => BAD,
    };
    let took = run.finished.as_micros() - run.started.as_micros();
    let took = Duration::from_micros(u64::try_from(took).unwrap_or_default());
    format!(
        "{}  {}  {}  {} {}",
        paint(DIM, words::clock(run.started)),
        paint(DIM, &run.run_id),
        run.job,
        paint(style, sentence(&run.report)),
        paint(
            DIM,
            format_args!("{}, in {}", run.trigger.as_str(), words::span(took))
        ),
    )
}
