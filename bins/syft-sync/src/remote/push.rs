//! The jobs and watchers of the config file, put into PocketBase.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use syft_transport::pocketbase::{Client, CollectionSpec, Filter, List, Record};

use super::{
    Error,
    schema::{self, FILE_WATCHERS, SYNC_JOBS},
};
use crate::config::RemoteRecords;

/// Columns that say whose a record is and how often it changed.
const OURS: [&str; 2] = ["daemon", "revision"];

/// What was done in a collection.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Pushed {
    pub(crate) made: Vec<String>,
    pub(crate) changed: Vec<String>,
    pub(crate) unchanged: Vec<String>,
    /// Only there, and removed if that was wanted.
    pub(crate) surplus: Vec<String>,
}

/// What becomes of the records of a collection.
#[derive(Debug, Default, PartialEq)]
struct Plan {
    create: Vec<Record>,
    update: Vec<(String, Record)>,
    remove: Vec<String>,
    pushed: Pushed,
}

/// Puts jobs and watchers there, for this daemon alone; returns what was done about both.
///
/// Jobs come first and leave last, so that no watcher is ever without its job.
///
/// # Errors
///
/// What the server says; what was done until then stays.
pub(crate) async fn push(
    client: &Client,
    daemon_id: &str,
    records: &RemoteRecords,
    prune: bool,
) -> Result<(Pushed, Pushed), Error> {
    let ours = || Filter::is("daemon", daemon_id).map(List::of);
    let there = client.list(SYNC_JOBS, &ours()?).await?;
    let jobs = plan(
        "job_id",
        daemon_id,
        &written(&records.jobs, &schema::sync_jobs()),
        &there,
    );
    let there = client.list(FILE_WATCHERS, &ours()?).await?;
    let local = written(&records.watchers, &schema::file_watchers());
    let watchers = plan("watcher_id", daemon_id, &local, &there);
    write(client, SYNC_JOBS, &jobs).await?;
    write(client, FILE_WATCHERS, &watchers).await?;
    if prune {
        for (collection, plan) in [(FILE_WATCHERS, &watchers), (SYNC_JOBS, &jobs)] {
            for id in &plan.remove {
                client.delete(collection, id).await?;
            }
        }
    }
    Ok((jobs.pushed, watchers.pushed))
}

async fn write(client: &Client, collection: &str, plan: &Plan) -> Result<(), Error> {
    client.create_many(collection, &plan.create).await?;
    for (id, fields) in &plan.update {
        client.update(collection, id, fields).await?;
    }
    Ok(())
}

/// Returns tables of the config file as records: what has no column goes into `extra`.
///
/// Each column is given, so that what is no longer in the file is emptied there, too.
fn written(tables: &[Map<String, Value>], spec: &CollectionSpec) -> Vec<Record> {
    let id = spec.fields[0].name;
    let columns = || spec.fields.iter().map(|field| field.name);
    let column = |key: &str| match key {
        "id" => Some(id),
        key => columns().find(|column| *column == key),
    };
    let record = |table: &Map<String, Value>| {
        let mut extra = Map::new();
        let own = |column: &&str| !OURS.contains(column);
        let mut record: Record = columns()
            .filter(own)
            .map(|column| (column.to_owned(), Value::Null))
            .collect();
        for (key, value) in table {
            match column(key) {
                Some(column) => record.insert(column.to_owned(), value.clone()),
                None => extra.insert(key.clone(), value.clone()),
            };
        }
        if !extra.is_empty() {
            record.insert("extra".to_owned(), Value::Object(extra));
        }
        record
    };
    tables.iter().map(record).collect()
}

fn plan(key: &str, daemon_id: &str, local: &[Map<String, Value>], there: &[Record]) -> Plan {
    let text = |record: &Record, name: &str| {
        let text = record.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let mut others: HashMap<String, &Record> = there
        .iter()
        .map(|record| (text(record, key), record))
        .collect();
    let mut plan = Plan::default();
    for wanted in local {
        let name = text(wanted, key);
        match others.remove(&name) {
            None => {
                plan.create.push(new(wanted, daemon_id, &name));
                plan.pushed.made.push(name);
            }
            Some(there) => match difference(wanted, there) {
                None => plan.pushed.unchanged.push(name),
                Some(fields) => {
                    plan.update.push((text(there, "id"), fields));
                    plan.pushed.changed.push(name);
                }
            },
        }
    }
    let mut surplus: Vec<_> = others.into_iter().collect();
    surplus.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, record) in surplus {
        plan.remove.push(text(record, "id"));
        plan.pushed.surplus.push(name);
    }
    plan
}

fn new(wanted: &Map<String, Value>, daemon_id: &str, name: &str) -> Record {
    let mut record = wanted.clone();
    record.insert("id".to_owned(), id(daemon_id, name).into());
    record.insert("daemon".to_owned(), daemon_id.into());
    record.insert("revision".to_owned(), 1.into());
    record
}

/// Returns an id that is the same in each attempt: 15 digits of a hash of both names.
fn id(daemon_id: &str, name: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(format!("{daemon_id}\n{name}"));
    let mut text = data_encoding::BASE32HEX_NOPAD
        .encode(&digest)
        .to_ascii_lowercase();
    text.truncate(15);
    text
}

/// Returns the fields that differ, with the next revision; `None` if there are none.
fn difference(wanted: &Map<String, Value>, there: &Record) -> Option<Record> {
    let is_other = |(name, value): &(&String, &Value)| !is_same(value, there.get(*name));
    let mut fields: Record = wanted
        .iter()
        .filter(is_other)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if fields.is_empty() {
        return None;
    }
    let revision = there.get("revision").and_then(Value::as_f64).unwrap_or(0.0);
    fields.insert("revision".to_owned(), json!(revision as u64 + 1));
    Some(fields)
}

/// PocketBase has no absent values: they come back as an empty text, 0, false or null.
fn is_same(wanted: &Value, there: Option<&Value>) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    match (wanted, there) {
        (Value::Number(wanted), Some(Value::Number(there))) => wanted.as_f64() == there.as_f64(),
        (wanted, Some(there)) => wanted == there || is_empty(wanted) && is_empty(there),
        (wanted, None) => is_empty(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(value: Value) -> Record {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn only_what_differs_is_written() {
        let there = [
            record(
                json!({"id": "1", "job_id": "same", "name": "", "enabled": false, "n": 5.0,
                "extra": null, "daemon": "d", "revision": 4}),
            ),
            record(
                json!({"id": "2", "job_id": "other", "name": "x", "daemon": "d", "revision": 4}),
            ),
            record(json!({"id": "3", "job_id": "gone", "daemon": "d"})),
        ];
        let local = [
            record(json!({"job_id": "same", "enabled": false, "n": 5, "extra": null})),
            record(json!({"job_id": "other", "name": "y"})),
            record(json!({"job_id": "new", "name": "z"})),
        ];
        let plan = plan("job_id", "d", &local, &there);
        assert_eq!(
            plan.update,
            [("2".to_owned(), record(json!({"name": "y", "revision": 5})))]
        );
        assert_eq!(plan.create.len(), 1);
        assert_eq!(plan.create[0]["daemon"], "d");
        assert_eq!(plan.create[0]["id"].as_str().unwrap().len(), 15);
        assert_eq!(plan.remove, ["3"]);
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            plan.pushed,
            Pushed {
                made: names(&["new"]),
                changed: names(&["other"]),
                unchanged: names(&["same"]),
                surplus: names(&["gone"]),
            }
        );
    }

    #[test]
    fn keys_without_a_column_are_kept_beside_those_that_have_one() {
        let table = record(
            json!({"id": "a", "enabled": true, "priority": 3, "tags": ["x"],
            "sync_options": {"dry_run": true}}),
        );
        let written = written(&[table], &schema::sync_jobs()).remove(0);
        assert_eq!(written["job_id"], "a");
        assert_eq!(written["enabled"], true);
        assert_eq!(written["extra"], json!({"priority": 3, "tags": ["x"]}));
        assert_eq!(written["sync_options"], json!({"dry_run": true}));
        assert_eq!(written["filters"], Value::Null);
        assert!(!written.contains_key("id") && !written.contains_key("daemon"));
    }

    #[test]
    fn an_id_is_the_same_each_time_and_that_of_no_other() {
        assert_eq!(id("d", "a"), id("d", "a"));
        assert_ne!(id("d", "a"), id("d", "b"));
        assert_ne!(id("d", "a"), id("e", "a"));
        assert!(syft_transport::pocketbase::is_record_id(&id("d", "a")));
    }
}
