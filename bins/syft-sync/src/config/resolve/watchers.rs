//! `[[file_watchers]]`.

use std::{path::PathBuf, time::Duration};

use syft_jobs::{Filter, JobId};

use super::{filter, id};
use crate::config::{
    finding::Findings,
    tree::{Node, Table},
};

/// Changes of files that make a job due.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watcher {
    pub(crate) id: JobId,
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) job: JobId,
    pub(crate) enabled: bool,
    pub(crate) recursive: bool,
    pub(crate) debounce: Duration,
    /// Empty is all but chmod.
    pub(crate) events: Vec<String>,
    pub(crate) ignore: Filter,
    pub(crate) max_events_per_second: Option<u32>,
}

pub(super) fn resolve(tree: &Table, findings: &mut Findings) -> Option<Vec<Watcher>> {
    let tables = tree.list("file_watchers").iter().filter_map(Node::as_table);
    // Each is looked at, also behind one that is wrong.
    let watchers: Vec<_> = tables.map(|table| watcher(table, findings)).collect();
    watchers.into_iter().collect()
}

fn watcher(table: &Table, findings: &mut Findings) -> Option<Watcher> {
    let watcher_id = id(table, "id", findings);
    let job = id(table, "sync_job_id", findings);
    let ignore = filter(table, &["ignore_patterns"], &[], findings);
    let watcher_id = watcher_id?;
    Some(Watcher {
        name: table
            .text_or_none("name")
            .unwrap_or(watcher_id.as_str())
            .to_owned(),
        id: watcher_id,
        path: table.path("watch_path"),
        job: job?,
        enabled: table.bool("enabled"),
        recursive: table.bool("recursive"),
        debounce: Duration::from_millis(table.integer("debounce_ms")),
        events: table
            .texts("watch_events")
            .into_iter()
            .map(str::to_owned)
            .collect(),
        ignore: ignore?,
        max_events_per_second: table.integer_or_none("max_events_per_second"),
    })
}
