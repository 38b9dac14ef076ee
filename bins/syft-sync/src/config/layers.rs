//! What the command line and the environment say, laid over the file (B1).

use std::path::PathBuf;

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

use super::{
    LogLevel,
    finding::Findings,
    place::Origin,
    source::Sources,
    tree::{Node, Table, Value},
};

/// What the command line says; paths are absolute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) log_level: Option<String>,
    pub(crate) pocketbase_url: Option<String>,
    pub(crate) admin_email: Option<String>,
    pub(crate) admin_password: Option<SecretString>,
    pub(crate) admin_password_file: Option<PathBuf>,
    pub(crate) pid_file: Option<PathBuf>,
    pub(crate) metrics_port: Option<u16>,
}

/// Lays the command line and the environment over the file, and returns the directives of
/// `$RUST_LOG` where they are in force.
pub(super) fn overlay(
    tree: &mut Table,
    sources: &Sources,
    findings: &mut Findings,
) -> Option<String> {
    pocketbase(tree, sources, findings);
    let overrides = &sources.overrides;
    if let Some(path) = &overrides.pid_file {
        set(
            tree,
            &["daemon"],
            "pid_file",
            flag("--pid-file", path.clone()),
        );
    }
    if let Some(port) = overrides.metrics_port {
        let node = Node::new(Value::Integer(port.into()), Origin::Flag("--metrics-port"));
        set(tree, &["telemetry", "metrics"], "port", node);
    } else if let Some((text, origin)) = variable(sources, "SYNC_METRICS_PORT", findings) {
        let value = text
            .trim()
            .parse()
            .map_or(Value::Text(text), Value::Integer);
        set(
            tree,
            &["telemetry", "metrics"],
            "port",
            Node::new(value, origin),
        );
    }
    inherit(tree, "log_file", "log_file_path", findings);
    log_level(tree, sources, findings)
}

fn pocketbase(tree: &mut Table, sources: &Sources, findings: &mut Findings) {
    const TABLE: &[&str] = &["pocketbase"];
    let overrides = &sources.overrides;
    let text = |name, value: &Option<String>| {
        let value = value.clone().map(Value::Text)?;
        Some(Node::new(value, Origin::Flag(name)))
    };
    let mut variable = |name| {
        let (text, origin) = variable(sources, name, findings)?;
        Some(Node::new(Value::Text(text), origin))
    };
    let url = text("--pocketbase-url", &overrides.pocketbase_url);
    let url = url.or_else(|| variable("SYNC_PB_URL"));
    let email = text("--admin-email", &overrides.admin_email);
    let email = email.or_else(|| variable("SYNC_PB_ADMIN_EMAIL"));
    let password = overrides
        .admin_password
        .clone()
        .map(|password| Node::new(Value::Secret(password), Origin::Flag("--admin-password")));
    let file = overrides.admin_password_file.clone();
    let file = file.map(|path| flag("--admin-password-file", path));
    let from_environment = match (&password, &file) {
        (None, None) => variable("SYNC_PB_ADMIN_PASSWORD"),
        _ => None,
    };
    if let Some(url) = url {
        set(tree, TABLE, "url", url);
    }
    let password = password.or(from_environment);
    let is_there = tree.get("pocketbase").is_some();
    for node in [&email, &password, &file].into_iter().flatten() {
        if !is_there {
            findings.note(
                &node.origin,
                "no effect without the address of a PocketBase",
            );
        }
    }
    let Some(table) = tree.get_mut("pocketbase").and_then(Node::as_table_mut) else {
        return;
    };
    if let Some(email) = email {
        table.set("admin_email", email);
    }
    // Both keys say the same thing: what is said further up counts for both.
    if let Some(password) = password {
        table.remove("password_file");
        table.set("admin_password", password);
    } else if let Some(file) = file {
        table.remove("admin_password");
        table.set("password_file", file);
    }
}

/// The order of B1: command line, `$SYNC_LOG_LEVEL`, `$RUST_LOG`, `telemetry`, `daemon`.
fn log_level(tree: &mut Table, sources: &Sources, findings: &mut Findings) -> Option<String> {
    const TABLE: &[&str] = &["telemetry"];
    if let Some(level) = &sources.overrides.log_level {
        let node = Node::new(Value::Text(level.clone()), Origin::Flag("--log-level"));
        set(tree, TABLE, "log_level", node);
        return None;
    }
    if let Some((text, origin)) = variable(sources, "SYNC_LOG_LEVEL", findings) {
        set(
            tree,
            TABLE,
            "log_level",
            Node::new(Value::Text(text), origin),
        );
        return None;
    }
    if let Some((text, origin)) = variable(sources, "RUST_LOG", findings) {
        if LogLevel::parse(text.trim()).is_some() {
            let value = Value::Text(text.trim().to_owned());
            set(tree, TABLE, "log_level", Node::new(value, origin));
            return None;
        }
        match EnvFilter::try_new(&text) {
            Ok(_) => return Some(text),
            Err(error) => {
                findings.warning(&origin, format_args!("it is not used: {error}"));
            }
        }
    }
    inherit(tree, "log_level", "log_level", findings);
    None
}

/// Gives a key of `[telemetry]` the value that the older one in `[daemon]` has.
fn inherit(tree: &mut Table, from: &str, to: &str, findings: &mut Findings) {
    let older = tree.get("daemon").and_then(Node::as_table);
    let Some(older) = older.and_then(|daemon| daemon.get(from)).cloned() else {
        return;
    };
    let Some(telemetry) = tree.table_mut("telemetry") else {
        return;
    };
    match telemetry.get(to) {
        None => telemetry.set(to, older),
        Some(newer) if newer.as_text() != older.as_text() => {
            let message = format!("`telemetry.{to}` says something else, and counts");
            findings.warning(&older.origin, message);
        }
        Some(_) => {}
    }
}

/// Reads a variable that is set and not empty; one that is no text is an error.
fn variable(
    sources: &Sources,
    name: &'static str,
    findings: &mut Findings,
) -> Option<(String, Origin)> {
    let value = sources
        .environment
        .get(name)
        .filter(|value| !value.is_empty())?;
    let origin = Origin::Environment(name);
    let text = value.to_str().map(str::to_owned);
    if text.is_none() {
        findings.error(&origin, "the variable is not UTF-8");
    }
    Some((text?, origin))
}

fn flag(name: &'static str, path: PathBuf) -> Node {
    Node::new(Value::Path(path), Origin::Flag(name))
}

/// Sets a key, unless something that is no table is in its way, which the schema then refuses.
fn set(tree: &mut Table, tables: &[&str], key: &str, node: Node) {
    let mut table = tree;
    for name in tables {
        let Some(inner) = table.table_mut(name) else {
            return;
        };
        table = inner;
    }
    table.set(key, node);
}
