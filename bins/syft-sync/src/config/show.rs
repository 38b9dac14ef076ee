//! The config that is in force, as TOML that can be read again, or as JSON.

use std::{fmt::Write as _, path::Path};

use secrecy::ExposeSecret;
use serde_json::{Map, Value as Json};

use super::{
    Config, RemoteRecords, file_name, path,
    place::Origin,
    schema::{Key, Kind, ROOT},
    tree::{Node, Table, Value},
};

const INFALLIBLE: &str = "a string takes everything";
/// What stands for a secret.
const HIDDEN: &str = "(hidden)";

/// How much of a config is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct View {
    /// Where each value comes from.
    pub(crate) origins: bool,
    /// Passwords in clear.
    pub(crate) secrets: bool,
}

impl Config {
    /// Returns every key with the value in force, as TOML; it means the same config when it is
    /// read again, if secrets are shown.
    pub(crate) fn to_toml(&self, view: View) -> String {
        let mut printer = Printer {
            text: String::new(),
            view,
            file: self.file.as_deref(),
        };
        printer.table(&self.values, ROOT, "");
        printer.text
    }

    /// Returns every key with the value in force, as the TOML has them.
    pub(crate) fn to_json(&self, view: View) -> Json {
        table_to_json(&self.values, view.secrets)
    }

    /// Returns where each value comes from that nobody has left to its default, by its key as in
    /// `sync_jobs[0].enabled`.
    pub(crate) fn origins(&self) -> Map<String, Json> {
        let mut origins = Map::new();
        collect_origins(&self.values, "", self.file.as_deref(), &mut origins);
        origins
    }

    /// Returns the jobs and watchers of the config file: what the file says of them, with its
    /// keys, paths being absolute.
    pub(crate) fn local_records(&self) -> RemoteRecords {
        let said = |list: &str| {
            let nodes = self.values.list(list).iter();
            let local = nodes.filter(|node| node.origin.place().is_some());
            local.filter_map(Node::as_table).map(said_to_json).collect()
        };
        RemoteRecords {
            jobs: said("sync_jobs"),
            watchers: said("file_watchers"),
        }
    }
}

fn said_to_json(table: &Table) -> Map<String, Json> {
    let nodes = table
        .nodes()
        .filter(|(_, node)| node.origin != Origin::Default);
    let json = |node: &Node| match &node.value {
        Value::Table(table) => said_to_json(table).into(),
        value => to_json(value, false),
    };
    nodes
        .map(|(key, node)| (key.to_owned(), json(node)))
        .collect()
}

fn table_to_json(table: &Table, secrets: bool) -> Json {
    let entries = table
        .nodes()
        .map(|(key, node)| (key.to_owned(), to_json(&node.value, secrets)));
    Json::Object(entries.collect())
}

fn to_json(value: &Value, secrets: bool) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Number(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::Path(path) => path.to_string_lossy().into(),
        Value::Secret(secret) if secrets => secret.expose_secret().into(),
        Value::Secret(_) => HIDDEN.into(),
        Value::List(nodes) => nodes
            .iter()
            .map(|node| to_json(&node.value, secrets))
            .collect(),
        Value::Table(table) => table_to_json(table, secrets),
        Value::Unread => Json::Null,
        Value::Other(kind) => (*kind).into(),
    }
}

fn collect_origins(
    table: &Table,
    prefix: &str,
    file: Option<&Path>,
    origins: &mut Map<String, Json>,
) {
    for (key, node) in table.nodes() {
        let path = if prefix.is_empty() {
            key.to_owned()
        } else {
            format!("{prefix}.{key}")
        };
        match &node.value {
            Value::Table(table) => collect_origins(table, &path, file, origins),
            Value::List(nodes) if nodes.iter().any(|node| node.as_table().is_some()) => {
                let tables = nodes.iter().filter_map(Node::as_table).enumerate();
                for (index, table) in tables {
                    collect_origins(table, &format!("{path}[{index}]"), file, origins);
                }
            }
            _ if node.origin == Origin::Default => {}
            _ => {
                origins.insert(path, describe(&node.origin, file).into());
            }
        }
    }
}

/// Returns where a value comes from; of a file with its name.
fn describe(origin: &Origin, file: Option<&Path>) -> String {
    match origin {
        Origin::File(place) => format!("{}:{}", file_name(file), place.line),
        origin => origin.to_string(),
    }
}

struct Printer<'a> {
    text: String,
    view: View,
    file: Option<&'a Path>,
}

impl Printer<'_> {
    /// Prints the values of a table, and then the tables within.
    fn table(&mut self, table: &Table, keys: &'static [Key], path: &str) {
        let present = || {
            keys.iter()
                .filter_map(|key| Some((key, table.get(key.name)?)))
        };
        for (key, node) in present() {
            self.value(key.name, node);
        }
        for (key, node) in present() {
            let path = if path.is_empty() {
                key.name.to_owned()
            } else {
                format!("{path}.{}", key.name)
            };
            match (&node.value, key.kind) {
                (Value::Table(inner), Kind::Table(keys)) => {
                    self.section(&format!("[{path}]"), node, inner, keys, &path);
                }
                (Value::List(nodes), Kind::Tables(keys)) => {
                    for node in nodes {
                        if let Some(inner) = node.as_table() {
                            self.section(&format!("[[{path}]]"), node, inner, keys, &path);
                        }
                    }
                }
                (Value::Unread, _) => {
                    writeln!(
                        self.text,
                        "\n# [{path}] is not shown, for it has no effect."
                    )
                    .expect(INFALLIBLE);
                }
                _ => {}
            }
        }
    }

    fn section(
        &mut self,
        header: &str,
        node: &Node,
        table: &Table,
        keys: &'static [Key],
        path: &str,
    ) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(header);
        if node.origin.is_remote() {
            self.origin(&node.origin);
        }
        self.text.push('\n');
        self.table(table, keys, path);
    }

    fn value(&mut self, key: &str, node: &Node) {
        let value = match &node.value {
            Value::Secret(_) if !self.view.secrets => {
                write!(self.text, "# {key} = {HIDDEN:?}").expect(INFALLIBLE);
                None
            }
            value => match to_toml(value) {
                Some(value) => Some(value),
                None => return,
            },
        };
        if let Some(value) = value {
            write!(self.text, "{key} = {value}").expect(INFALLIBLE);
        }
        if self.view.origins {
            self.origin(&node.origin);
        }
        self.text.push('\n');
    }

    fn origin(&mut self, origin: &Origin) {
        let origin = describe(origin, self.file);
        write!(self.text, "  # {origin}").expect(INFALLIBLE);
    }
}

/// Returns a value as it is written in one line; tables have sections of their own.
fn to_toml(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Number(value) => format!("{value:?}"),
        Value::Text(text) => quote(text),
        Value::Path(path) => quote(&path::escape(path)),
        Value::Secret(secret) => quote(secret.expose_secret()),
        Value::List(nodes) if nodes.iter().any(|node| node.as_table().is_some()) => return None,
        Value::List(nodes) => {
            let items: Option<Vec<_>> = nodes.iter().map(|node| to_toml(&node.value)).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Table(_) | Value::Unread | Value::Other(_) => return None,
    })
}

/// Returns a text as a TOML string of one line.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            character if character.is_control() => {
                write!(quoted, "\\u{:04X}", u32::from(character)).expect(INFALLIBLE);
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
