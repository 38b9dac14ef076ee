//! A config file in today's words, with its comments and its order.

use super::{
    finding::Findings,
    place::{Origin, Place},
    schema::{Key, Kind, ROOT},
    tree::{self, Table, Value},
};

/// What became of a config file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Migrated {
    pub(crate) text: String,
    /// What was changed, each with its line in the file of before.
    pub(crate) changes: Vec<String>,
}

/// What is put in the place of some bytes.
struct Edit {
    start: usize,
    end: usize,
    text: String,
}

/// Comments out keys that have no effect, and gives keys their today's names.
///
/// Only what stands in lines of its own is changed: the result means the same as the file.
pub(crate) fn migrate(text: &str) -> Migrated {
    let mut findings = Findings::default();
    let tree = tree::parse(text, &mut findings);
    let mut changes = Vec::new();
    if !findings.has_errors() {
        table(text, &tree, ROOT, &mut changes);
    }
    changes.sort_by_key(|(place, _, _): &(Place, String, Edit)| place.start);
    let mut migrated = text.to_owned();
    for (_, _, edit) in changes.iter().rev() {
        migrated.replace_range(edit.start..edit.end, &edit.text);
    }
    Migrated {
        text: migrated,
        changes: changes
            .into_iter()
            .map(|(place, change, _)| format!("{}: {change}", place.line))
            .collect(),
    }
}

fn table(text: &str, table: &Table, keys: &[Key], changes: &mut Vec<(Place, String, Edit)>) {
    for (name, origin) in table.keys() {
        let (Some(key), Some(node), Origin::File(place)) = (
            keys.iter().find(|key| key.name == name),
            table.get(name),
            origin,
        ) else {
            continue;
        };
        let change = match (key.kind, &node.value) {
            (Kind::Table(keys), Value::Table(inner)) => {
                self::table(text, inner, keys, changes);
                None
            }
            (Kind::Tables(keys), Value::List(nodes)) => {
                for inner in nodes.iter().filter_map(tree::Node::as_table) {
                    self::table(text, inner, keys, changes);
                }
                None
            }
            _ if !key.has_effect => node.origin.place().and_then(|value| {
                let edit = comment_out(text, *place, value)?;
                Some((format!("`{name}` has no effect and is commented out"), edit))
            }),
            _ if name == "filters" && table.get("exclude_patterns").is_none() => {
                let edit = Edit {
                    start: place.start,
                    end: place.end,
                    text: "exclude_patterns".to_owned(),
                };
                Some(("`filters` is called `exclude_patterns`".to_owned(), edit))
            }
            _ => None,
        };
        changes.extend(change.map(|(change, edit)| (*place, change, edit)));
    }
}

/// Comments out the lines of a key and its value, if they hold nothing else.
fn comment_out(text: &str, key: Place, value: Place) -> Option<Edit> {
    let start = text[..key.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let end = text[value.end..]
        .find('\n')
        .map_or(text.len(), |length| value.end + length);
    let behind = text[value.end..end].trim();
    let is_alone = text[start..key.start].trim().is_empty()
        && key.end <= value.start
        && (behind.is_empty() || behind.starts_with('#'));
    is_alone.then(|| {
        let lines: Vec<_> = text[start..end]
            .split('\n')
            .map(|line| format!("# {line}"))
            .collect();
        Edit {
            start,
            end,
            text: lines.join("\n"),
        }
    })
}
