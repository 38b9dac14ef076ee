//! A job between two directories of its own.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use syft_jobs::{
    Job, Options, Report, Schedule,
    job::Timing,
    mirror::{Cancel, Context, Insist, Looked, Permits, Progress, look, progress::Silent, run},
    store::Store,
};
use tempfile::TempDir;

#[derive(Debug)]
pub(crate) struct Scene {
    directory: TempDir,
    pub(crate) options: Options,
    pub(crate) insist: Insist,
    pub(crate) store: Option<Store>,
    pub(crate) cancel: Cancel,
    pub(crate) progress: Box<dyn Progress>,
}

impl Scene {
    /// Makes an empty source and no destination.
    pub(crate) fn new() -> Self {
        let scene = Self {
            directory: tempfile::tempdir().unwrap(),
            options: Options::default(),
            insist: Insist::No,
            store: None,
            cancel: Cancel::default(),
            progress: Box::new(Silent),
        };
        fs::create_dir(scene.source("")).unwrap();
        scene
    }

    /// Makes a source with these files, each of which has its own name as content.
    pub(crate) fn with(files: &[&str]) -> Self {
        let scene = Self::new();
        for file in files {
            put(&scene.source(file), file);
        }
        scene
    }

    pub(crate) fn deleting(mut self) -> Self {
        self.options.delete = true;
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn source(&self, name: impl AsRef<Path>) -> PathBuf {
        below(self.path("source"), name.as_ref())
    }

    pub(crate) fn destination(&self, name: impl AsRef<Path>) -> PathBuf {
        below(self.path("destination"), name.as_ref())
    }

    pub(crate) fn job(&self) -> Job {
        Job {
            id: "scene".parse().unwrap(),
            name: "A scene".to_owned(),
            source: self.source(""),
            destination: self.destination(""),
            enabled: true,
            schedule: Schedule::Manual,
            timing: Timing::default(),
            priority: 0,
            tags: Vec::new(),
            options: self.options.clone(),
        }
    }

    pub(crate) fn in_context<T>(&self, act: impl FnOnce(&Context<'_>) -> T) -> T {
        act(&Context {
            cancel: &self.cancel,
            permits: &Permits::new(4),
            progress: &*self.progress,
            store: self.store.as_ref(),
            insist: self.insist,
        })
    }

    pub(crate) fn run(&self) -> Report {
        self.in_context(|context| run(&self.job(), context))
    }

    pub(crate) fn look(&self) -> Looked {
        self.in_context(|context| look(&self.job(), context))
            .unwrap()
    }

    /// Returns what the destination has, sorted.
    pub(crate) fn copied(&self) -> Vec<String> {
        let mut names = Vec::new();
        list(&self.destination(""), "", &mut names);
        names
    }
}

fn below(root: PathBuf, name: &Path) -> PathBuf {
    if name.as_os_str().is_empty() {
        root
    } else {
        root.join(name)
    }
}

fn list(directory: &Path, prefix: &str, names: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            names.push(format!("{name}/"));
            list(&entry.path(), &format!("{name}/"), names);
        } else {
            names.push(name);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's files need not be safe from a power cut"
)]
pub(crate) fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Returns mode, and modification time in seconds and nanoseconds.
pub(crate) fn stat(path: &Path) -> (u32, i64, i64) {
    let metadata = fs::symlink_metadata(path).unwrap();
    (metadata.mode(), metadata.mtime(), metadata.mtime_nsec())
}
