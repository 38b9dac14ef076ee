//! What the `.gitignore` files of a tree leave out.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules of all `.gitignore` files of a tree, by the directories that they are in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(Arc<Vec<(PathBuf, Gitignore)>>);

impl Rules {
    /// The largest `.gitignore` that is read, in bytes.
    pub(crate) const MAX_BYTES: u64 = 1 << 20;

    /// Adds the rules that a file in a directory holds; lines that mean nothing count for nothing.
    pub(crate) fn add(&mut self, directory: &Path, text: &str) {
        // The rules match paths relative to their own directory.
        let mut builder = GitignoreBuilder::new("");
        for line in text.lines() {
            if let Err(error) = builder.add_line(None, line) {
                tracing::debug!("{}: {error}", directory.display());
            }
        }
        if let Ok(rules) = builder.build()
            && !rules.is_empty()
        {
            let at = self.position(directory).unwrap_or_else(|at| at);
            Arc::make_mut(&mut self.0).insert(at, (directory.to_owned(), rules));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether git would leave an entry out that is in a directory which takes part.
    ///
    /// The rules of the nearest directory count first, as git has it.
    pub(crate) fn leave_out(&self, path: &Path, is_directory: bool) -> bool {
        if self.is_empty() {
            return false;
        }
        for directory in path.ancestors().skip(1) {
            let (Ok(at), Ok(relative)) = (self.position(directory), path.strip_prefix(directory))
            else {
                continue;
            };
            let answer = self.0[at].1.matched(relative, is_directory);
            if !answer.is_none() {
                return answer.is_ignore();
            }
        }
        false
    }

    fn position(&self, directory: &Path) -> Result<usize, usize> {
        self.0
            .binary_search_by(|(known, _)| known.as_path().cmp(directory))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], path: &str, is_directory: bool, is_left_out: bool) {
        let mut rules = Rules::default();
        for (directory, text) in files {
            rules.add(Path::new(directory), text);
        }
        let found = rules.leave_out(Path::new(path), is_directory);
        assert_eq!(found, is_left_out, "{path} under {files:?}");
    }

    #[test]
    fn gits_rules_hold_below_their_directory_and_the_nearest_first() {
        check(&[("", "*.o\n")], "a.o", false, true);
        check(&[("", "*.o\n")], "deep/down/a.o", false, true);
        check(&[("", "/top\n")], "top", false, true);
        check(&[("", "/top\n")], "deep/top", false, false);
        check(&[("deep", "/top\n")], "deep/top", false, true);
        check(&[("deep", "/top\n")], "top", false, false);
        check(&[("", "build/\n")], "build", true, true);
        check(&[("", "build/\n")], "build", false, false);
        check(
            &[("", "*.o\n"), ("deep", "!keep.o\n")],
            "deep/keep.o",
            false,
            false,
        );
        check(&[("", "# nothing\n\n")], "anything", false, false);
    }
}
