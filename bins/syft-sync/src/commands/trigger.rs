//! `syft-sync trigger`: by the daemon where one runs, and right here otherwise.

mod bar;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use syft_jobs::{
    Job, JobId, RunRecord, Schedule,
    mirror::{Insist, Status},
    queue::{Cause, Request},
    service::{ProgressNow, Service, Settings, Setup},
};
use tokio::time::sleep;

use self::bar::Bar;
use crate::{
    args::TriggerArgs,
    config::Config,
    daemon::sentence,
    exit::{Exit, Failure, Outcome},
    http::client::{Control, Error},
    place::{self, Place},
    record,
    session::Wanted,
    term::{self, ACCENT, BAD, GOOD, WARN, paint},
};

/// How often one looks how far a run is.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn run(wanted: &Wanted, args: &TriggerArgs, is_json: bool) -> Outcome {
    let id: JobId = args.job.parse()?;
    let place = place::find(wanted)?;
    match place.running()? {
        Some(_) => {
            let control = place.reach()?;
            by_daemon(&control, &id, args, is_json).await
        }
        None => {
            let run = here(place, &id, args, is_json).await?;
            verdict(&run, is_json)
        }
    }
}

async fn by_daemon(control: &Control, id: &JobId, args: &TriggerArgs, is_json: bool) -> Outcome {
    let manner = json!({"dry_run": args.dry_run, "force": args.force});
    let answer = control
        .post(&format!("/jobs/{id}/trigger"), Some(&manner))
        .await
        .map_err(refused)?;
    let run_id = answer["run_id"].as_str().unwrap_or_default().to_owned();
    if !args.wait {
        if is_json {
            term::json(&answer);
        } else {
            term::say(format_args!("{id} runs as {run_id}"));
            term::say(format_args!(
                "{}  syft-sync runs {id}",
                paint(ACCENT, "next:")
            ));
        }
        return Ok(());
    }
    let run = await_end(control, &run_id, is_json).await?;
    verdict(&run, is_json)
}

fn refused(error: Error) -> Failure {
    let is_unknown = matches!(error, Error::Refused { status: 404, .. });
    let failure = Failure::from(error);
    if is_unknown {
        return Failure {
            exit: Exit::Usage,
            ..failure
        }
        .hint("syft-sync jobs");
    }
    failure
}

/// Shows how far the run is until it is over; Ctrl+C leaves it running.
async fn await_end(control: &Control, run_id: &str, is_json: bool) -> Outcome<RunRecord> {
    let mut bar = Bar::new(is_json);
    let path = format!("/runs/{run_id}");
    loop {
        let answer = tokio::select! {
            answer = control.get(&path) => answer?,
            _ = tokio::signal::ctrl_c() => {
                bar.clear();
                return Err(Failure::error(format!("interrupted; {run_id} goes on")));
            }
        };
        match answer["state"].as_str() {
            Some("finished") => {
                bar.clear();
                return serde_json::from_value(answer["run"].clone()).map_err(|error| {
                    Failure::error(format!("the daemon's answer is not understood: {error}"))
                });
            }
            Some("running") => bar.show(&progress(&answer["run"]["progress"])),
            _ => bar.wait(),
        }
        sleep(PAUSE).await;
    }
}

fn progress(value: &Value) -> ProgressNow {
    let number = |name: &str| value[name].as_u64().unwrap_or_default();
    ProgressNow {
        actions: number("actions"),
        actions_done: number("actions_done"),
        bytes: number("bytes"),
        bytes_done: number("bytes_done"),
        path: value["path"].as_str().map(ToOwned::to_owned),
    }
}

/// Runs the job in this process, which ends it at Ctrl+C after the file at hand.
async fn here(place: Place, id: &JobId, args: &TriggerArgs, is_json: bool) -> Outcome<RunRecord> {
    let config = place.config()?;
    let job = job(&config, id)?;
    let store = Arc::new(record::open(&config)?);
    let settings = Settings {
        max_file_operations: config.concurrency.max_file_operations,
        ..Settings::default()
    };
    // By itself it is never due here.
    let job = Job {
        schedule: Schedule::Manual,
        ..job.clone()
    };
    let setup = Setup {
        jobs: vec![job],
        watchers: Vec::new(),
    };
    let service = Service::start(setup, settings, store, |_| {});
    let request = Request {
        dry_run: args.dry_run,
        insist: if args.force { Insist::Yes } else { Insist::No },
        ..Request::new(Cause::Manual)
    };
    let ticket = service.trigger(id, request).await.map_err(|refused| {
        Failure::error(format!("{id}: {refused}")).hint(format!("syft-sync jobs enable {id}"))
    })?;
    let mut bar = Bar::new(is_json);
    let watching = async {
        loop {
            let snapshot = service.snapshot();
            if let Some(running) = snapshot.jobs.iter().find_map(|job| job.running.as_ref()) {
                bar.show(&running.progress);
            }
            sleep(PAUSE).await;
        }
    };
    let ended = ticket.wait();
    tokio::pin!(ended);
    let run = tokio::select! {
        run = &mut ended => run,
        () = watching => unreachable!("it watches for ever"),
        _ = tokio::signal::ctrl_c() => {
            service.stop(config.daemon.shutdown_timeout).await;
            ended.await
        }
    };
    bar.clear();
    Ok(run)
}

/// Finds a job of the config.
pub(super) fn job<'a>(config: &'a Config, id: &JobId) -> Outcome<&'a Job> {
    let job = config.jobs.iter().find(|job| job.id == *id);
    job.ok_or_else(|| {
        let known: Vec<_> = config.jobs.iter().map(|job| job.id.as_str()).collect();
        let near = known
            .iter()
            .max_by(|a, b| {
                let of = |known: &str| strsim::jaro_winkler(known, id.as_str());
                of(a).total_cmp(&of(b))
            })
            .filter(|near| strsim::jaro_winkler(near, id.as_str()) > 0.8);
        let message = match near {
            Some(near) => format!("there is no job {id}; did you mean {near}?"),
            None => format!("there is no job {id} in {}", config.name()),
        };
        Failure::new(Exit::Usage, message).hint("syft-sync jobs")
    })
}

fn verdict(run: &RunRecord, is_json: bool) -> Outcome {
    if is_json {
        term::json(&json!(run));
    } else {
        tell(run);
    }
    match run.report.status {
        Status::Success => Ok(()),
        Status::Partial => Err(Failure::silent(Exit::Partial)),
        Status::Failed | Status::Skipped | Status::Cancelled => Err(Failure::silent(Exit::Error)),
    }
}

/// Prints what a run did, with its errors.
pub(super) fn tell(run: &RunRecord) {
    let (sign, style) = match run.report.status {
        Status::Success => ("✅", GOOD),
        Status::Partial | Status::Cancelled | Status::Skipped => ("⚠️ ", WARN),
        Status::Failed => ("❌", BAD),
    };
    term::out(format_args!(
        "{sign} {}: {}",
        run.job,
        paint(style, sentence(&run.report))
    ));
    for error in &run.report.errors {
        term::out(format_args!(
            "   {}: {}",
            error.path.display(),
            error.message
        ));
    }
    let more = run.report.counts.failed - run.report.errors.len() as u64;
    if more > 0 {
        term::out(format_args!("   and {more} more"));
    }
    for path in &run.report.conflicts {
        term::out(format_args!("   both sides changed {}", path.display()));
    }
}
