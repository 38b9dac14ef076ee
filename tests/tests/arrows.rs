//! The arrows between our crates, as `docs/src/architecture.md` draws them.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};

/// Package → the packages of ours that it may depend on, in its normal dependencies.
const ARROWS: &[(&str, &[&str])] = &[
    ("syft-state", &[]),
    ("syft-emulator", &[]),
    ("syft-daemon", &["syft-state"]),
    ("syft-transport", &["syft-state"]),
    ("syft-rpc-events", &["syft-state"]),
    ("syft-jobs", &["syft-state"]),
    ("syft-terminal", &["syft-daemon"]),
    ("syft-monitor", &["syft-state", "syft-transport"]),
    (
        "syft-notify",
        &[
            "syft-daemon",
            "syft-emulator",
            "syft-monitor",
            "syft-state",
            "syft-terminal",
            "syft-transport",
        ],
    ),
    (
        "syft-sync",
        &[
            "syft-daemon",
            "syft-jobs",
            "syft-state",
            "syft-terminal",
            "syft-transport",
        ],
    ),
    ("sync-daemon", &["syft-sync"]),
    ("syft-emulator-bin", &["syft-emulator"]),
];
/// Packages that may use all others, and that nothing uses.
const ABOVE_ALL: &[&str] = &["syft-tests", "syft-examples"];
/// Crates that open connections; a core that must not may not have them anywhere below it.
const NETWORK: &[&str] = &["reqwest", "hyper", "rustls"];
const NO_NETWORK: &[&str] = &["syft-state", "syft-rpc-events", "syft-jobs"];
/// C builds of minutes, and a second TLS stack.
const BANNED: &[&str] = &["aws-lc-sys", "openssl-sys", "native-tls"];

fn metadata() -> cargo_metadata::Metadata {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    cargo_metadata::MetadataCommand::new()
        .manifest_path(manifest)
        .exec()
        .unwrap()
}

#[test]
fn crates_depend_downwards_only() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ARROWS
        .iter()
        .map(|(from, to)| (*from, to.iter().copied().collect()))
        .collect();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if ABOVE_ALL.contains(&name) {
            continue;
        }
        let allowed = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no entry in ARROWS"));
        let actual: BTreeSet<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == cargo_metadata::DependencyKind::Normal)
            .map(|dependency| dependency.name.as_str())
            .filter(|dependency| ours.contains(dependency))
            .collect();
        assert_eq!(&actual, allowed, "the arrows of {name}");
    }
}

#[test]
fn the_book_draws_the_same_arrows() {
    let page = include_str!("../../docs/src/architecture.md");
    let drawn: BTreeMap<&str, BTreeSet<&str>> = page
        .lines()
        .filter_map(|line| {
            let (from, to) = line.split_once(" → ")?;
            let is_package = |word: &&str| word.starts_with("syft-") || *word == "sync-daemon";
            let to = to.split([' ', ',']).filter(is_package).collect();
            is_package(&from.trim_end()).then_some((from.trim_end(), to))
        })
        .collect();
    let arrows = ARROWS
        .iter()
        .map(|(from, to)| (*from, to.iter().copied().collect()))
        .collect();
    assert_eq!(drawn, arrows);
}

#[test]
fn nothing_banned_is_below_us_and_the_bottom_has_no_network() {
    let metadata = metadata();
    let resolve = metadata.resolve.as_ref().unwrap();
    let names: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.as_str()))
        .collect();
    for banned in BANNED {
        assert!(
            !names.values().any(|name| name == banned),
            "{banned} is in the tree"
        );
    }
    for start in NO_NETWORK {
        let mut waiting = vec![
            metadata
                .packages
                .iter()
                .find(|package| package.name.as_str() == *start)
                .unwrap()
                .id
                .clone(),
        ];
        let mut seen = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            assert!(
                !NETWORK.contains(&names[&id]),
                "{start} reaches {}",
                names[&id]
            );
            let node = resolve.nodes.iter().find(|node| node.id == id).unwrap();
            let normal = node.deps.iter().filter(|dependency| {
                dependency
                    .dep_kinds
                    .iter()
                    .any(|kind| kind.kind == cargo_metadata::DependencyKind::Normal)
            });
            for dependency in normal {
                if seen.insert(dependency.pkg.clone()) {
                    waiting.push(dependency.pkg.clone());
                }
            }
        }
        assert!(seen.len() > 1, "{start} was not walked");
    }
}
