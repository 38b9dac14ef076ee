//! `syft-sync explain`: what becomes of a path, and why.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use syft_jobs::{
    Job,
    mirror::{Kind, Looked, run::Change},
};

use super::plan;
use crate::{
    config::Config,
    exit::{Exit, Failure, Outcome},
    place,
    session::Wanted,
    term::{self, ACCENT, DIM, paint},
};

/// No more changes below a directory are shown.
const MOST: usize = 20;

pub(crate) fn run(wanted: &Wanted, path: &Path, is_json: bool) -> Outcome {
    let config = place::find(wanted)?.config()?;
    let path = absolute(path)?;
    let mut answers = Vec::new();
    for job in &config.jobs {
        for (root, side) in [(&job.source, "source"), (&job.destination, "destination")] {
            let root = root.canonicalize().unwrap_or_else(|_| root.clone());
            if let Ok(relative) = path.strip_prefix(&root) {
                answers.push(answer(&config, job, side, relative)?);
            }
        }
    }
    if answers.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!("no job reads or writes {}", path.display()),
        )
        .hint("syft-sync jobs"));
    }
    if is_json {
        term::json(&Value::Array(answers.iter().map(Answer::to_json).collect()));
    } else {
        answers.iter().for_each(Answer::tell);
    }
    Ok(())
}

/// The last part of a path need not exist, as that of a file that was deleted.
fn absolute(path: &Path) -> Outcome<PathBuf> {
    let absolute = std::path::absolute(path)
        .map_err(|error| Failure::error(format!("{}: {error}", path.display())))?;
    let parent = absolute
        .parent()
        .and_then(|parent| parent.canonicalize().ok());
    Ok(match (parent, absolute.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => absolute,
    })
}

/// What becomes of a path in a job.
struct Answer {
    job: String,
    side: &'static str,
    path: PathBuf,
    /// Whether it takes part, and why not.
    reason: String,
    changes: Vec<Change>,
    more: usize,
}

fn answer(config: &Config, job: &Job, side: &'static str, path: &Path) -> Outcome<Answer> {
    let mut answer = Answer {
        job: job.id.to_string(),
        side,
        path: path.to_owned(),
        reason: String::new(),
        changes: Vec::new(),
        more: 0,
    };
    if !job.enabled {
        answer.reason = "the job is not enabled, so nothing becomes of it".to_owned();
        return Ok(answer);
    }
    let looked = plan::look(config, &job.id)?;
    let is_below = |change: &Change| change.path.starts_with(path);
    let mut changes: Vec<_> = looked.lines().filter(is_below).collect();
    answer.reason = reason(job, &looked, path, changes.is_empty());
    answer.more = changes.len().saturating_sub(MOST);
    changes.truncate(MOST);
    answer.changes = changes;
    Ok(answer)
}

fn reason(job: &Job, looked: &Looked, path: &Path, is_unchanged: bool) -> String {
    let error = looked.plan.errors.iter().find(|error| error.path == path);
    if let Some(error) = error {
        return format!("it cannot take part: {}", error.message);
    }
    if let Some(conflict) = looked
        .plan
        .conflicts
        .iter()
        .find(|found| found.path == path)
    {
        return format!("both sides changed it: {:?}", conflict.outcome);
    }
    let node = looked.source.tree.find(path);
    let there = looked.destination.tree.find(path);
    let is_directory = path.as_os_str().is_empty()
        || looked.source.root.join(path).is_dir()
        || looked.destination.root.join(path).is_dir();
    if let Some(pattern) = excluded(job, path, is_directory) {
        return format!("it takes no part: {pattern}");
    }
    match (node, there, is_unchanged) {
        (_, _, false) => "the next run changes something".to_owned(),
        (None, None, _) => "it is at neither side".to_owned(),
        (None, Some(_), _) if !job.options.delete => {
            "it is only in the destination, and `delete_destination_files` is false".to_owned()
        }
        (None, Some(_), _) => "it is only in the destination".to_owned(),
        (Some(node), _, _) if looked.source.tree.meta(node).kind == Kind::Special => {
            "it takes no part: fifos, sockets and devices are never copied".to_owned()
        }
        (Some(_), None, _) => "it is only in the source, and takes no part".to_owned(),
        (Some(_), Some(_), _) => "both sides are in step".to_owned(),
    }
}

/// Returns why a path is left out, if it or a directory above it is.
fn excluded(job: &Job, path: &Path, is_directory: bool) -> Option<String> {
    let mut above: Vec<&Path> = path
        .ancestors()
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    above.reverse();
    above.iter().enumerate().find_map(|(index, part)| {
        let is_last = index + 1 == above.len();
        let is_directory = !is_last || is_directory;
        if job.options.filter.excludes(part, is_directory) {
            let pattern = job.options.filter.why(part, is_directory);
            return Some(match pattern {
                Some(pattern) => format!("the filter {pattern:?} leaves {} out", part.display()),
                None => format!("no pattern includes {}", part.display()),
            });
        }
        let name = part.file_name()?.as_encoded_bytes();
        (job.options.ignore_hidden && name.starts_with(b"."))
            .then(|| format!("`ignore_hidden_files` leaves {} out", part.display()))
    })
}

impl Answer {
    fn to_json(&self) -> Value {
        json!({
            "job": self.job,
            "side": self.side,
            "path": self.path.display().to_string(),
            "reason": self.reason,
            "changes": self.changes,
            "more": self.more,
        })
    }

    fn tell(&self) {
        let path = if self.path.as_os_str().is_empty() {
            "the whole tree".to_owned()
        } else {
            self.path.display().to_string()
        };
        term::out(format_args!(
            "{} {} {path}: {}",
            paint(ACCENT, &self.job),
            paint(DIM, format_args!("({})", self.side)),
            self.reason
        ));
        for change in &self.changes {
            term::out(format_args!("  {}", plan::line(change)));
        }
        if self.more > 0 {
            term::out(format_args!("  and {} more", self.more));
        }
    }
}
