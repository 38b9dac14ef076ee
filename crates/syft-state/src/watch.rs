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

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

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
    /// Something came here from where nobody watches; told with [`Detail::All`] instead of its
    /// being there.
    Arrived(PathBuf),
    /// Something went to where nobody watches; told with [`Detail::All`] instead of its removal.
    Departed(PathBuf),
    /// Permissions, owner or times changed; told with [`Detail::All`].
    Attributes(PathBuf),
    /// What was to be watched is gone or elsewhere, and nothing more will be told of it; told with
    /// [`Detail::All`].
    Lost,
    /// The system's limit of watches is reached: of some directories nothing is told; told with
    /// [`Detail::All`].
    Limited,
}

/// What a watch looks at, and what it tells.
#[derive(Clone, Default)]
pub struct Scope {
    /// How deep it looks.
    pub depth: Depth,
    /// What it tells.
    pub detail: Detail,
    /// The directories that are not watched, nor what is below them, as far as the system allows:
    /// whoever is told has to leave out what is in them, too.
    pub skip: Option<Skip>,
}

/// Returns whether a directory is left out, by its path.
pub type Skip = Arc<dyn Fn(&Path) -> bool + Send + Sync>;

/// How deep a watch looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Into every directory.
    #[default]
    Tree,
    /// Into the directory itself alone.
    Directory,
}

/// What a watch tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// What is where, and its content.
    #[default]
    Content,
    /// Attributes as well, directories that are removed, and the end of the watch; and what came
    /// or went is told apart from what was made or removed.
    All,
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
        Self::with(root, Scope::default(), tell)
    }

    /// Watches as much of a directory as a scope says; `tell` is called from a thread of the
    /// watch and must not wait.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], also when the system's limit of watches is reached.
    pub fn with(
        root: &Path,
        scope: Scope,
        tell: impl Fn(Hint) + Send + 'static,
    ) -> Result<Self, Error> {
        let watching =
            system::watch(root, scope, tell).map_err(|error| Error::io(root, "watch", error))?;
        Ok(Self {
            _watching: watching,
        })
    }
}

impl Scope {
    fn skips(&self, path: &Path) -> bool {
        self.skip.as_ref().is_some_and(|skip| skip(path))
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("depth", &self.depth)
            .field("detail", &self.detail)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    /// Waits until something for which `is_it` holds is told.
    #[track_caller]
    fn wait_for(told: &mpsc::Receiver<Hint>, mut is_it: impl FnMut(&Hint) -> bool) {
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

    #[test]
    fn all_details_are_told_when_they_are_wanted() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("a")).unwrap();
        std::fs::create_dir_all(root.join("left-out")).unwrap();
        std::fs::create_dir(&outside).unwrap();
        let file = root.join("a/file");
        std::fs::File::create(&file).unwrap();
        let scope = Scope {
            detail: Detail::All,
            skip: Some(Arc::new(|path: &Path| path.ends_with("left-out"))),
            ..Scope::default()
        };
        let (tell, told) = mpsc::channel();
        let _watch = TreeWatch::with(&root, scope, move |hint| drop(tell.send(hint))).unwrap();

        std::fs::File::create(root.join("left-out/file")).unwrap();
        drop(std::fs::read(&file).unwrap());
        drop(std::fs::read_dir(&root).unwrap());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let first = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(
            first,
            Hint::Attributes(file.clone()),
            "reading is told to nobody"
        );

        let away = outside.join("file");
        std::fs::rename(&file, &away).unwrap();
        wait_for(&told, |hint| *hint == Hint::Departed(file.clone()));
        std::fs::rename(&away, &file).unwrap();
        wait_for(&told, |hint| *hint == Hint::Arrived(file.clone()));
        std::fs::remove_dir_all(root.join("a")).unwrap();
        let is_removal = |hint: &Hint, at: &Path| matches!(hint, Hint::File { path, change: Change::Removed } if path == at);
        wait_for(&told, |hint| is_removal(hint, &root.join("a")));
        std::fs::rename(&root, outside.join("root")).unwrap();
        wait_for(&told, |hint| *hint == Hint::Lost);
    }

    #[test]
    fn a_directory_alone_is_watched_alone() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("a")).unwrap();
        let scope = Scope {
            depth: Depth::Directory,
            ..Scope::default()
        };
        let (tell, told) = mpsc::channel();
        let _watch = TreeWatch::with(&root, scope, move |hint| drop(tell.send(hint))).unwrap();
        std::fs::File::create(root.join("a/file")).unwrap();
        std::fs::create_dir(root.join("b")).unwrap();
        std::fs::File::create(root.join("b/file")).unwrap();
        std::fs::File::create(root.join("file")).unwrap();
        let mut seen = Vec::new();
        wait_for(&told, |hint| {
            seen.push(hint.clone());
            matches!(hint, Hint::File { path, .. } if *path == root.join("file"))
        });
        assert_eq!(seen[0], Hint::Directory(root.join("b")));
        assert_eq!(seen.len(), 2, "{seen:?}");
    }
}
