//! `syft-sync config schema`: the JSON Schema (2020-12) of the config, for editors.

use serde_json::{Map, Value, json};

use crate::config::schema::{Key, Kind, LONGEST_LIST, LONGEST_TEXT, Preset, ROOT};

/// Returns the schema of the whole config.
pub(super) fn schema() -> Value {
    let mut schema = object(ROOT);
    let fields = schema.as_object_mut().expect("an object is made above");
    fields.insert(
        "$schema".to_owned(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    fields.insert("title".to_owned(), "The config of syft-sync".into());
    schema
}

fn object(keys: &[Key]) -> Value {
    let properties: Map<_, _> = keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<_> = keys
        .iter()
        .filter(|key| key.is_required)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

fn property(key: &Key) -> Value {
    let mut schema = of_kind(&key.kind);
    schema["description"] = key.about.into();
    if !key.has_effect {
        schema["deprecated"] = true.into();
    }
    if let Some(preset) = preset(&key.preset) {
        schema["default"] = preset;
    }
    schema
}

fn of_kind(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Integer(lowest, i64::MAX) => json!({"type": "integer", "minimum": lowest}),
        Kind::Integer(lowest, highest) => {
            json!({"type": "integer", "minimum": lowest, "maximum": highest})
        }
        Kind::Number(lowest, f64::MAX) => json!({"type": "number", "minimum": lowest}),
        Kind::Number(lowest, highest) => {
            json!({"type": "number", "minimum": lowest, "maximum": highest})
        }
        Kind::Id => json!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}),
        Kind::Text => json!({"type": "string", "maxLength": LONGEST_TEXT}),
        Kind::Secret => json!({"type": "string", "writeOnly": true}),
        Kind::Path => json!({"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}),
        Kind::Choice(words) => json!({"enum": words}),
        Kind::List(item) => {
            json!({"type": "array", "items": of_kind(item), "maxItems": LONGEST_LIST})
        }
        Kind::Table(keys) => object(keys),
        Kind::Tables(keys) => {
            json!({"type": "array", "items": object(keys), "maxItems": LONGEST_LIST})
        }
        Kind::Any => json!({}),
    }
}

fn preset(preset: &Preset) -> Option<Value> {
    Some(match preset {
        Preset::Absent | Preset::Table => return None,
        Preset::Bool(value) => (*value).into(),
        Preset::Integer(value) => (*value).into(),
        Preset::Text(value) => (*value).into(),
        Preset::Empty => json!([]),
        Preset::Numbers(values) => json!(values),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says where a value does not fit to a schema, by the words of JSON Schema that are used
    /// here; an unknown one fails, so that none goes unchecked.
    fn misfit(value: &Value, schema: &Value, path: &str) -> Option<String> {
        let fail = |rule: &str| Some(format!("{path}: {rule}: {value}"));
        for (rule, wanted) in schema.as_object().expect("a schema is an object") {
            let fits = match rule.as_str() {
                "$schema" | "title" | "description" | "default" | "deprecated" | "writeOnly" => {
                    true
                }
                "type" => match wanted.as_str().expect("one type") {
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    "string" => value.is_string(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => return fail(other),
                },
                "minimum" => value.as_f64() >= wanted.as_f64(),
                "maximum" => value.as_f64() <= wanted.as_f64(),
                "minLength" => {
                    value.as_str().map(str::len) >= wanted.as_u64().map(|it| it as usize)
                }
                "maxLength" => {
                    value.as_str().map(str::len) <= wanted.as_u64().map(|it| it as usize)
                }
                "maxItems" => {
                    value.as_array().map(Vec::len) <= wanted.as_u64().map(|it| it as usize)
                }
                "pattern" => value
                    .as_str()
                    .is_some_and(|id| id.parse::<syft_jobs::JobId>().is_ok()),
                "enum" => wanted.as_array().expect("words").contains(value),
                "required" => wanted
                    .as_array()
                    .expect("names")
                    .iter()
                    .all(|name| value.get(name.as_str().expect("a name")).is_some()),
                "additionalProperties" => value.as_object().is_none_or(|fields| {
                    fields
                        .keys()
                        .all(|key| schema["properties"].get(key).is_some())
                }),
                "properties" => {
                    let fields = value.as_object().into_iter().flatten();
                    for (key, value) in fields {
                        let Some(schema) = wanted.get(key) else {
                            continue;
                        };
                        if let Some(misfit) = misfit(value, schema, &format!("{path}.{key}")) {
                            return Some(misfit);
                        }
                    }
                    true
                }
                "items" => {
                    let mut items = value.as_array().into_iter().flatten();
                    let misfit = items.find_map(|item| misfit(item, wanted, path));
                    if misfit.is_some() {
                        return misfit;
                    }
                    true
                }
                other => return fail(other),
            };
            if !fits {
                return fail(rule);
            }
        }
        None
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let value: Value = toml::from_str(text).expect("it is TOML");
        let misfit = misfit(&value, &schema(), "");
        match (misfit, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) if found.starts_with(expected) => {}
            (found, expected) => panic!("{found:?}, not {expected:?}\n{text}"),
        }
    }

    #[test]
    fn the_schema_takes_the_samples() {
        check("", None);
        check(include_str!("../../../tests/config/readme.toml"), None);
        check(
            &include_str!("../../../tests/config/full.toml").replace("\"Weekly\"", "\"weekly\""),
            None,
        );
        check(
            include_str!("../../../../../templates/config/sync-daemon.toml"),
            None,
        );
    }

    #[test]
    fn the_schema_refuses_what_the_program_refuses() {
        check("daemons = 1", Some(": additionalProperties"));
        check(
            "[daemon]\nlog_levle = \"info\"",
            Some(".daemon: additionalProperties"),
        );
        check(
            "[daemon]\nlog_level = \"loud\"",
            Some(".daemon.log_level: enum"),
        );
        check(
            "[concurrency]\nmax_concurrent_syncs = 65",
            Some(".concurrency.max_concurrent_syncs: maximum"),
        );
        check(
            "[concurrency]\nmax_concurrent_syncs = \"4\"",
            Some(".concurrency.max_concurrent_syncs: type"),
        );
        check("[pocketbase]", Some(".pocketbase: required"));
        check(
            "[[sync_jobs]]\nid = \"a b\"\nsource_path = \"/a\"\ndestination_path = \"/b\"",
            Some(".sync_jobs.id: pattern"),
        );
    }

    #[test]
    fn every_key_says_what_it_is() {
        fn gather(schema: &Value, path: &str, silent: &mut Vec<String>) {
            for (key, property) in schema["properties"].as_object().into_iter().flatten() {
                let path = format!("{path}.{key}");
                if property["description"]
                    .as_str()
                    .is_none_or(|about| !about.ends_with('.'))
                {
                    silent.push(path.clone());
                }
                gather(property, &path, silent);
                gather(&property["items"], &path, silent);
            }
        }
        let mut silent = Vec::new();
        gather(&schema(), "", &mut silent);
        assert_eq!(silent, [""; 0]);
    }

    #[test]
    fn the_book_explains_every_key() {
        const BOOK: &str = include_str!("../../../../../docs/src/sync-configuration.md");
        fn gather(keys: &[Key], missing: &mut Vec<&'static str>) {
            for key in keys {
                match key.kind {
                    Kind::Table(inner) | Kind::Tables(inner) => gather(inner, missing),
                    _ => {
                        let is_row = |line: &str| {
                            line.starts_with(&format!("| `{}` | ", key.name))
                                && line.contains(key.about)
                        };
                        let is_named = !key.has_effect && BOOK.contains(&format!("`{}`", key.name));
                        let is_table =
                            !key.has_effect && BOOK.contains(&format!("`[{}]`", key.name));
                        if !is_named && !is_table && !BOOK.lines().any(is_row) {
                            missing.push(key.name);
                        }
                    }
                }
            }
        }
        let mut missing = Vec::new();
        gather(ROOT, &mut missing);
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn the_books_sample_loads() {
        const BOOK: &str = include_str!("../../../../../docs/src/sync-configuration.md");
        let sample = include_str!("../../../tests/config/readme.toml").trim();
        assert!(BOOK.contains(&format!("```toml\n{sample}\n```")));
    }
}
