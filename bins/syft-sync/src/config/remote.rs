//! Jobs and watchers of PocketBase, which may be anybody's (B4.3).

mod guard;

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{
    ConfigSource,
    finding::Findings,
    path::Expander,
    place::Origin,
    schema::{self, FILE_WATCHER, Key, SYNC_JOB},
    tree::{Node, Table, Value},
};

/// Records as the server gives them, of all daemons or of this one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RemoteRecords {
    /// Those of `sync_jobs`.
    pub(crate) jobs: Vec<Map<String, Json>>,
    /// Those of `file_watchers`.
    pub(crate) watchers: Vec<Map<String, Json>>,
}

/// How records of a collection become tables of the config.
struct Shape {
    collection: &'static str,
    /// The key of the config that lists them.
    list: &'static str,
    /// The column with the id.
    id: &'static str,
    keys: &'static [Key],
    paths: &'static [&'static str],
}

const JOBS: Shape = Shape {
    collection: "sync_jobs",
    list: "sync_jobs",
    id: "job_id",
    keys: SYNC_JOB,
    paths: &["source_path", "destination_path"],
};

const WATCHERS: Shape = Shape {
    collection: "file_watchers",
    list: "file_watchers",
    id: "watcher_id",
    keys: FILE_WATCHER,
    paths: &["watch_path"],
};

/// Leaves out what does not count by `config_source`, and puts the records beside what does.
///
/// The tree was checked already; the records are checked here, and each that is wrong is named.
pub(super) fn merge(
    tree: &mut Table,
    records: Option<&RemoteRecords>,
    expander: &Expander<'_>,
    findings: &mut Findings,
) {
    if tree.get("pocketbase").is_none() {
        return;
    }
    let pocketbase = tree.table("pocketbase");
    let roots = guard::Roots::new(pocketbase, findings);
    let source = ConfigSource::named(pocketbase.text("config_source"));
    if source == ConfigSource::Remote {
        forget_local(tree, findings);
    }
    let Some(records) = records.filter(|_| source != ConfigSource::Local) else {
        return;
    };
    for (shape, records) in [(JOBS, &records.jobs), (WATCHERS, &records.watchers)] {
        let local = ids(tree.list(shape.list));
        for record in own(records, shape.id) {
            let mut node = shape.node(record);
            let id = node.as_table().and_then(|table| table.text_or_none("id"));
            if id.is_some_and(|id| local.contains(id)) {
                findings.note(
                    &node.origin,
                    "the config file has one of the same id, which counts",
                );
                continue;
            }
            shape.check(&mut node, &roots, expander, findings);
            if let Some(list) = tree.list_mut(shape.list) {
                list.push(node);
            }
        }
    }
}

fn forget_local(tree: &mut Table, findings: &mut Findings) {
    for shape in [JOBS, WATCHERS] {
        for node in tree
            .list_mut(shape.list)
            .map(std::mem::take)
            .unwrap_or_default()
        {
            findings.warning(
                &node.origin,
                "it does not count, for `config_source` is \"remote\"",
            );
        }
    }
}

fn ids(nodes: &[Node]) -> BTreeSet<String> {
    let ids = nodes.iter().filter_map(Node::as_table);
    ids.filter_map(|table| table.text_or_none("id"))
        .map(str::to_owned)
        .collect()
}

/// Leaves out records for all daemons where there is one of the same id for this daemon.
fn own<'a>(records: &'a [Map<String, Json>], id: &str) -> Vec<&'a Map<String, Json>> {
    let is_own = |record: &Map<String, Json>| {
        record
            .get("daemon")
            .and_then(Json::as_str)
            .is_some_and(|daemon| !daemon.is_empty())
    };
    let own: Vec<_> = records
        .iter()
        .filter(|record| is_own(record))
        .map(|it| it.get(id))
        .collect();
    let counts = |record: &&Map<String, Json>| is_own(record) || !own.contains(&record.get(id));
    records.iter().filter(counts).collect()
}

impl Shape {
    /// Returns a record as a table of the config. Columns that mean nothing to us are the
    /// server's own or its administrator's.
    fn node(&self, record: &Map<String, Json>) -> Node {
        let origin = Origin::Remote(self.name(record));
        let mut table = Table::default();
        let extra = record.get("extra").and_then(Json::as_object);
        for (key, value) in extra
            .into_iter()
            .flatten()
            .filter(|(_, value)| is_given(value))
        {
            table.set(key, node(value, &origin));
        }
        for key in self.keys {
            let column = if key.name == "id" { self.id } else { key.name };
            if let Some(value) = record.get(column).filter(|value| is_given(value)) {
                table.set(key.name, node(value, &origin));
            }
        }
        Node::new(Value::Table(table), origin)
    }

    fn name(&self, record: &Map<String, Json>) -> Arc<str> {
        let text = |key: &str| {
            record
                .get(key)
                .and_then(Json::as_str)
                .filter(|it| !it.is_empty())
        };
        let name = text(self.id)
            .or_else(|| text("id"))
            .unwrap_or("without an id");
        let short: String = name.chars().take(64).collect();
        format!("{} {short:?}", self.collection).into()
    }

    fn check(
        &self,
        node: &mut Node,
        roots: &guard::Roots,
        expander: &Expander<'_>,
        findings: &mut Findings,
    ) {
        let origin = node.origin.clone();
        let Value::Table(table) = &mut node.value else {
            return;
        };
        for path in self.paths {
            roots.check_text(table, path, &origin, findings);
        }
        schema::check(table, &origin, self.keys, expander, findings);
        for path in self.paths {
            roots.check_reach(table, path, &origin, findings);
        }
        guard::check_links(table, &origin, findings);
    }
}

/// PocketBase has no absent values: an empty text and null stand for them.
fn is_given(value: &Json) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

fn node(value: &Json, origin: &Origin) -> Node {
    let value = match value {
        Json::Null => Value::Other("null"),
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number_value(number),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => {
            Value::List(values.iter().map(|value| node(value, origin)).collect())
        }
        Json::Object(values) => {
            let mut table = Table::default();
            for (key, value) in values {
                table.set(key, node(value, origin));
            }
            Value::Table(table)
        }
    };
    Node::new(value, origin.clone())
}

/// The server may write a whole number as a fraction, like `1000.0`.
fn number_value(number: &serde_json::Number) -> Value {
    let fraction = number.as_f64().unwrap_or(f64::NAN);
    let is_whole = fraction.fract() == 0.0 && fraction.abs() < 9e15;
    match number.as_i64() {
        Some(integer) => Value::Integer(integer),
        None if is_whole => Value::Integer(fraction as i64),
        None => Value::Number(fraction),
    }
}
