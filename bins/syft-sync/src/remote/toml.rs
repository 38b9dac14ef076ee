//! Records of PocketBase as a config file.

use serde_json::{Map, Value};

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
    let jobs = records
        .jobs
        .iter()
        .map(|job| entry("sync_jobs", "job_id", job));
    let watchers = records.watchers.iter();
    let watchers = watchers.map(|watcher| entry("file_watchers", "watcher_id", watcher));
    jobs.chain(watchers).collect::<Vec<_>>().join("\n")
}

/// Writes a record as people would: the id first, and tables of its own behind plain values.
fn entry(list: &str, id: &str, record: &Map<String, Value>) -> String {
    let extra = record.get("extra").and_then(Value::as_object);
    let own = record
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()));
    let all = own.chain(extra.into_iter().flatten());
    let mut values: Vec<(&str, toml::Value)> = all
        .map(|(name, value)| (if name == id { "id" } else { name }, value))
        .filter_map(|(name, value)| Some((name, plain(value)?)))
        .collect();
    values.sort_by_key(|(name, value)| (value.is_table(), rank(name)));
    let mut text = format!("[[{list}]]\n");
    for (name, value) in values {
        match value {
            toml::Value::Table(table) => {
                text += &format!("\n[{list}.{}]\n", key(name));
                text.extend(table.iter().map(|(name, value)| line(name, value)));
            }
            value => text += &line(name, &value),
        }
    }
    text
}

/// What people look for first comes first; the rest keeps its order.
fn rank(name: &str) -> usize {
    const FIRST: [&str; 7] = [
        "id",
        "name",
        "source_path",
        "destination_path",
        "watch_path",
        "sync_job_id",
        "enabled",
    ];
    let place = FIRST.iter().position(|first| *first == name);
    place.unwrap_or(FIRST.len())
}

fn line(name: &str, value: &toml::Value) -> String {
    format!("{} = {value}\n", key(name))
}

/// Writes a key, which may be somebody's text, bare where that means the same.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    match !name.is_empty() && name.bytes().all(is_bare) {
        true => name.to_owned(),
        // What JSON writes between quotation marks, TOML reads as the same basic string.
        false => Value::from(name).to_string().replace('\u{7f}', "\\u007f"),
    }
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
        assert!(
            text.starts_with("[[sync_jobs]]\nid = \"documents\"\nname = "),
            "{text}"
        );
        let read: toml::Table = text.parse().unwrap();
        let expected: toml::Table = r#"
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

    #[test]
    fn hostile_texts_stay_values() {
        for hostile in [
            "x\"\n[daemon]\npid_file = '''y'''\u{0}\u{7f}",
            "'",
            "\\",
            "a.b",
            " ",
        ] {
            let record =
                json!({"job_id": hostile, hostile: hostile, "schedule": {hostile: [hostile]}});
            let records = RemoteRecords {
                jobs: vec![record.as_object().unwrap().clone()],
                watchers: Vec::new(),
            };
            let text = config_text(&records);
            let read: toml::Table = text
                .parse()
                .unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(read.len(), 1);
            let job = &read["sync_jobs"][0];
            assert_eq!(job["id"].as_str(), Some(hostile));
            assert_eq!(job[hostile].as_str(), Some(hostile));
            assert_eq!(job["schedule"][hostile][0].as_str(), Some(hostile));
        }
    }
}
