//! What is in a tree, to the last byte and nanosecond.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt::Write as _,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::edits;

/// Everything below a root, by relative path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot(pub(crate) BTreeMap<PathBuf, Entry>);

/// One entry, as far as a mirror has to keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) mode: u32,
    pub(crate) mtime: (i64, i64),
    /// The first path, in order, that is the same file.
    pub(crate) first_name: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    File(blake3::Hash, u64),
    Directory,
    Link(OsString),
    Special,
}

impl Snapshot {
    pub(crate) fn of(root: &Path) -> Self {
        let mut first_names = BTreeMap::new();
        let mut paths = edits::entries(root);
        paths.sort();
        let entries = paths.into_iter().map(|path| {
            let relative = path.strip_prefix(root).unwrap().to_owned();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let first = first_names.entry((metadata.dev(), metadata.ino()));
            let entry = Entry {
                what: what(&path, &metadata),
                mode: metadata.mode(),
                mtime: (metadata.mtime(), metadata.mtime_nsec()),
                first_name: first.or_insert_with(|| relative.clone()).clone(),
            };
            (relative, entry)
        });
        Self(entries.collect())
    }

    /// Lists what differs, for people; empty when nothing does.
    pub(crate) fn differences(&self, other: &Self) -> String {
        let mut told = String::new();
        for (path, entry) in &self.0 {
            match other.0.get(path) {
                Some(same) if same == entry => {}
                other => writeln!(told, "{path:?}: {entry:?} against {other:?}").unwrap(),
            }
        }
        for (path, entry) in &other.0 {
            if !self.0.contains_key(path) {
                writeln!(told, "{path:?}: nothing against {entry:?}").unwrap();
            }
        }
        told
    }
}

fn what(path: &Path, metadata: &fs::Metadata) -> What {
    if metadata.is_symlink() {
        What::Link(fs::read_link(path).unwrap().into())
    } else if metadata.is_dir() {
        What::Directory
    } else if metadata.is_file() {
        What::File(blake3::hash(&fs::read(path).unwrap()), metadata.len())
    } else {
        What::Special
    }
}
