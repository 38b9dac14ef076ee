//! The jobs in a data owner's own SyftBox directory, and how far they have come.
//!
//! The directory is mirrored to other people, so nothing is ever written to it, no link in
//! it is followed, and no name from a file becomes a path. What cannot be read now is a
//! [`Gap`], never an absence: look again later (T20).
//!
//! ```
//! use syft_monitor::local_jobs::{ScanOptions, scan};
//! use syft_state::Timestamp;
//!
//! let found = scan("/nonexistent/SyftBox/do@x.org".as_ref(), &ScanOptions::at(Timestamp::EPOCH));
//! assert!(found.jobs.is_empty());
//! assert_eq!(found.gaps.len(), 1);
//! ```

mod disk;
mod status;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use syft_state::{
    Email, Timestamp,
    yaml::{self, Keys, Node},
};

use self::disk::{Look, directories, is_directory, read_small};
use crate::{
    event::{Event, JobDetails, JobKey},
    layout::JobLayout,
    proposal::details_of,
    text::cut,
};

const CONFIG: &str = "config.yaml";

/// How to look.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The present moment.
    pub now: Timestamp,
    /// How long a marker `done` waits for its `returncode.txt`, which runners write later.
    pub grace: Duration,
    /// How many entries of one directory are looked at.
    pub max_entries: usize,
}

impl ScanOptions {
    /// Returns the usual options for a look at the moment `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            grace: Duration::from_secs(10),
            max_entries: 20_000,
        }
    }
}

/// What a look at the directory found.
#[derive(Clone, Debug, Default)]
pub struct LocalScan {
    /// The jobs, in order of their directories.
    pub jobs: Vec<LocalJob>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

/// Something that could not be looked at, perhaps because it is being written just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// A job in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalJob {
    /// Whose it is.
    pub submitter: Submitter,
    /// The name of its directory, which is its identity.
    pub job: String,
    /// The name in its `config.yaml`, under which Python programs know it.
    pub name: Option<String>,
    /// Where in the datasite it is.
    pub layout: JobLayout,
    /// What its `config.yaml` says; its files are not listed.
    pub details: JobDetails,
    /// What has happened to it, in order.
    pub reached: Vec<Reached>,
}

impl LocalJob {
    /// Returns the identity of the job where the directory tells it, as from W2 on.
    #[must_use]
    pub fn key(&self) -> Option<JobKey> {
        match &self.submitter {
            Submitter::Directory(ds) => Some(JobKey {
                ds: ds.clone(),
                job: self.job.clone(),
            }),
            Submitter::Claimed(_) | Submitter::Unknown => None,
        }
    }
}

/// Whose job it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitter {
    /// The name of the directory above it, which the client derives from the sender.
    Directory(Email),
    /// What its `config.yaml` says, in W1: no reason to mail anybody (T9).
    Claimed(Email),
    /// Nothing says it.
    Unknown,
}

/// Something that has happened to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// The data owner approved it.
    Approved,
    /// It ran to its end.
    Executed,
    /// It ran and did not succeed (T18).
    Failed {
        /// The exit code, where one was written.
        return_code: Option<i32>,
    },
    /// It was refused.
    Rejected {
        /// The reason that was given.
        reason: Option<String>,
    },
}

impl Reached {
    /// Returns what happened as the event of a job.
    #[must_use]
    pub fn into_event(self, job: JobKey) -> Event {
        match self {
            Self::Approved => Event::JobApproved { job },
            Self::Executed => Event::JobExecuted { job },
            Self::Failed { return_code } => Event::JobFailed { job, return_code },
            Self::Rejected { reason } => Event::JobRejected { job, reason },
        }
    }
}

/// Looks at the jobs of the datasite at `root`, which is `{SyftBox}/{address of its owner}`.
///
/// A datasite without jobs is empty; a missing datasite is a gap. Costs one directory
/// listing for each data scientist and a few small files for each job.
#[must_use]
pub fn scan(root: &Path, options: &ScanOptions) -> LocalScan {
    let mut look = Look::new(options);
    let jobs = scan_datasite(&mut look, root);
    LocalScan {
        jobs,
        gaps: look.into_gaps(),
    }
}

fn scan_datasite(look: &mut Look<'_>, root: &Path) -> Vec<LocalJob> {
    match is_directory(look, root) {
        Some(true) => {}
        Some(false) => {
            look.gap(root, "it does not exist");
            return Vec::new();
        }
        None => return Vec::new(),
    }
    let app_data = root.join("app_data");
    let top = app_data.join("job");
    for directory in [&app_data, &top] {
        if is_directory(look, directory) != Some(true) {
            return Vec::new();
        }
    }
    let mut jobs = Vec::new();
    for name in directories(look, &top) {
        let path = top.join(&name);
        // A W1 job may have any name, even that of a directory of the later layouts.
        let w1 = scan_job(look, &path, &name, JobLayout::W1, None);
        match (w1, name.parse::<Email>()) {
            (None, Ok(ds)) => scan_submitter(look, &path, JobLayout::W2, &ds, &mut jobs),
            (w1, _) => jobs.extend(w1),
        }
        if name == "inbox" {
            scan_inbox(look, &path, &mut jobs);
        }
    }
    jobs
}

fn scan_inbox(look: &mut Look<'_>, inbox: &Path, jobs: &mut Vec<LocalJob>) {
    for name in directories(look, inbox) {
        if let Ok(ds) = name.parse::<Email>() {
            scan_submitter(look, &inbox.join(&name), JobLayout::W3W4, &ds, jobs);
        }
    }
}

fn scan_submitter(
    look: &mut Look<'_>,
    path: &Path,
    layout: JobLayout,
    ds: &Email,
    jobs: &mut Vec<LocalJob>,
) {
    for name in directories(look, path) {
        jobs.extend(scan_job(look, &path.join(&name), &name, layout, Some(ds)));
    }
}

/// Returns the job in a directory, unless it has no `config.yaml` yet or left a gap.
fn scan_job(
    look: &mut Look<'_>,
    path: &Path,
    name: &str,
    layout: JobLayout,
    ds: Option<&Email>,
) -> Option<LocalJob> {
    let config_path = path.join(CONFIG);
    let text = read_small(look, &config_path, yaml::MAX_LENGTH)??;
    let config = yaml::parse_mapping(&text, Keys::LastCounts);
    let config = config
        .inspect_err(|error| look.gap(&config_path, &error.to_string()))
        .ok();
    let submitter = match (ds, &config) {
        (Some(ds), _) => Submitter::Directory(ds.clone()),
        (None, Some(config)) => claimed_submitter(config),
        // In W1 only the file says whose job it is, so without it there is nothing to tell.
        (None, None) => return None,
    };
    let reached = match layout {
        JobLayout::W1 | JobLayout::W2 => status::from_markers(look, path)?,
        JobLayout::W3W4 => status::from_state_file(look, &review_of(path)?)?,
    };
    Some(LocalJob {
        submitter,
        job: name.to_owned(),
        name: config
            .as_ref()
            .and_then(|config| config.text("name"))
            .map(cut),
        layout,
        details: details_of(&text),
        reached,
    })
}

fn claimed_submitter(config: &Node) -> Submitter {
    let claimed = config
        .text("submitted_by")
        .and_then(|text| text.parse().ok());
    claimed.map_or(Submitter::Unknown, Submitter::Claimed)
}

/// Returns `review/{ds}/{job}` for `inbox/{ds}/{job}`, taking the names of the directories
/// themselves and never the name in the config.
fn review_of(path: &Path) -> Option<PathBuf> {
    let (job, submitter) = (path.file_name()?, path.parent()?.file_name()?);
    let jobs = path.ancestors().nth(3)?;
    Some(jobs.join("review").join(submitter).join(job))
}

#[cfg(test)]
mod tests;
