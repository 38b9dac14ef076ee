//! `syft-sync config import`: configs of other programs, as ours.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use serde_json::{Map, Value};

use super::migrate;
use crate::{
    config::{Config, Sources, quote},
    exit::{Exit, Failure, Outcome, chain},
    term,
};

const SIZE_LIMIT: u64 = 4 << 20;
const INFALLIBLE: &str = "a string takes everything";

/// The keys of the file watcher's dictionary (seed 002), which are those of `[watcher]`.
const WATCHER_KEYS: &[&str] = &[
    "enabled",
    "paths",
    "exclude_patterns",
    "echo_threshold",
    "batch_delay",
    "check_inbox_interval",
    "max_file_size",
    "bidirectional",
    "transport_rules",
    "peer_filters",
];

pub(super) fn run(file: &Path, sources: &Sources) -> Outcome {
    let bytes = syft_state::fs::read_capped(file, SIZE_LIMIT)
        .map_err(|error| Failure::new(Exit::Usage, chain(&error)))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(Exit::Usage, format_args!("{} is no text", file.display())))?;
    let imported = match serde_json::from_str::<Value>(&text) {
        Ok(value) => import(&value),
        Err(_) => migrate::migrated(&text, sources),
    };
    let Imported { text, remarks } = imported.map_err(|reason| {
        Failure::new(Exit::Usage, format_args!("{}: {reason}", file.display()))
    })?;
    term::bytes(text.as_bytes());
    for remark in remarks {
        term::warning(remark);
    }
    if let Err(error) = Config::parse(&text, sources) {
        term::warning(format_args!("this is still to be put right: {error}"));
    }
    Ok(())
}

/// A config in our words, and what could not be said in them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Imported {
    pub(super) text: String,
    pub(super) remarks: Vec<String>,
}

fn import(value: &Value) -> Result<Imported, String> {
    const UNKNOWN: &str =
        "this is no config.json of sync-cli, no syft-watcher.json and no dictionary of a watcher";
    let value = value.as_object().ok_or(UNKNOWN)?;
    let has = |keys: &[&str]| keys.iter().any(|key| value.contains_key(*key));
    match () {
        () if value.get("configs").is_some_and(Value::is_object) => sync_cli(value),
        () if has(&["file_patterns", "ignore_patterns", "action"]) => file_watcher(value),
        () if has(WATCHER_KEYS) => Ok(dictionary(value)),
        () => Err(UNKNOWN.to_owned()),
    }
}

/// `config.json` of `sync-cli`: jobs that were run by hand.
fn sync_cli(root: &Map<String, Value>) -> Result<Imported, String> {
    let mut imported = Imported::default();
    let url = text_of(root, "default_pocketbase_url")?;
    if let Some(url) = url {
        imported.line("[pocketbase]");
        imported.set("url", &quote(url));
        if let Some(email) = text_of(root, "default_admin_email")? {
            imported.set("admin_email", &quote(email));
        }
    }
    let configs = root.get("configs").and_then(Value::as_object);
    let mut ids = BTreeSet::new();
    for (key, config) in configs.into_iter().flatten() {
        let config = config
            .as_object()
            .ok_or_else(|| format!("`configs.{key}` is no table"))?;
        job(key, config, url, &mut ids, &mut imported)
            .map_err(|reason| format!("`configs.{key}`: {reason}"))?;
    }
    Ok(imported)
}

fn job(
    key: &str,
    config: &Map<String, Value>,
    url: Option<&str>,
    ids: &mut BTreeSet<String>,
    imported: &mut Imported,
) -> Result<(), String> {
    let path = |key: &str| -> Result<String, String> {
        let path = text_of(config, key)?.ok_or_else(|| format!("`{key}` is missing"))?;
        // There a dollar sign was one.
        Ok(quote(&path.replace('$', "$$")))
    };
    let name = text_of(config, "name")?.unwrap_or(key);
    let id = unique_id(name, key, ids);
    let mut exclude = texts_of(config, "filters")?;
    exclude.extend(texts_of(config, "exclude_patterns")?);
    imported.line("\n[[sync_jobs]]");
    imported.set("id", &quote(&id));
    imported.set("name", &quote(name));
    imported.set("source_path", &path("source_path")?);
    imported.set("destination_path", &path("destination_path")?);
    imported.set("enabled", "true");
    imported.set("exclude_patterns", &format!("[{}]", exclude.join(", ")));
    imported.set("schedule", "{ type = \"manual\" }");
    imported.line("\n[sync_jobs.sync_options]");
    for (key, preset) in [("dry_run", false), ("preserve_permissions", true)] {
        let value = match config.get(key) {
            None | Some(Value::Null) => preset,
            Some(value) => value
                .as_bool()
                .ok_or_else(|| format!("`{key}` is neither true nor false"))?,
        };
        imported.set(key, &value.to_string());
    }
    if text_of(config, "admin_password")?.is_some() {
        imported.remarks.push(format!(
            "the password of {name:?} is not taken over; put it into a file of mode 0600 and name that in `pocketbase.password_file`"
        ));
    }
    let own = text_of(config, "pocketbase_url")?;
    if own.is_some() && own != url {
        let remark = format!("{name:?} had a PocketBase of its own; there is one for all jobs");
        imported.remarks.push(remark);
    }
    Ok(())
}

/// Makes an id of a name, or else of the key, that no other job has.
fn unique_id(name: &str, key: &str, ids: &mut BTreeSet<String>) -> String {
    let slug = |text: &str| {
        let characters = text.chars().map(|character| match character {
            character if character.is_ascii_alphanumeric() => character.to_ascii_lowercase(),
            '.' | '_' => character,
            _ => '-',
        });
        let slug: String = characters.take(50).collect();
        slug.trim_matches(['-', '.']).to_owned()
    };
    let candidates = [slug(name), slug(key), "job".to_owned()];
    let base = candidates.into_iter().find(|slug| !slug.is_empty());
    let base = base.expect("the last one is not empty");
    let mut id = base.clone();
    let mut number = 1;
    while !ids.insert(id.clone()) {
        number += 1;
        id = format!("{base}-{number}");
    }
    id
}

/// `syft-watcher.json`, whose watcher is the one of `[watcher]`.
fn file_watcher(root: &Map<String, Value>) -> Result<Imported, String> {
    let mut imported = Imported::default();
    imported.line("[watcher]");
    imported.set(
        "exclude_patterns",
        &format!("[{}]", texts_of(root, "ignore_patterns")?.join(", ")),
    );
    for key in root.keys().filter(|key| *key != "ignore_patterns") {
        imported.remarks.push(format!("`{key}` has no counterpart"));
    }
    Ok(imported)
}

/// The dictionary of the file watcher, key by key.
fn dictionary(root: &Map<String, Value>) -> Imported {
    let mut imported = Imported::default();
    imported.line("[watcher]");
    for (key, value) in root {
        let value = match (key.as_str(), value) {
            // Of rules the first that fits counts, and tables have no order.
            ("transport_rules", Value::Object(rules)) => {
                let rules = rules
                    .iter()
                    .map(|(glob, by)| Value::from(vec![glob.clone().into(), by.clone()]));
                to_toml(&rules.collect())
            }
            _ => to_toml(value),
        };
        match value {
            Some(value) => imported.set(&bare(key), &value),
            None => imported.remarks.push(format!("`{key}` says nothing")),
        }
    }
    imported
}

/// Returns a value as TOML in one line; null is none.
fn to_toml(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => quote(text),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().filter_map(to_toml).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(values) => {
            let entry = |(key, value): (&String, &Value)| {
                Some(format!("{} = {}", bare(key), to_toml(value)?))
            };
            let entries: Vec<_> = values.iter().filter_map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    })
}

fn bare(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    match !key.is_empty() && key.bytes().all(is_bare) {
        true => key.to_owned(),
        false => quote(key),
    }
}

fn text_of<'a>(table: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match table.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{key}` is no text")),
    }
}

/// Returns a list of texts, each as it is written in TOML.
fn texts_of(table: &Map<String, Value>, key: &str) -> Result<Vec<String>, String> {
    let fault = || format!("`{key}` is no list of texts");
    match table.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(values)) => {
            let text = |value: &Value| value.as_str().map(quote).ok_or_else(fault);
            values.iter().map(text).collect()
        }
        Some(_) => Err(fault()),
    }
}

impl Imported {
    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect(INFALLIBLE);
    }

    fn set(&mut self, key: &str, value: &str) {
        writeln!(self.text, "{key} = {value}").expect(INFALLIBLE);
    }
}

#[cfg(test)]
mod tests;
