//! Compares a config with the schema, and fills in what nobody says.

use secrecy::SecretString;

use super::{Key, Kind, Preset, ROOT};
use crate::config::{
    finding::Findings,
    path::Expander,
    place::Origin,
    tree::{Node, Table, Value},
};

/// The longest text in bytes that a key may have.
pub(crate) const LONGEST_TEXT: usize = 4096;
/// The most items that a list may have, so that what is checked pair by pair ends soon.
pub(crate) const LONGEST_LIST: usize = 1000;

/// Checks a table and everything in it: afterwards, unless there are errors, each value is of its
/// kind, each path absolute, each secret hidden, and each key with a preset there.
pub(crate) fn check(
    table: &mut Table,
    origin: &Origin,
    keys: &'static [Key],
    expander: &Expander<'_>,
    findings: &mut Findings,
) {
    refuse_unknown(table, keys, findings);
    for key in keys {
        let Some(node) = table.get_mut(key.name) else {
            if key.is_required {
                findings.error(origin, format_args!("`{}` is missing", key.name));
            } else if let Some(mut value) = preset(key) {
                if let (Value::Table(table), Kind::Table(keys)) = (&mut value, key.kind) {
                    check(table, &Origin::Default, keys, expander, findings);
                }
                table.set(key.name, Node::new(value, Origin::Default));
            }
            continue;
        };
        if !key.has_effect {
            let message = format!("`{}` has no effect in this version", key.name);
            findings.note(&node.origin, message);
        }
        check_node(node, key.name, key.kind, expander, findings);
    }
}

fn preset(key: &Key) -> Option<Value> {
    let number = |number: &f64| Node::new(Value::Number(*number), Origin::Default);
    Some(match key.preset {
        Preset::Absent => return None,
        Preset::Bool(value) => Value::Bool(value),
        Preset::Integer(value) => Value::Integer(value),
        Preset::Text(value) => Value::Text(value.to_owned()),
        Preset::Empty => Value::List(Vec::new()),
        Preset::Numbers(values) => Value::List(values.iter().map(number).collect()),
        Preset::Table => Value::Table(Table::default()),
    })
}

fn refuse_unknown(table: &Table, keys: &[Key], findings: &mut Findings) {
    for (name, origin) in table.keys() {
        if keys.iter().any(|key| key.name == name) {
            continue;
        }
        let finding = findings.error(
            origin,
            format_args!("unknown key `{}`", name.escape_debug()),
        );
        if let Some(similar) = similar(name, keys.iter().map(|key| key.name)) {
            finding.help(format_args!("did you mean `{similar}`?"));
        } else if let Some(home) = home_of(name) {
            finding.help(format_args!("it belongs in {home}"));
        }
    }
}

/// Returns the word that was most likely meant.
pub(crate) fn similar<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.get(..64).unwrap_or(word).to_lowercase();
    words
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns the header of the table that a key is at home in.
fn home_of(name: &str) -> Option<String> {
    fn search(name: &str, keys: &'static [Key], path: &str) -> Option<String> {
        keys.iter().find_map(|key| {
            let path = if path.is_empty() {
                key.name.to_owned()
            } else {
                format!("{path}.{}", key.name)
            };
            let (inner, header) = match key.kind {
                Kind::Table(inner) => (inner, format!("[{path}]")),
                Kind::Tables(inner) => (inner, format!("[[{path}]]")),
                _ => return None,
            };
            let is_here = inner.iter().any(|key| key.name == name);
            is_here
                .then_some(header)
                .or_else(|| search(name, inner, &path))
        })
    }
    search(name, ROOT, "")
}

fn check_node(
    node: &mut Node,
    name: &str,
    kind: Kind,
    expander: &Expander<'_>,
    findings: &mut Findings,
) {
    match (kind, &mut node.value) {
        (Kind::Table(keys), Value::Table(table)) => {
            check(table, &node.origin, keys, expander, findings);
        }
        (Kind::List(item), Value::List(nodes)) if nodes.len() <= LONGEST_LIST => {
            for node in nodes {
                check_node(node, name, *item, expander, findings);
            }
        }
        (Kind::Tables(keys), Value::List(nodes)) if nodes.len() <= LONGEST_LIST => {
            for node in nodes {
                check_node(node, name, Kind::Table(keys), expander, findings);
            }
        }
        (kind, value) => {
            if let Err(fault) = check_value(value, kind, expander) {
                let message = format!("`{name}`: {}", fault.message);
                findings.error(&node.origin, message).help = fault.help;
            }
        }
    }
}

/// What is wrong with a value, and what to do about it.
struct Fault {
    message: String,
    help: Option<String>,
}

/// Checks a single value, and makes it what it stands for.
fn check_value(value: &mut Value, kind: Kind, expander: &Expander<'_>) -> Result<(), Fault> {
    match (kind, value) {
        (Kind::Any, value) => *value = Value::Unread,
        (Kind::Bool, Value::Bool(_)) => {}
        (Kind::Integer(lowest, highest), Value::Integer(value))
            if (lowest..=highest).contains(value) => {}
        (Kind::Number(lowest, highest), Value::Integer(value))
            if (lowest..=highest).contains(&(*value as f64)) => {}
        (Kind::Number(lowest, highest), Value::Number(value))
            if (lowest..=highest).contains(value) => {}
        (Kind::Id | Kind::Text, Value::Text(text)) => check_text(text)?,
        (Kind::Choice(words), Value::Text(text)) => check_word(text, words, kind)?,
        (Kind::Secret, Value::Secret(_)) | (Kind::Path, Value::Path(_)) => {}
        (Kind::Secret, value @ Value::Text(_)) => {
            if let Value::Text(text) = value {
                *value = Value::Secret(SecretString::from(std::mem::take(text)));
            }
        }
        (Kind::Path, value @ Value::Text(_)) => {
            if let Value::Text(text) = value {
                check_text(text)?;
                *value = Value::Path(expander.expand(text)?);
            }
        }
        (kind, value) => {
            let found = match value {
                Value::Integer(value) if kind.is_number() => value.to_string(),
                Value::Number(value) if kind.is_number() => value.to_string(),
                Value::List(nodes) if nodes.len() > LONGEST_LIST => {
                    format!("{} items; {LONGEST_LIST} are the limit", nodes.len())
                }
                value => value.kind().to_owned(),
            };
            return Err(Fault::from(format!(
                "expected {}, found {found}",
                kind.describe()
            )));
        }
    }
    Ok(())
}

/// Checks that a text is one of some words, in any case.
fn check_word(text: &mut String, words: &[&str], kind: Kind) -> Result<(), Fault> {
    let lower = text.to_lowercase();
    if words.contains(&lower.as_str()) {
        *text = lower;
        return Ok(());
    }
    let shown: String = text.chars().take(40).collect();
    Err(Fault {
        message: format!("expected {}, found {shown:?}", kind.describe()),
        help: similar(text, words.iter().copied()).map(|word| format!("did you mean {word:?}?")),
    })
}

/// Checks what holds for any text.
fn check_text(text: &str) -> Result<(), String> {
    if text.len() > LONGEST_TEXT {
        return Err(format!("more than {LONGEST_TEXT} bytes"));
    }
    match text.chars().find(|character| character.is_control()) {
        Some(character) => Err(format!("there is a control character, {character:?}")),
        None => Ok(()),
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self {
            message,
            help: None,
        }
    }
}
