//! What a run shares with those around it: a wish to end, room to work in, and how far it is.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A wish that a run ends; copies are the same wish.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

/// How many file operations all runs together may do at once; copies share the same room.
#[derive(Clone, Debug)]
pub struct Permits(Arc<Room>);

#[derive(Debug)]
struct Room {
    free: std::sync::Mutex<usize>,
    freed: std::sync::Condvar,
    all: usize,
}

/// Room for one operation, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a>(&'a Room);

/// Hears how far a run is; called from several threads.
pub trait Progress: Send + Sync {
    /// The plan is made: so many actions and so many bytes to copy.
    fn planned(&self, actions: u64, bytes: u64);
    /// So many bytes more were copied.
    fn copied(&self, bytes: u64);
    /// One more action is done, or has failed.
    fn done(&self, path: &Path);
}

/// Hears and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn planned(&self, _: u64, _: u64) {}
    fn copied(&self, _: u64) {}
    fn done(&self, _: &Path) {}
}

impl Cancel {
    /// Wishes the end: the file at hand is finished, and no other is begun.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether the end is wished.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Permits {
    /// Makes room for so many operations, at least one.
    #[must_use]
    pub fn new(operations: usize) -> Self {
        let all = operations.max(1);
        Self(Arc::new(Room {
            free: all.into(),
            freed: std::sync::Condvar::new(),
            all,
        }))
    }

    /// Returns how many operations may be done at once.
    #[must_use]
    pub fn all(&self) -> usize {
        self.0.all
    }

    /// Waits until there is room for one more operation.
    pub(crate) fn acquire(&self) -> Permit<'_> {
        let free = self
            .0
            .free
            .lock()
            .unwrap_or_else(|error| error.into_inner());
        let wait = self.0.freed.wait_while(free, |free| *free == 0);
        *wait.unwrap_or_else(|error| error.into_inner()) -= 1;
        Permit(&self.0)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        *self
            .0
            .free
            .lock()
            .unwrap_or_else(|error| error.into_inner()) += 1;
        self.0.freed.notify_one();
    }
}

impl fmt::Debug for dyn Progress + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
