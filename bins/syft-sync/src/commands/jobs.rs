//! `syft-sync jobs`.

use serde_json::{Value, json};
use syft_jobs::{Job, JobId};

use super::trigger::job;
use crate::{
    args::JobsCommand,
    config::Config,
    exit::Outcome,
    place::{self, Place},
    session::Wanted,
    term::{self, BOLD, DIM, WARN, paint},
};

pub(crate) async fn run(wanted: &Wanted, command: Option<JobsCommand>, is_json: bool) -> Outcome {
    match command.unwrap_or(JobsCommand::List) {
        JobsCommand::List => list(place::find(wanted)?, is_json).await,
        JobsCommand::Show { job: id } => {
            let config = place::find(wanted)?.config()?;
            let job = job(&config, &id.parse()?)?;
            show(job, is_json);
            Ok(())
        }
        JobsCommand::Enable { job } => set(wanted, &job.parse()?, true).await,
        JobsCommand::Disable { job } => set(wanted, &job.parse()?, false).await,
    }
}

/// What runs may have jobs of `PocketBase`, too.
async fn list(place: Place, is_json: bool) -> Outcome {
    let running = match place.control()? {
        Some(control) => Some(control.get("/jobs").await?),
        None => None,
    };
    let jobs = match running {
        Some(jobs) => jobs,
        None => Value::Array(place.config()?.jobs.iter().map(summary).collect()),
    };
    if is_json {
        term::json(&jobs);
        return Ok(());
    }
    let jobs = jobs.as_array().map(Vec::as_slice).unwrap_or_default();
    if jobs.is_empty() {
        term::say("There are no jobs.");
    }
    for job in jobs {
        term::out(super::status::job_line(job));
    }
    Ok(())
}

fn summary(job: &Job) -> Value {
    json!({
        "id": job.id,
        "name": job.name,
        "enabled": job.enabled,
        "schedule": job.schedule.to_string(),
    })
}

fn show(job: &Job, is_json: bool) {
    let options = &job.options;
    let timing = &job.timing;
    let fields = json!({
        "id": job.id,
        "name": job.name,
        "enabled": job.enabled,
        "source_path": job.source,
        "destination_path": job.destination,
        "schedule": job.schedule.to_string(),
        "priority": job.priority,
        "tags": job.tags,
        "skip_if_running": timing.skip_if_running,
        "max_run_duration_secs": timing.max_run.map(|limit| limit.as_secs()),
        "catch_up": timing.catch_up,
        "run_on_start": timing.run_on_start,
        "dry_run": options.dry_run,
        "direction": options.direction,
        "conflict_resolution": options.conflicts,
        "comparison_method": options.comparison,
        "delete_destination_files": options.delete,
        "delete_limit_percent": options.delete_limit_percent,
        "ignore_hidden_files": options.ignore_hidden,
        "preserve_permissions": options.permissions,
        "preserve_timestamps": options.timestamps,
        "preserve_ownership": options.ownership,
        "symlinks": options.symlinks,
        "verify_checksums": options.verify,
        "durability": options.durability,
        "continue_on_error": options.continue_on_error,
        "max_file_size": options.max_file_size,
    });
    if is_json {
        return term::json(&fields);
    }
    for (name, value) in fields.as_object().into_iter().flatten() {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Null => "none".to_owned(),
            value => value.to_string(),
        };
        term::out(format_args!(
            "{} {value}",
            paint(BOLD, format_args!("{name:<26}"))
        ));
    }
    for warning in job.schedule.warnings() {
        term::out(paint(WARN, warning));
    }
}

/// Changes the config file, and lets what runs know.
async fn set(wanted: &Wanted, id: &JobId, is_enabled: bool) -> Outcome {
    let place = place::find(wanted)?;
    let control = place.control()?;
    let config: Config = place.config()?;
    job(&config, id)?;
    crate::config::edit::set_enabled(&config, id, is_enabled)?;
    let what = if is_enabled { "enabled" } else { "disabled" };
    term::say(format_args!("{id} is {what} in {}", config.name()));
    match control {
        Some(control) => {
            control.post("/reload", None).await?;
            term::say(paint(DIM, "The daemon has taken notice."));
        }
        None => term::say(paint(DIM, "The daemon does not run.")),
    }
    Ok(())
}
