use std::collections::BTreeMap;

use syft_state::{
    Email,
    yaml::{self, Keys, Node},
};

use super::{Change, Proposal};
use crate::{
    event::{JobDetails, JobKey},
    layout::{JobLayout, JobPath, job_in_path},
    text::cut,
};

/// How many files, packages and data sets of a job are listed.
const MAX_LISTED: usize = 100;

/// A job that a proposal submits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Which job; its data scientist is the verified owner of the folder (T9).
    pub key: JobKey,
    /// Where in the datasite it goes.
    pub layout: JobLayout,
    /// What it says about itself.
    pub details: JobDetails,
    /// Another data scientist whose name the message, the path or the config uses.
    pub claimed: Option<String>,
}

/// Returns the jobs that a proposal submits, in order of their names.
///
/// `folder_peer` is the account that owns the folder it came in, as the server says: the
/// content never decides who submitted a job (T9).
#[must_use]
pub fn submissions(proposal: &Proposal, folder_peer: &Email) -> Vec<Submission> {
    let mut found = BTreeMap::new();
    for change in proposal.changes.iter().filter(|change| !change.is_deleted) {
        if let Some(path) = job_in_path(&change.path) {
            // A later change to the same file replaces the earlier one.
            let submission = submission(proposal, folder_peer, change, path);
            found.insert(submission.key.clone(), submission);
        }
    }
    found.into_values().collect()
}

fn submission(
    proposal: &Proposal,
    folder_peer: &Email,
    change: &Change,
    path: JobPath,
) -> Submission {
    let config = change
        .config
        .as_deref()
        .and_then(|text| yaml::parse_mapping(text.as_bytes(), Keys::LastCounts).ok());
    let in_config = config
        .as_ref()
        .and_then(|config| config.text("submitted_by"));
    let claims = [
        Some(proposal.sender.as_str()),
        path.submitter.as_deref(),
        in_config,
    ];
    let claimed = claims
        .into_iter()
        .flatten()
        .find(|claim| !folder_peer.is(claim))
        .map(cut);
    let mut details = config.as_ref().map(details_of_config).unwrap_or_default();
    list_files(&mut details, proposal, change);
    Submission {
        key: JobKey {
            ds: folder_peer.clone(),
            job: path.job,
        },
        layout: path.layout,
        details,
        claimed,
    }
}

/// Returns what a `config.yaml` says about its job, all but its files; nothing when it
/// cannot be read.
#[must_use]
pub fn details_of(config: &[u8]) -> JobDetails {
    yaml::parse_mapping(config, Keys::LastCounts)
        .as_ref()
        .map(details_of_config)
        .unwrap_or_default()
}

fn details_of_config(config: &Node) -> JobDetails {
    let text = |key| config.text(key).map(cut);
    let list = |key| {
        let texts = config.get(key).map(Node::texts).unwrap_or_default();
        texts.into_iter().take(MAX_LISTED).map(cut).collect()
    };
    JobDetails {
        kind: text("type"),
        // W1 and W2 write `entry_point`.
        entrypoint: text("entrypoint").or_else(|| text("entry_point")),
        submitted: config
            .text("submitted_at")
            .and_then(|time| time.parse().ok()),
        dependencies: list("dependencies"),
        datasets: list("datasets"),
        ..JobDetails::default()
    }
}

/// Lists the files beside and below a `config.yaml`, with their last lengths.
fn list_files(details: &mut JobDetails, proposal: &Proposal, config: &Change) {
    let path = config.path.as_str();
    let directory = &path[..path.rfind('/').map_or(0, |at| at + 1)];
    let mut files = BTreeMap::new();
    for change in &proposal.changes {
        if let Some(name) = change.path.as_str().strip_prefix(directory) {
            if change.is_deleted {
                files.remove(name);
            } else {
                files.insert(name, change.length);
            }
        }
    }
    details.file_count = files.len();
    details.files = files
        .into_iter()
        .take(MAX_LISTED)
        .map(|(name, length)| (cut(name), length))
        .collect();
}
