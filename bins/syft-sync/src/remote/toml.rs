//! Records of PocketBase as a config file.

use serde_json::{Map, Value};
use toml::Table;

use crate::config::RemoteRecords;

/// What of a record is not of the config.
const OWN: [&str; 7] = [
    "id",
    "collectionId",
    "collectionName",
    "daemon",
    "extra",
    "expand",
    "revision",
];

/// Returns the jobs and watchers as the tables of a config file.
pub(crate) fn config_text(records: &RemoteRecords) -> String {
    let mut text = String::new();
    for (list, id, records) in [
        ("sync_jobs", "job_id", &records.jobs),
        ("file_watchers", "watcher_id", &records.watchers),
    ] {
        for record in records {
            let entry = toml::Value::Array(vec![toml::Value::Table(table(record, id))]);
            let file: Table = [(list.to_owned(), entry)].into_iter().collect();
            if !text.is_empty() {
                text.push('\n');
            }
            text += &toml::to_string_pretty(&file).expect("tables of plain values are TOML");
        }
    }
    text
}

fn table(record: &Map<String, Value>, id: &str) -> Table {
    let extra = record.get("extra").and_then(Value::as_object);
    let own = record
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()));
    let all = own.chain(extra.into_iter().flatten());
    // The id first, as people write it; TOML wants tables behind plain values, which `toml` sees to.
    let named = all.map(|(name, value)| (if name == id { "id" } else { name }, value));
    named
        .filter_map(|(name, value)| Some((name.to_owned(), plain(value)?)))
        .collect()
}

/// Returns a value as TOML has it, and nothing for those that stand for absent ones.
fn plain(value: &Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => toml::Value::String(text.clone()),
        Value::Bool(value) => toml::Value::Boolean(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => toml::Value::Integer(number),
            None => toml::Value::Float(number.as_f64()?),
        },
        Value::Array(values) => toml::Value::Array(values.iter().filter_map(plain).collect()),
        Value::Object(values) => toml::Value::Table(
            values
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), plain(value)?)))
                .collect(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_become_the_tables_of_a_config() {
        let records: RemoteRecords = serde_json::from_value(json!({
            "jobs": [{"id": "x", "job_id": "documents", "daemon": "", "name": "Documents \"all\"",
                "source_path": "/a", "destination_path": "/b", "enabled": true, "filters": ["*.tmp"],
                "schedule": {"type": "interval", "interval": "5m"}, "sync_options": null,
                "extra": {"priority": 7}, "revision": 3, "collectionName": "sync_jobs"}],
            "watchers": [{"id": "y", "watcher_id": "w", "watch_path": "/a", "sync_job_id": "documents",
                "enabled": false, "recursive": true, "debounce_ms": 1000, "watch_events": ["create"]}],
        }))
        .unwrap();
        let text = config_text(&records);
        let read: Table = text.parse().unwrap();
        let expected: Table = r#"
            [[sync_jobs]]
            id = "documents"
            name = 'Documents "all"'
            source_path = "/a"
            destination_path = "/b"
            enabled = true
            filters = ["*.tmp"]
            schedule = { type = "interval", interval = "5m" }
            priority = 7
            [[file_watchers]]
            id = "w"
            watch_path = "/a"
            sync_job_id = "documents"
            enabled = false
            recursive = true
            debounce_ms = 1000
            watch_events = ["create"]
        "#
        .parse()
        .unwrap();
        assert_eq!(read, expected, "{text}");
    }
}
