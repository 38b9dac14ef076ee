//! A config as a tree of values that know where they come from.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use toml::de::{DeTable, DeValue};

use super::{
    finding::Findings,
    place::{Lines, Origin},
};

const IS_CHECKED: &str = "the schema was checked and gives a default";

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

#[derive(Clone)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    /// Expanded and absolute.
    Path(PathBuf),
    Secret(SecretString),
    List(Vec<Node>),
    Table(Table),
    /// Something that is accepted and not looked at, for it has no effect.
    Unread,
    /// A value of a kind that no key has, as a date.
    Other(&'static str),
}

/// Keys with their values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    key: Origin,
    node: Node,
}

/// Reads TOML as far as it can be read.
pub(crate) fn parse(text: &str, findings: &mut Findings) -> Table {
    let lines = Lines::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let origin = Origin::File(lines.place(span.start, span.end));
        findings.error(&origin, error.message());
    }
    table(&lines, root.get_ref())
}

fn table(lines: &Lines<'_>, table: &DeTable<'_>) -> Table {
    let mut entries = BTreeMap::new();
    for (key, value) in table {
        let node = Node {
            value: value_of(lines, value.get_ref()),
            origin: origin(lines, value.span()),
        };
        let key_origin = origin(lines, key.span());
        entries.insert(
            key.get_ref().to_string(),
            Entry {
                key: key_origin,
                node,
            },
        );
    }
    Table { entries }
}

fn value_of(lines: &Lines<'_>, value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(value) => Value::Text(value.to_string()),
        DeValue::Integer(value) => i64::from_str_radix(value.as_str(), value.radix())
            .map_or(Value::Other("an integer beyond 64 bits"), Value::Integer),
        DeValue::Float(value) => value
            .as_str()
            .parse()
            .map_or(Value::Other("a number"), Value::Number),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(values) => Value::List(
            values
                .iter()
                .map(|value| Node {
                    value: value_of(lines, value.get_ref()),
                    origin: origin(lines, value.span()),
                })
                .collect(),
        ),
        DeValue::Table(value) => Value::Table(table(lines, value)),
    }
}

fn origin(lines: &Lines<'_>, span: std::ops::Range<usize>) -> Origin {
    Origin::File(lines.place(span.start, span.end))
}

impl Node {
    pub(crate) fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin }
    }

    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn as_table_mut(&mut self) -> Option<&mut Table> {
        match &mut self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries.get(key).map(|entry| &entry.node)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.get_mut(key).map(|entry| &mut entry.node)
    }

    /// Returns all keys with their origins.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &Origin)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.as_str(), &entry.key))
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.entries
            .iter()
            .map(|(key, entry)| (key.as_str(), &entry.node))
    }

    pub(crate) fn set(&mut self, key: &str, node: Node) {
        let key_origin = node.origin.clone();
        let entry = Entry {
            key: key_origin,
            node,
        };
        self.entries.insert(key.to_owned(), entry);
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.entries.remove(key);
    }

    /// Returns the table of a key, which is made if there is none, unless it is something else.
    pub(crate) fn table_mut(&mut self, key: &str) -> Option<&mut Self> {
        let entry = self.entries.entry(key.to_owned()).or_insert_with(|| Entry {
            key: Origin::Default,
            node: Node::new(Value::Table(Self::default()), Origin::Default),
        });
        match &mut entry.node.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Returns the nodes of a list; none where there is no list.
    pub(crate) fn list(&self, key: &str) -> &[Node] {
        match self.get(key).map(|node| &node.value) {
            Some(Value::List(nodes)) => nodes,
            _ => &[],
        }
    }

    pub(crate) fn list_mut(&mut self, key: &str) -> Option<&mut Vec<Node>> {
        let empty = || Entry {
            key: Origin::Default,
            node: Node::new(Value::List(Vec::new()), Origin::Default),
        };
        let entry = self.entries.entry(key.to_owned()).or_insert_with(empty);
        match &mut entry.node.value {
            Value::List(nodes) => Some(nodes),
            _ => None,
        }
    }
}

/// What the schema promises of a table that it was checked against.
impl Table {
    pub(crate) fn table(&self, key: &str) -> &Self {
        self.get(key).and_then(Node::as_table).expect(IS_CHECKED)
    }

    pub(crate) fn bool(&self, key: &str) -> bool {
        match self.get(key).map(|node| &node.value) {
            Some(Value::Bool(value)) => *value,
            _ => panic!("{key}: {IS_CHECKED}"),
        }
    }

    /// Returns whether a key says true, in a table that may be wrong.
    pub(crate) fn is_true(&self, key: &str) -> bool {
        matches!(
            self.get(key).map(|node| &node.value),
            Some(Value::Bool(true))
        )
    }

    pub(crate) fn integer_or_none<T: TryFrom<i64>>(&self, key: &str) -> Option<T> {
        match self.get(key).map(|node| &node.value) {
            Some(Value::Integer(value)) => T::try_from(*value).ok(),
            _ => None,
        }
    }

    pub(crate) fn integer<T: TryFrom<i64>>(&self, key: &str) -> T {
        self.integer_or_none(key).expect(IS_CHECKED)
    }

    pub(crate) fn seconds(&self, key: &str) -> Duration {
        Duration::from_secs(self.integer(key))
    }

    pub(crate) fn numbers(&self, key: &str) -> Vec<f64> {
        let number = |node: &Node| match node.value {
            Value::Integer(value) => Some(value as f64),
            Value::Number(value) => Some(value),
            _ => None,
        };
        self.list(key).iter().filter_map(number).collect()
    }

    pub(crate) fn text_or_none(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::as_text)
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.text_or_none(key).expect(IS_CHECKED)
    }

    pub(crate) fn texts(&self, key: &str) -> Vec<&str> {
        self.list(key).iter().filter_map(Node::as_text).collect()
    }

    pub(crate) fn path_or_none(&self, key: &str) -> Option<&Path> {
        match self.get(key).map(|node| &node.value) {
            Some(Value::Path(path)) => Some(path),
            _ => None,
        }
    }

    pub(crate) fn path(&self, key: &str) -> PathBuf {
        self.path_or_none(key).expect(IS_CHECKED).to_owned()
    }

    pub(crate) fn paths(&self, key: &str) -> Vec<PathBuf> {
        let path = |node: &Node| match &node.value {
            Value::Path(path) => Some(path.clone()),
            _ => None,
        };
        self.list(key).iter().filter_map(path).collect()
    }

    pub(crate) fn secret(&self, key: &str) -> Option<&SecretString> {
        match self.get(key).map(|node| &node.value) {
            Some(Value::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    /// Returns where the value of a key comes from.
    pub(crate) fn origin(&self, key: &str) -> &Origin {
        self.get(key).map_or(&Origin::Default, |node| &node.origin)
    }
}

impl Value {
    /// Returns what kind of value it is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Number(_) => "a number with a fraction",
            Self::Text(_) | Self::Secret(_) | Self::Path(_) => "a string",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Unread => "something",
            Self::Other(kind) => kind,
        }
    }
}

/// Shows no value: before the schema is checked nobody knows which ones are secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}
