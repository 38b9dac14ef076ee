//! Directories that were used a moment ago, so that not every file of a burst is found anew.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::tree::{Directory, Tree};

/// A directory that is found by its name is the one that had the name this long ago.
const KEPT: Duration = Duration::from_millis(50);
const MOST: usize = 32;

/// Open directories of a tree, each for a moment.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    tree: Tree,
    open: Arc<Mutex<Vec<Open>>>,
}

#[derive(Debug)]
struct Open {
    path: String,
    since: Instant,
    directory: Arc<Directory>,
}

impl Recent {
    pub(super) fn new(tree: Tree) -> Self {
        Self {
            tree,
            open: Arc::default(),
        }
    }

    /// Does something in a directory. It is tried once more if what it needs is not there: the
    /// directory may have been made anew.
    pub(super) fn with<T>(
        &self,
        path: &str,
        act: impl Fn(&Directory) -> io::Result<T>,
    ) -> io::Result<T> {
        let now = Instant::now();
        if let Some(directory) = self.find(path, now) {
            match act(&directory) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.forget(path),
                done => return done,
            }
        }
        let directory = Arc::new(self.tree.directory(path)?);
        self.keep(path, now, &directory);
        act(&directory)
    }

    /// Closes what was not used lately: an open directory keeps its disk from being taken away.
    pub(super) fn close_old(&self, now: Instant) {
        self.lock()
            .retain(|open| now.saturating_duration_since(open.since) < KEPT);
    }

    fn find(&self, path: &str, now: Instant) -> Option<Arc<Directory>> {
        self.close_old(now);
        let open = self.lock();
        let found = open.iter().find(|open| open.path == path);
        found.map(|open| Arc::clone(&open.directory))
    }

    fn keep(&self, path: &str, since: Instant, directory: &Arc<Directory>) {
        let mut open = self.lock();
        if open.len() < MOST {
            open.push(Open {
                path: path.to_owned(),
                since,
                directory: Arc::clone(directory),
            });
        }
    }

    fn forget(&self, path: &str) {
        self.lock().retain(|open| open.path != path);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Replace;

    #[test]
    fn a_directory_that_is_made_anew_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let tree = Tree::new(dir.path().join("rpc"), dir.path().join("staging"));
        let recent = Recent::new(tree.clone());
        for text in ["1", "2", "3"] {
            tree.make_directory("a/b").unwrap();
            tree.write("a/b/file", text.as_bytes(), Replace::No)
                .unwrap();
            let read = recent.with("a/b", |directory| directory.read("file", 9));
            assert_eq!(read.unwrap().bytes.unwrap(), text.as_bytes());
            let write = |directory: &Directory| {
                tree.write_in(directory, "other", text.as_bytes(), Replace::Yes)
            };
            recent.with("a/b", write).unwrap();
            assert!(tree.look("a/b/other").is_ok());
            std::fs::remove_dir_all(dir.path().join("rpc/a/b")).unwrap();
        }
        let error = recent.with("a/b", |directory| directory.look("file"));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
