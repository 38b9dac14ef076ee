//! What was there, so that what is there can be compared with it.

use std::collections::BTreeMap;

use super::FileChange;
use crate::tree::Fingerprint;

/// The files that some watch cares about, by their path below `datasites`.
///
/// A move is recognised by the file itself, not by what the system tells of names: that comes in
/// pieces, and for what is below a directory not at all.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    files: BTreeMap<String, Fingerprint>,
    /// One of the paths of each file.
    paths: BTreeMap<Fingerprint, String>,
}

impl Snapshot {
    /// Takes what is at a path now, and returns what has happened to it; `is_gone` tells whether
    /// nothing is at another path any more.
    pub(super) fn set(
        &mut self,
        path: &str,
        now: Option<Fingerprint>,
        is_gone: impl Fn(&str) -> bool,
    ) -> Option<FileChange> {
        let Some(print) = now else {
            return self.remove(path).then_some(FileChange::Removed);
        };
        match self.files.get(path).copied() {
            Some(known) if known == print => None,
            Some(known) => {
                self.forget(path, known);
                self.insert(path, print);
                Some(FileChange::Modified)
            }
            None => {
                let source = self
                    .paths
                    .get(&print)
                    .filter(|source| is_gone(source))
                    .cloned();
                if let Some(source) = &source {
                    self.remove(source);
                }
                self.insert(path, print);
                Some(source.map_or(FileChange::Created, |from| FileChange::Moved { from }))
            }
        }
    }

    /// Takes what is at a path now and was at another one before, if it is known there.
    pub(super) fn rename(
        &mut self,
        from: &str,
        to: &str,
        print: Fingerprint,
    ) -> Option<FileChange> {
        if !self.remove(from) {
            return None;
        }
        self.remove(to);
        self.insert(to, print);
        let from = from.to_owned();
        Some(FileChange::Moved { from })
    }

    /// Returns the paths below a directory.
    pub(super) fn below(&self, directory: &str) -> Vec<String> {
        if directory.is_empty() {
            return self.files.keys().cloned().collect();
        }
        let prefix = format!("{directory}/");
        let from = self.files.range(prefix.clone()..);
        from.map(|(path, _)| path)
            .take_while(|path| path.starts_with(&prefix))
            .cloned()
            .collect()
    }

    fn insert(&mut self, path: &str, print: Fingerprint) {
        self.files.insert(path.to_owned(), print);
        self.paths.insert(print, path.to_owned());
    }

    fn remove(&mut self, path: &str) -> bool {
        let Some(print) = self.files.remove(path) else {
            return false;
        };
        self.forget(path, print);
        true
    }

    /// Another name of the same file may have taken its place.
    fn forget(&mut self, path: &str, print: Fingerprint) {
        if self.paths.get(&print).is_some_and(|known| known == path) {
            self.paths.remove(&print);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_the_difference() {
        let print = |length| Some(Fingerprint::for_test(length));
        let mut snapshot = Snapshot::default();
        let gone = |_: &str| true;
        let there = |_: &str| false;
        assert_eq!(snapshot.set("a", print(1), gone), Some(FileChange::Created));
        assert_eq!(snapshot.set("a", print(1), gone), None);
        assert_eq!(
            snapshot.set("a", print(2), gone),
            Some(FileChange::Modified)
        );
        let from = "a".to_owned();
        assert_eq!(
            snapshot.set("d/b", print(2), gone),
            Some(FileChange::Moved { from })
        );
        assert_eq!(snapshot.set("a", None, gone), None);
        // A second name of the same file.
        assert_eq!(
            snapshot.set("c", print(2), there),
            Some(FileChange::Created)
        );
        assert_eq!(snapshot.below("d"), ["d/b"]);
        assert_eq!(snapshot.set("d/b", None, gone), Some(FileChange::Removed));
        assert_eq!(
            snapshot.set("e", print(2), gone),
            Some(FileChange::Moved {
                from: "c".to_owned()
            })
        );
        assert_eq!(snapshot.below(""), ["e"]);
    }

    #[test]
    fn a_file_that_was_written_and_renamed_has_moved() {
        let print = Fingerprint::for_test;
        let mut snapshot = Snapshot::default();
        for path in ["a", "b"] {
            snapshot.set(path, Some(print(0)), |_| false);
        }
        let from = "a".to_owned();
        let moved = Some(FileChange::Moved { from });
        assert_eq!(snapshot.rename("a", "b", print(2)), moved);
        assert_eq!(snapshot.below(""), ["b"]);
        assert_eq!(snapshot.set("b", Some(print(2)), |_| false), None);
        // A file that nobody has seen under its old name is new.
        assert_eq!(snapshot.rename("a", "c", print(3)), None);
        assert_eq!(snapshot.below(""), ["b"]);
    }
}
