//! Looks through the whole tree, because events are only a reason to hurry.

use std::collections::{BTreeMap, HashSet};

use crate::{
    layout::{REQUEST, response_to},
    tree::{Fingerprint, Tree, join},
};

/// Nobody nests endpoints deeper, and nobody can make a sweep endless.
const DEPTH: usize = 32;

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Requests without a response, with what they look like.
    pub(super) open: BTreeMap<String, Fingerprint>,
    /// Requests with one.
    pub(super) answered: HashSet<String>,
}

impl Found {
    /// Lists all requests below a directory of the tree; `""` is everything.
    pub(super) fn below(tree: &Tree, directory: &str) -> Self {
        let mut found = Self::default();
        found.visit(tree, directory, DEPTH);
        found
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.open.contains_key(path) || self.answered.contains(path)
    }

    fn visit(&mut self, tree: &Tree, directory: &str, depth: usize) {
        // What cannot be listed has vanished, or is a link that nobody follows.
        let Ok(entries) = tree.list(directory) else {
            return;
        };
        let files: HashSet<&str> = entries
            .iter()
            .filter(|entry| !entry.is_directory)
            .map(|entry| entry.name.as_str())
            .collect();
        for entry in &entries {
            let path = join(directory, &entry.name);
            if entry.is_directory {
                if depth > 0 {
                    self.visit(tree, &path, depth - 1);
                }
            } else if entry.name.ends_with(REQUEST) {
                self.note(tree, path, &entry.name, &files);
            }
        }
    }

    fn note(&mut self, tree: &Tree, path: String, name: &str, files: &HashSet<&str>) {
        let response = response_to(name);
        if response.is_some_and(|name| files.contains(name.as_str())) {
            self.answered.insert(path);
        } else if let Ok(print) = tree.look(&path) {
            self.open.insert(path, print);
        }
    }
}
