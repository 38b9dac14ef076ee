//! From a checked tree to values with a meaning.

mod daemon;
mod jobs;
mod pocketbase;
mod telemetry;
mod watchers;

use std::net::{IpAddr, Ipv4Addr};

use syft_jobs::{Filter, JobId};

use super::{Config, finding::Findings, place::Origin, source::Source, tree::Table};

/// Makes the config, unless a value means nothing.
pub(super) fn config(source: &Source, tree: Table, findings: &mut Findings) -> Option<Config> {
    let pocketbase = tree
        .get("pocketbase")
        .map(|_| pocketbase::resolve(tree.table("pocketbase"), findings));
    let jobs = jobs::resolve(&tree, findings);
    let watchers = watchers::resolve(&tree, findings);
    let telemetry = telemetry::resolve(tree.table("telemetry"), findings);
    let http = daemon::http(tree.table("http"), findings);
    Some(Config {
        file: source.file.clone(),
        pocketbase: match pocketbase {
            None => None,
            Some(pocketbase) => Some(pocketbase?),
        },
        daemon: daemon::daemon(tree.table("daemon")),
        jobs: jobs?,
        watchers: watchers?,
        concurrency: daemon::concurrency(tree.table("concurrency")),
        cache: daemon::cache(tree.table("cache")),
        telemetry: telemetry?,
        http: http?,
        notes: Vec::new(),
        source: source.clone(),
        values: tree,
    })
}

/// Reads the id of a job or a watcher.
fn id(table: &Table, key: &str, findings: &mut Findings) -> Option<JobId> {
    match table.text(key).parse() {
        Ok(id) => Some(id),
        Err(error) => {
            findings.error(table.origin(key), format_args!("`{key}`: {error}"));
            None
        }
    }
}

fn address(table: &Table, findings: &mut Findings) -> Option<IpAddr> {
    let text = table.text("bind_address").trim();
    if text.eq_ignore_ascii_case("localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let address = text.trim_matches(['[', ']']).parse();
    if address.is_err() {
        let message = format!("`bind_address`: {text:?} is no IP address, as 127.0.0.1");
        findings.error(table.origin("bind_address"), message);
    }
    address.ok()
}

/// Returns an error as one line, for a value with this origin.
fn refuse(origin: &Origin, key: &str, error: &dyn std::error::Error, findings: &mut Findings) {
    let chain = crate::exit::chain(error);
    findings.error(origin, format_args!("`{key}`: {chain}"));
}

/// Returns a number of MiB in bytes.
fn mebibytes(table: &Table, key: &str) -> u64 {
    table.integer::<u64>(key).saturating_mul(1 << 20)
}

/// Makes a filter of what several keys say, and points at the pattern that means nothing.
fn filter(
    table: &Table,
    exclude: &[&str],
    include: &[&str],
    findings: &mut Findings,
) -> Option<Filter> {
    let patterns = |keys: &[&str]| -> Vec<String> {
        let patterns = keys.iter().flat_map(|key| table.texts(key));
        patterns.map(str::to_owned).collect()
    };
    match Filter::new(&patterns(exclude), &patterns(include)) {
        Ok(filter) => Some(filter),
        Err(error) => {
            let (key, origin) = culprit(table, exclude.iter().chain(include), &error);
            refuse(origin, key, &error, findings);
            None
        }
    }
}

/// Returns where a pattern stands that means nothing.
fn culprit<'a>(
    table: &'a Table,
    keys: impl Iterator<Item = &'a &'a str>,
    error: &syft_jobs::Error,
) -> (&'a str, &'a Origin) {
    let mut first = None;
    for key in keys {
        for node in table.list(key) {
            first.get_or_insert((*key, &node.origin));
            if let syft_jobs::Error::InvalidPattern { pattern, .. } = error
                && node.as_text() == Some(pattern)
            {
                return (key, &node.origin);
            }
        }
    }
    first.unwrap_or(("filters", &Origin::Default))
}
