//! `[[sync_jobs]]`.

use std::time::Duration;

use syft_jobs::{
    Job, Options, Schedule,
    job::Timing,
    mirror::{Comparison, Conflicts, Direction, Durability, Symlinks},
};

use super::{filter, id, mebibytes, refuse};
use crate::config::{
    finding::Findings,
    place::Origin,
    tree::{Node, Table},
};

pub(super) fn resolve(tree: &Table, findings: &mut Findings) -> Option<Vec<Job>> {
    let nodes = tree.list("sync_jobs").iter();
    // Each is looked at, also behind one that is wrong.
    let jobs: Vec<_> = nodes
        .filter_map(|node: &Node| Some((node.as_table()?, &node.origin)))
        .map(|(table, origin)| job(table, origin, findings))
        .collect();
    jobs.into_iter().collect()
}

fn job(table: &Table, origin: &Origin, findings: &mut Findings) -> Option<Job> {
    let id = id(table, "id", findings);
    let schedule = schedule(table.table("schedule"), origin, findings);
    let options = options(table, findings);
    let id = id?;
    Some(Job {
        name: table.text_or_none("name").unwrap_or(id.as_str()).to_owned(),
        id,
        source: table.path("source_path"),
        destination: table.path("destination_path"),
        enabled: table.bool("enabled"),
        schedule: schedule?,
        timing: timing(table.table("schedule")),
        priority: table.integer("priority"),
        tags: table.texts("tags").into_iter().map(str::to_owned).collect(),
        options: options?,
    })
}

fn schedule(table: &Table, job: &Origin, findings: &mut Findings) -> Option<Schedule> {
    let kind = table.text("type");
    for (key, its_kind) in [("interval", "interval"), ("expression", "cron")] {
        if table.get(key).is_some() && kind != its_kind {
            let message = format!("`{key}` has no effect where the type is {kind:?}");
            findings.warning(table.origin(key), message);
        }
    }
    let (key, schedule) = match kind {
        "interval" => {
            let text = said(table, "interval", job, findings)?;
            ("interval", Schedule::interval(text))
        }
        "cron" => {
            let text = said(table, "expression", job, findings);
            let zone = zone(table, findings);
            ("expression", Schedule::cron(text?, zone?))
        }
        _ => return Some(Schedule::Manual),
    };
    let schedule = schedule
        .map_err(|error| refuse(table.origin(key), key, &error, findings))
        .ok()?;
    for warning in schedule.warnings() {
        findings.warning(table.origin(key), format_args!("`{key}`: {warning}"));
    }
    Some(schedule)
}

/// Returns what the type of a schedule calls for.
fn said<'a>(table: &'a Table, key: &str, job: &Origin, findings: &mut Findings) -> Option<&'a str> {
    let text = table.text_or_none(key);
    if text.is_none() {
        let origin = match table.origin("type") {
            Origin::Default => job,
            origin => origin,
        };
        let message = format!(
            "`{key}` is missing, for the type is {:?}",
            table.text("type")
        );
        findings.error(origin, message);
    }
    text
}

fn zone(table: &Table, findings: &mut Findings) -> Option<chrono_tz::Tz> {
    let name = table.text("timezone");
    let zone = name.parse();
    if zone.is_err() {
        let message = format!("`timezone`: {name:?} is no IANA time zone, as Europe/Berlin or UTC");
        findings.error(table.origin("timezone"), message);
    }
    zone.ok()
}

fn timing(table: &Table) -> Timing {
    let max_run = table.seconds("max_run_duration_secs");
    Timing {
        skip_if_running: table.bool("skip_if_running"),
        max_run: (!max_run.is_zero()).then_some(max_run),
        catch_up: table.text("catch_up") == "one",
        run_on_start: table.bool("run_on_start"),
    }
}

fn options(job: &Table, findings: &mut Findings) -> Option<Options> {
    let exclude = ["filters", "exclude_patterns"];
    let filter = filter(job, &exclude, &["include_patterns"], findings);
    let table = job.table("sync_options");
    let symlinks = symlinks(table, findings);
    let max_file_size = mebibytes(table, "max_file_size_mb");
    let direction = match table.bool("bidirectional") {
        true => Direction::TwoWay,
        false => Direction::OneWay,
    };
    Some(Options {
        dry_run: table.bool("dry_run"),
        filter: filter?,
        ignore_hidden: table.bool("ignore_hidden_files"),
        respect_gitignore: table.bool("respect_gitignore"),
        comparison: comparison(table, findings),
        modify_window: Duration::from_millis(table.integer("modify_window_ms")),
        permissions: table.bool("preserve_permissions"),
        timestamps: table.bool("preserve_timestamps"),
        ownership: table.bool("preserve_ownership"),
        xattrs: table.bool("preserve_xattrs"),
        hard_links: table.bool("preserve_hard_links"),
        delete: table.bool("delete_destination_files"),
        delete_limit_percent: table.integer("delete_limit_percent"),
        continue_on_error: table.bool("continue_on_error"),
        direction,
        conflicts: conflicts(table, direction),
        max_file_size: (max_file_size > 0).then_some(max_file_size),
        symlinks: symlinks?,
        verify: table.bool("verify_checksums"),
        durability: match table.text("durability") {
            "none" => Durability::None,
            "file" => Durability::File,
            _ => Durability::Run,
        },
    })
}

fn comparison(table: &Table, findings: &mut Findings) -> Comparison {
    match table.text("comparison_method") {
        "blake3" => Comparison::Blake3,
        "xxhash" => Comparison::Xxh3,
        "md5" => {
            findings
                .warning(table.origin("comparison_method"), "MD5 can be forged")
                .help("blake3 is faster and cannot");
            Comparison::Md5
        }
        "size" => Comparison::Size,
        "mtime" | "timestamp" => Comparison::Mtime,
        "size_mtime" => Comparison::SizeMtime,
        "bytes" => Comparison::Bytes,
        _ => Comparison::Sha256,
    }
}

/// A mirror's source wins; where changes go both ways nobody's work is thrown away unasked.
fn conflicts(table: &Table, direction: Direction) -> Conflicts {
    match table.text_or_none("conflict_resolution") {
        Some("source") => Conflicts::Source,
        Some("destination") => Conflicts::Destination,
        Some("newer") => Conflicts::Newer,
        Some("larger") => Conflicts::Larger,
        Some("copy") => Conflicts::Copy,
        Some("manual") => Conflicts::Manual,
        Some("skip") => Conflicts::Skip,
        _ if direction == Direction::TwoWay => Conflicts::Copy,
        _ => Conflicts::Source,
    }
}

fn symlinks(table: &Table, findings: &mut Findings) -> Option<Symlinks> {
    let is_followed = table.bool("follow_symlinks");
    match table.text_or_none("symlinks") {
        Some("follow") => Some(Symlinks::Follow),
        Some(_) if is_followed => {
            let message = "`symlinks` and `follow_symlinks` contradict each other; give one";
            findings.error(table.origin("symlinks"), message);
            None
        }
        Some("skip") => Some(Symlinks::Skip),
        None if is_followed => Some(Symlinks::Follow),
        _ => Some(Symlinks::Copy),
    }
}
