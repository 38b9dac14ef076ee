//! `[[file_watchers]]`.

use std::time::Duration;

use syft_jobs::trigger::{EventKinds, WatcherSpec};

use super::{filter, id};
use crate::config::{
    finding::Findings,
    tree::{Node, Table},
};

pub(super) fn resolve(tree: &Table, findings: &mut Findings) -> Option<Vec<WatcherSpec>> {
    let tables = tree.list("file_watchers").iter().filter_map(Node::as_table);
    // Each is looked at, also behind one that is wrong.
    let watchers: Vec<_> = tables.map(|table| watcher(table, findings)).collect();
    watchers.into_iter().collect()
}

fn watcher(table: &Table, findings: &mut Findings) -> Option<WatcherSpec> {
    let watcher_id = id(table, "id", findings);
    let job = id(table, "sync_job_id", findings);
    let ignore = filter(table, &["ignore_patterns"], &[], findings);
    let watcher_id = watcher_id?;
    Some(WatcherSpec {
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
        events: EventKinds::parse(&table.texts("watch_events"))
            .expect("the schema lists the names of events"),
        ignore: ignore?,
        max_events_per_second: table.integer_or_none("max_events_per_second"),
    })
}
