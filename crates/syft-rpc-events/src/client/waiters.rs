//! Wakes those who wait for answers when something happens to their files.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use syft_state::watch::{Hint, TreeWatch};
use tokio::sync::Notify;

/// So many trees are watched at once; others are looked at from time to time.
const TREES: usize = 256;

/// Everybody who waits, by the path of the files without their extension.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    waiting: Arc<Mutex<HashMap<PathBuf, Vec<Arc<Notify>>>>>,
    watches: Mutex<HashMap<PathBuf, Option<TreeWatch>>>,
}

/// A place among those who wait.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    waiters: &'a Waiters,
    path: PathBuf,
    news: Arc<Notify>,
}

impl Waiters {
    pub(super) fn enter(&self, path: &Path) -> Ticket<'_> {
        let news = Arc::new(Notify::new());
        let mut waiting = lock(&self.waiting);
        let entry = waiting.entry(path.to_owned()).or_default();
        entry.push(Arc::clone(&news));
        Ticket {
            waiters: self,
            path: path.to_owned(),
            news,
        }
    }

    /// Watches a tree from now on; where that is not possible, looking from time to time does.
    pub(super) fn watch(&self, root: &Path) {
        let mut watches = lock(&self.watches);
        if watches.contains_key(root) || watches.len() >= TREES || !root.is_dir() {
            return;
        }
        let waiting = Arc::clone(&self.waiting);
        let watch = TreeWatch::new(root, move |hint| wake(&lock(&waiting), &hint));
        if let Err(error) = &watch {
            tracing::debug!("{error}: answers are looked for instead");
        }
        watches.insert(root.to_owned(), watch.ok());
    }
}

impl Ticket<'_> {
    /// Waits until something has happened since the last time.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut waiting = lock(&self.waiters.waiting);
        if let Some(others) = waiting.get_mut(&self.path) {
            others.retain(|other| !Arc::ptr_eq(other, &self.news));
            if others.is_empty() {
                waiting.remove(&self.path);
            }
        }
    }
}

fn wake(waiting: &HashMap<PathBuf, Vec<Arc<Notify>>>, hint: &Hint) {
    let (Hint::File { path, .. } | Hint::Renamed { to: path, .. }) = hint else {
        waiting.values().flatten().for_each(|one| one.notify_one());
        return;
    };
    let Some((directory, name)) = path.parent().zip(path.file_name()) else {
        return;
    };
    // All files of a call begin with its id.
    let name = name.to_str().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let named = waiting.get(&directory.join(stem));
    named.into_iter().flatten().for_each(|one| one.notify_one());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
