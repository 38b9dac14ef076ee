//! What has to fit together: jobs with their watchers, and jobs with one another.

mod cycle;

use std::{collections::BTreeMap, fs, io, path::Path};

use chrono::{DateTime, Utc};
use syft_jobs::{Job, JobId, Schedule, trigger::WatcherSpec};

use super::{
    Config,
    finding::Findings,
    place::Origin,
    reach::Reach,
    schema::similar,
    tree::{Node, Table},
};

/// A job with what its checks need.
struct Known<'a> {
    job: &'a Job,
    table: &'a Table,
    origin: &'a Origin,
    source: Reach,
    destination: Reach,
    /// Whether it runs without anybody asking for it.
    runs_by_itself: bool,
}

/// Checks what the parts of a config have to do with each other and with this machine.
pub(super) fn check(config: &Config, findings: &mut Findings) {
    let jobs = known_jobs(config);
    unique("sync_jobs", &config.values, findings);
    unique("file_watchers", &config.values, findings);
    for known in &jobs {
        own_paths(known, findings);
        due_again(known, config.source.sources.machine.now, findings);
    }
    for (watcher, table) in config
        .watchers
        .iter()
        .zip(tables(&config.values, "file_watchers"))
    {
        watched(watcher, table, &jobs, findings);
    }
    cycle::check(&jobs, findings);
    shared_destinations(&jobs, findings);
    if !jobs.is_empty() && !jobs.iter().any(|known| known.job.enabled) {
        let message = "no job is enabled, so nothing runs; `enabled` is false by default";
        findings.warning(jobs[0].origin, message);
    }
    ports(config, findings);
    exposed_password(config, findings);
}

fn known_jobs(config: &Config) -> Vec<Known<'_>> {
    let nodes = config.values.list("sync_jobs");
    let jobs = config.jobs.iter().zip(nodes);
    jobs.filter_map(|(job, node)| {
        let is_watched = |watcher: &WatcherSpec| watcher.enabled && watcher.job == job.id;
        let has_trigger =
            job.schedule != Schedule::Manual || config.watchers.iter().any(is_watched);
        Some(Known {
            job,
            table: node.as_table()?,
            origin: &node.origin,
            source: Reach::of(&job.source),
            destination: Reach::of(&job.destination),
            runs_by_itself: job.enabled && has_trigger,
        })
    })
    .collect()
}

fn tables<'a>(values: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    values.list(key).iter().filter_map(Node::as_table)
}

fn unique(list: &str, values: &Table, findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for table in tables(values, list) {
        let (id, origin) = (table.text("id"), table.origin("id"));
        if let Some(first) = seen.insert(id, origin) {
            findings.error(
                origin,
                format_args!("the id {id:?} is there twice; see {first}"),
            );
        }
    }
}

fn own_paths(known: &Known<'_>, findings: &mut Findings) {
    let (source, destination) = (&known.source, &known.destination);
    let relation = match (destination.is_within(source), source.is_within(destination)) {
        (true, true) => Some("source and destination are the same directory"),
        (true, false) => Some("the destination is within the source"),
        (false, true) => Some("the source is within the destination"),
        (false, false) => None,
    };
    if let Some(relation) = relation {
        let message = format!("job {:?}: {relation}", known.job.id.as_str());
        findings.error(known.table.origin("destination_path"), message);
    }
    if known.job.enabled {
        let origin = known.table.origin("source_path");
        directory(
            &known.job.source,
            "the job fails until it is there",
            origin,
            findings,
        );
    }
}

/// Remarks a cron expression whose years have gone by.
fn due_again(known: &Known<'_>, now: DateTime<Utc>, findings: &mut Findings) {
    let schedule = &known.job.schedule;
    if known.job.enabled
        && *schedule != Schedule::Manual
        && schedule.next_after(now, None).is_none()
    {
        let origin = known.table.table("schedule").origin("expression");
        findings.warning(origin, "the job is never due again");
    }
}

/// Says what is the matter with a directory that is read.
fn directory(path: &Path, consequence: &str, origin: &Origin, findings: &mut Findings) {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            findings.warning(origin, format_args!("{} is no directory", path.display()));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let message = format!("{} does not exist; {consequence}", path.display());
            findings.note(origin, message);
        }
        Err(error) => {
            findings.warning(origin, format_args!("{}: {error}", path.display()));
        }
    }
}

fn watched(watcher: &WatcherSpec, table: &Table, jobs: &[Known<'_>], findings: &mut Findings) {
    let Some(known) = jobs.iter().find(|known| known.job.id == watcher.job) else {
        return unknown_job(&watcher.job, table.origin("sync_job_id"), jobs, findings);
    };
    let (reach, origin) = (Reach::of(&watcher.path), table.origin("watch_path"));
    let id = known.job.id.as_str();
    if reach.is_within(&known.destination) {
        let message =
            format!("it is within the destination of job {id:?}, so that each run causes the next");
        findings.error(origin, message);
    } else if !reach.is_within(&known.source) {
        let message =
            format!("it is outside the source of job {id:?}, so that runs may find nothing to do");
        findings.warning(origin, message);
    }
    if watcher.enabled {
        directory(
            &watcher.path,
            "it is watched as soon as it is there",
            origin,
            findings,
        );
        if !known.job.enabled {
            let message = format!("job {id:?} is not enabled, so this watcher causes nothing");
            findings.warning(table.origin("sync_job_id"), message);
        }
    }
}

fn unknown_job(id: &JobId, origin: &Origin, jobs: &[Known<'_>], findings: &mut Findings) {
    let ids = jobs.iter().map(|known| known.job.id.as_str());
    let similar = similar(id.as_str(), ids);
    let finding = findings.error(origin, format_args!("there is no job {:?}", id.as_str()));
    if let Some(similar) = similar {
        finding.help(format_args!("did you mean {similar:?}?"));
    }
}

/// Two mirrors into one directory delete each other's files.
fn shared_destinations(jobs: &[Known<'_>], findings: &mut Findings) {
    let enabled: Vec<_> = jobs.iter().filter(|known| known.job.enabled).collect();
    for (index, one) in enabled.iter().enumerate() {
        for other in &enabled[..index] {
            let deletes = one.job.options.delete || other.job.options.delete;
            if deletes && one.destination.overlaps(&other.destination) {
                let message = format!(
                    "job {:?} writes there, too, and one of them deletes what it does not know",
                    other.job.id.as_str()
                );
                findings.warning(one.table.origin("destination_path"), message);
            }
        }
    }
}

fn ports(config: &Config, findings: &mut Findings) {
    let (metrics, http) = (&config.telemetry.metrics, &config.http);
    if metrics.enabled && metrics.port != 0 && metrics.port == http.port {
        let message = format!("port {} is that of the metrics already", http.port);
        findings.error(config.values.table("http").origin("port"), message);
    }
}

fn exposed_password(config: &Config, findings: &mut Findings) {
    let pocketbase = config.values.get("pocketbase").and_then(Node::as_table);
    let password = pocketbase.and_then(|table| table.get("admin_password"));
    if let Some(password) = password
        && password.origin.place().is_some()
        && config.source.is_exposed
    {
        findings
            .warning(
                &password.origin,
                "others may read this file and the password in it",
            )
            .help(format_args!("chmod 600 {}", config.name()));
    }
}
