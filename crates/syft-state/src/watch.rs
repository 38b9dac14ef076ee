//! Hints that something changed below a directory.
//!
//! A hint is never more than a reason to look: the system may lose events, join them or report
//! them late, and a directory that is made and filled at once is filled before it can be
//! watched. Whoever needs to be sure sweeps from time to time, too.

#[cfg(target_os = "linux")]
mod inotify;
#[cfg(not(target_os = "linux"))]
mod portable;
#[cfg(target_os = "linux")]
mod watched;

use std::path::{Path, PathBuf};

#[cfg(target_os = "linux")]
use self::inotify as system;
#[cfg(not(target_os = "linux"))]
use self::portable as system;
use crate::Error;

/// A reason to look.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// Something is at this path, new or with another content.
    File {
        /// Where.
        path: PathBuf,
        /// What seems to have happened.
        change: Change,
    },
    /// Something took another name, both of which are watched.
    Renamed {
        /// Its name before.
        from: PathBuf,
        /// Its name now.
        to: PathBuf,
    },
    /// A directory is there whose content nobody has reported: look at all of it, now and once
    /// more a moment later.
    Directory(PathBuf),
    /// Events were lost, or the watch is broken: look at everything.
    Everything,
}

/// What seems to have happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// It was made, or moved here from where nobody watches.
    Created,
    /// Its content changed.
    Modified,
    /// A writer has closed it.
    Written,
    /// It was removed, or moved to where nobody watches.
    Removed,
}

/// A watch over a directory and everything below it, for as long as it is kept.
#[derive(Debug)]
pub struct TreeWatch {
    _watching: system::Watching,
}

impl TreeWatch {
    /// Watches a directory; `tell` is called from a thread of the watch and must not wait.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], also when the system's limit of watches is reached.
    pub fn new(root: &Path, tell: impl Fn(Hint) + Send + 'static) -> Result<Self, Error> {
        let watching =
            system::watch(root, tell).map_err(|error| Error::io(root, "watch", error))?;
        Ok(Self {
            _watching: watching,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    /// Waits until something for which `is_it` holds is told.
    #[track_caller]
    fn wait_for(told: &mpsc::Receiver<Hint>, is_it: impl Fn(&Hint) -> bool) {
        let mut seen = Vec::new();
        loop {
            match told.recv_timeout(Duration::from_secs(20)) {
                Ok(hint) if is_it(&hint) => return,
                Ok(hint) => seen.push(hint),
                Err(_) => panic!("only {seen:?}"),
            }
        }
    }

    #[test]
    fn tells_what_happens_below_it() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let (tell, told) = mpsc::channel();
        let _watch = TreeWatch::new(&root, move |hint| drop(tell.send(hint))).unwrap();

        let deep = root.join("a");
        std::fs::create_dir(&deep).unwrap();
        wait_for(&told, |hint| *hint == Hint::Directory(deep.clone()));

        let file = root.join("file");
        std::fs::File::create(&file).unwrap();
        let is_at = |hint: &Hint, path: &Path, wanted: Change| matches!(hint, Hint::File { path: at, change } if at == path && *change == wanted);
        wait_for(&told, |hint| is_at(hint, &file, Change::Created));
        wait_for(&told, |hint| is_at(hint, &file, Change::Written));

        let renamed = root.join("renamed");
        std::fs::rename(&file, &renamed).unwrap();
        wait_for(&told, |hint| {
            *hint
                == Hint::Renamed {
                    from: file.clone(),
                    to: renamed.clone(),
                }
        });
        std::fs::remove_file(&renamed).unwrap();
        wait_for(&told, |hint| is_at(hint, &renamed, Change::Removed));

        // A directory that comes with its content is told as one.
        let full = outside.path().join("full");
        std::fs::create_dir(&full).unwrap();
        std::fs::File::create(full.join("inside")).unwrap();
        let arrived = root.join("full");
        if std::fs::rename(&full, &arrived).is_ok() {
            wait_for(&told, |hint| *hint == Hint::Directory(arrived.clone()));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_directory_is_told_when_nothing_in_it_can_be_missed() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let (tell, told) = mpsc::channel();
        let _watch = TreeWatch::new(&root, move |hint| drop(tell.send(hint))).unwrap();
        for number in 0..200 {
            let directory = root.join(number.to_string());
            std::fs::create_dir(&directory).unwrap();
            std::fs::File::create(directory.join("first")).unwrap();
            // Either it is there when the directory is told, or it is told itself.
            wait_for(&told, |hint| match hint {
                Hint::Directory(path) => *path == directory && path.join("first").exists(),
                Hint::File { path, .. } => *path == directory.join("first"),
                _ => false,
            });
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_directory_that_moves_is_still_watched() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b/c")).unwrap();
        let (tell, told) = mpsc::channel();
        let _watch = TreeWatch::new(&root, move |hint| drop(tell.send(hint))).unwrap();
        std::fs::rename(root.join("a/b"), root.join("d")).unwrap();
        std::fs::rename(root.join("a"), root.join("d/c/e")).unwrap();
        for (file, place) in [("1", "d"), ("2", "d/c"), ("3", "d/c/e")] {
            let path = root.join(place).join(file);
            std::fs::File::create(&path).unwrap();
            wait_for(
                &told,
                |hint| matches!(hint, Hint::File { path: at, .. } if *at == path),
            );
        }
    }

    #[test]
    fn reading_is_not_told() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::File::create(root.join("before")).unwrap();
        let (tell, told) = mpsc::channel();
        let _watch = TreeWatch::new(&root, move |hint| drop(tell.send(hint))).unwrap();
        for _ in 0..10 {
            std::fs::read(root.join("before")).unwrap();
        }
        std::fs::File::create(root.join("after")).unwrap();
        match told.recv_timeout(Duration::from_secs(20)).unwrap() {
            Hint::File { path, .. } => assert_eq!(path, root.join("after")),
            hint => panic!("{hint:?}"),
        }
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = TreeWatch::new(&dir.path().join("none"), |_| {}).unwrap_err();
        assert!(error.is_not_found(), "{error}");
    }
}
