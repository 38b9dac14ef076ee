use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// The request files that a server looks at or handles right now, by their path below `rpc/`.
///
/// A server shares it with a [`PeriodicCleanup`](crate::cleanup::PeriodicCleanup) of the same
/// app, which leaves these files alone.
#[derive(Clone, Debug, Default)]
pub struct Claims(Arc<Mutex<HashSet<Arc<str>>>>);

impl Claims {
    /// Returns how many files are claimed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with(|paths| paths.len())
    }

    /// Returns whether no file is claimed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn take(&self, path: &Arc<str>) {
        self.with(|paths| paths.insert(Arc::clone(path)));
    }

    pub(crate) fn release(&self, path: &str) {
        self.with(|paths| paths.remove(path));
    }

    /// Does something with a file, unless it is claimed; it cannot be claimed meanwhile.
    pub(crate) fn unless_held<T>(&self, path: &str, act: impl FnOnce() -> T) -> Option<T> {
        self.with(|paths| (!paths.contains(path)).then(act))
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashSet<Arc<str>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
