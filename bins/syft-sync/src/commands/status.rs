//! `syft-sync status`.

use std::time::Duration;

use serde_json::{Value, json};
use syft_daemon::Ended;
use syft_jobs::RunRecord;

use super::plan;
use crate::{
    args::StatusArgs,
    daemon::sentence,
    exit::{Exit, Failure, Outcome},
    place::{self, PROGRAM, Place, Running},
    session::Wanted,
    term::{self, BAD, BOLD, DIM, GOOD, WARN, paint},
    words,
};

const PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn run(wanted: &Wanted, args: &StatusArgs, is_json: bool) -> Outcome {
    if !args.watch {
        return once(wanted, is_json).await;
    }
    loop {
        if !is_json {
            // Home, and away with what was there.
            term::bytes(b"\x1b[H\x1b[2J");
        }
        if let Err(failure) = once(wanted, is_json).await
            && !failure.message.is_empty()
        {
            return Err(failure);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn once(wanted: &Wanted, is_json: bool) -> Outcome {
    let place = place::find(wanted)?;
    let running = place.running()?;
    let told = match (&running, place.control()) {
        (Some(_), Ok(Some(control))) => control.get("/status").await.map_err(Failure::from),
        (Some(_), Ok(None)) => Ok(Value::Null),
        (Some(_), Err(failure)) => Err(failure),
        (None, _) => Ok(Value::Null),
    };
    let trouble = told.as_ref().err().map(|failure| failure.message.clone());
    let told = told.unwrap_or(Value::Null);
    if is_json {
        term::json(&as_json(&place, running.as_ref(), told, trouble));
    } else {
        tell(&place, running.as_ref(), &told, trouble.as_deref());
    }
    match (running, place.config) {
        (Some(_), _) => Ok(()),
        (None, Err(error)) => Err(error.into()),
        (None, Ok(_)) => Err(Failure::silent(Exit::NotRunning)),
    }
}

fn as_json(
    place: &Place,
    running: Option<&Running>,
    told: Value,
    trouble: Option<String>,
) -> Value {
    let mut all = match told {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    };
    all.insert("running".to_owned(), json!(running.is_some()));
    all.insert(
        "pid".to_owned(),
        json!(running.map(|running| running.holder.pid)),
    );
    all.insert(
        "started_by".to_owned(),
        json!(
            running
                .and_then(|running| running.origin.as_ref())
                .map(|origin| &origin.by)
        ),
    );
    all.insert("pid_file".to_owned(), json!(place.paths.pid()));
    if let Err(error) = &place.config {
        all.insert("config_error".to_owned(), json!(error.to_string()));
    }
    if let Some(trouble) = trouble {
        all.insert("trouble".to_owned(), json!(trouble));
    }
    Value::Object(all)
}

fn tell(place: &Place, running: Option<&Running>, told: &Value, trouble: Option<&str>) {
    match running {
        Some(running) => term::out(paint(
            GOOD,
            format_args!("✅ {PROGRAM} is running (PID {})", running.holder.pid),
        )),
        None => {
            term::out(paint(BAD, format_args!("❌ {PROGRAM} is not running")));
            tell_ended(place);
            super::stop::mention_stale(place);
        }
    }
    let config = match &place.config {
        Ok(config) => config.name(),
        Err(_) => place
            .file
            .as_ref()
            .map_or_else(String::new, |file| file.display().to_string()),
    };
    field("Config", config);
    if let Err(error) = &place.config {
        field("", paint(BAD, error));
    }
    if let Some(running) = running {
        tell_process(running);
    }
    if let Some(trouble) = trouble {
        field("Trouble", paint(WARN, trouble));
    }
    if told.is_null() {
        tell_record(place);
    } else {
        tell_daemon(told);
    }
}

fn field(name: &str, value: impl std::fmt::Display) {
    term::out(format_args!(
        "  {} {value}",
        paint(DIM, format_args!("{name:<11}"))
    ));
}

fn tell_process(running: &Running) {
    let since = running.holder.since.map(|since| words::ago(since.into()));
    let how = running
        .origin
        .as_ref()
        .map_or_else(String::new, |origin| format!(", {}", origin.by.how()));
    field(
        "Started",
        format_args!(
            "{}{how}",
            since.unwrap_or_else(|| "some time ago".to_owned())
        ),
    );
}

/// Says how a daemon ended that nobody has stopped.
fn tell_ended(place: &Place) {
    if let Ok(Some(ended)) = Ended::read(&place.paths) {
        let given_up = if ended.gave_up {
            "; it was given up"
        } else {
            ""
        };
        field(
            "Crashed",
            format_args!("{}: {}{given_up}", words::ago(ended.when), ended.why),
        );
    }
}

fn tell_daemon(told: &Value) {
    if told["state"] == "paused" {
        field("State", paint(WARN, "paused; no job begins"));
    }
    let config = &told["config"];
    if let Some(refused) = config["refused"].as_str() {
        field(
            "Refused",
            paint(BAD, format_args!("a newer config: {refused}")),
        );
    }
    if let Some(keys) = config["restart_required"]
        .as_array()
        .filter(|keys| !keys.is_empty())
    {
        let keys: Vec<_> = keys.iter().filter_map(|key| key.as_str()).collect();
        field(
            "Restart",
            paint(WARN, format_args!("needed for {}", keys.join(", "))),
        );
    }
    if let Some(address) = told["telemetry"]["metrics"].as_str() {
        field("Metrics", address);
    }
    tell_pocketbase(&told["pocketbase"]);
    let jobs = told["jobs"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    term::out("");
    term::out(paint(BOLD, "Jobs"));
    for job in jobs {
        term::out(format_args!("  {}", job_line(job)));
    }
    if jobs.is_empty() {
        term::out("  none");
    }
    let watchers = told["watchers"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !watchers.is_empty() {
        term::out("");
        term::out(paint(BOLD, "Watchers"));
    }
    for watcher in watchers {
        term::out(format_args!("  {}", watcher_line(watcher)));
    }
}

fn tell_pocketbase(told: &Value) {
    let Some(url) = told["url"].as_str() else {
        return;
    };
    let state = if told["connected"] == true {
        paint(GOOD, "connected")
    } else {
        paint(WARN, "not connected")
    };
    field("PocketBase", format_args!("{url}, {state}"));
    if let Some(error) = told["last_error"].as_str() {
        field("", paint(WARN, error));
    }
}

/// Without a daemon there is what earlier runs have left.
fn tell_record(place: &Place) {
    let Ok(config) = &place.config else {
        return;
    };
    let store = plan::store(config).ok().flatten();
    term::out("");
    term::out(paint(BOLD, "Jobs"));
    for job in &config.jobs {
        let last = store
            .as_ref()
            .and_then(|store| store.runs(Some(&job.id), 1).ok());
        let job = json!({
            "id": job.id,
            "enabled": job.enabled,
            "schedule": job.schedule.to_string(),
            "last_run": last.and_then(|mut runs| runs.pop()),
        });
        term::out(format_args!("  {}", job_line(&job)));
    }
}

/// Returns a job in a line: what it is, what it does, what it did.
pub(super) fn job_line(job: &Value) -> String {
    let id = job["id"].as_str().unwrap_or_default();
    let schedule = job["schedule"].as_str().unwrap_or_default();
    let mut line = format!("{}  {schedule}", paint(BOLD, format_args!("{id:<20}")));
    if job["enabled"] == false {
        return format!("{line}  {}", paint(DIM, "not enabled"));
    }
    if let Some(running) = job["running"].as_object() {
        let progress = &running["progress"];
        let number = |name: &str| progress[name].as_u64().unwrap_or_default();
        let text = format!(
            "running: {} of {}, {} of {}",
            number("actions_done"),
            number("actions"),
            words::bytes(number("bytes_done")),
            words::bytes(number("bytes")),
        );
        return format!("{line}  {}", paint(GOOD, text));
    }
    if let Ok(run) = serde_json::from_value::<RunRecord>(job["last_run"].clone()) {
        line = format!(
            "{line}  {}, {}",
            words::ago(run.finished),
            sentence(&run.report)
        );
    }
    let due = job["next_due"].as_str();
    let due = due.and_then(|due| chrono::DateTime::parse_from_rfc3339(due).ok());
    if let Some(due) = due {
        let due = words::until(due.with_timezone(&chrono::Utc).into());
        line = format!("{line}  {}", paint(DIM, format_args!("next {due}")));
    }
    line
}

fn watcher_line(watcher: &Value) -> String {
    let text = |name: &str| watcher[name].as_str().unwrap_or_default().to_owned();
    let state = match watcher["state"].as_str() {
        Some("armed") => paint(GOOD, "watching"),
        Some("polling") => paint(WARN, "polling"),
        Some(other) => paint(BAD, other),
        None => String::new(),
    };
    let why = watcher["why"].as_str();
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    format!(
        "{}  {} → {}  {state}{why}",
        paint(BOLD, format_args!("{:<20}", text("id"))),
        text("path"),
        text("job")
    )
}
