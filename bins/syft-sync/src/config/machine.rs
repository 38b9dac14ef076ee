//! What is in force by the machine and by who we are on it, where nobody says anything.

use std::path::{Path, PathBuf};

use super::{
    finding::Findings,
    place::Origin,
    source::Sources,
    tree::{Node, Table, Value},
};

const STATE_DIR: &str = "/var/lib/syft-sync";
/// Those of the seed's sample.
const PID_FILE: &str = "/var/run/sync-daemon.pid";
const LOG_FILE: &str = "/var/log/sync-daemon.log";
const CACHE_DIR: &str = "/var/cache/sync-daemon";

/// Fills in the paths that depend on the machine, in a tree that was checked.
///
/// Who is not root cannot write in the system's own places, and is led to places of his own even
/// where the config names those of the seed's sample, so that the sample works for everybody.
pub(super) fn fill(tree: &mut Table, sources: &Sources, findings: &mut Findings) {
    let is_root = sources.machine.is_root;
    let own = |system: &str, own: PathBuf| if is_root { system.into() } else { own };
    let state = own(
        STATE_DIR,
        sources
            .xdg("XDG_STATE_HOME", ".local/state")
            .join("syft-sync"),
    );
    let state = preset(tree, "daemon", "state_dir", state);
    let run = sources
        .named("XDG_RUNTIME_DIR")
        .unwrap_or_else(|| state.clone());
    let cache = sources.xdg("XDG_CACHE_HOME", ".cache").join("sync-daemon");
    let log = state.join("sync-daemon.log");
    if !is_root {
        lead_away(
            tree,
            ("daemon", "log_file"),
            Path::new(LOG_FILE),
            &log,
            findings,
        );
    }
    let places = [
        ("daemon", "pid_file", PID_FILE, run.join("sync-daemon.pid")),
        ("telemetry", "log_file_path", LOG_FILE, log),
        ("cache", "cache_dir", CACHE_DIR, cache),
    ];
    for (table, key, system, own_place) in places {
        if !is_root {
            lead_away(tree, (table, key), Path::new(system), &own_place, findings);
        }
        preset(tree, table, key, own(system, own_place));
    }
    preset(tree, "http", "token_file", state.join("http.token"));
}

/// Sets a path that nobody has set, and returns the one in force.
fn preset(tree: &mut Table, table: &str, key: &str, path: PathBuf) -> PathBuf {
    if let Some(table) = tree.table_mut(table) {
        if let Some(path) = table.path_or_none(key) {
            return path.to_owned();
        }
        table.set(key, Node::new(Value::Path(path.clone()), Origin::Default));
    }
    path
}

fn lead_away(
    tree: &mut Table,
    (table, key): (&str, &str),
    system: &Path,
    own: &Path,
    findings: &mut Findings,
) {
    let Some(node) = tree.table_mut(table).and_then(|table| table.get_mut(key)) else {
        return;
    };
    if matches!(&node.value, Value::Path(path) if path == system) {
        let message = format!("{} stands in, for only root may write there", own.display());
        findings.note(&node.origin, message);
        node.value = Value::Path(own.to_owned());
    }
}
