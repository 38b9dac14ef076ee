//! How far a run is, for those who ask.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;

use crate::mirror::Progress;

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProgressNow {
    /// So many actions are planned; none while it still looks.
    pub actions: u64,
    /// So many of them are done, or have failed.
    pub actions_done: u64,
    /// So many bytes are to be copied.
    pub bytes: u64,
    /// So many of them are.
    pub bytes_done: u64,
    /// Where it was last; what is not UTF-8 is written with replacement characters.
    pub path: Option<String>,
}

/// Counts what a run tells.
#[derive(Debug, Default)]
pub(super) struct Meter {
    actions: AtomicU64,
    actions_done: AtomicU64,
    bytes: AtomicU64,
    bytes_done: AtomicU64,
    path: Mutex<Option<PathBuf>>,
}

impl Meter {
    pub(super) fn now(&self) -> ProgressNow {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let path = self.path.lock().unwrap_or_else(|error| error.into_inner());
        ProgressNow {
            actions: load(&self.actions),
            actions_done: load(&self.actions_done),
            bytes: load(&self.bytes),
            bytes_done: load(&self.bytes_done),
            path: path
                .as_deref()
                .map(|path| path.to_string_lossy().into_owned()),
        }
    }
}

impl Progress for Meter {
    fn planned(&self, actions: u64, bytes: u64) {
        self.actions.store(actions, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    fn copied(&self, bytes: u64) {
        self.bytes_done.fetch_add(bytes, Ordering::Relaxed);
    }

    fn done(&self, path: &Path) {
        self.actions_done.fetch_add(1, Ordering::Relaxed);
        // Whoever comes second while another writes does not wait: it is a hint for people.
        if let Ok(mut last) = self.path.try_lock() {
            *last = Some(path.to_owned());
        }
    }
}
