//! What a run shares with those around it: a wish to end, room to work in, and how far it is.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
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
    usage: Mutex<Usage>,
    freed: Condvar,
    all: usize,
}

#[derive(Debug)]
struct Usage {
    free: usize,
    /// Waking somebody is a system call, which is saved when nobody waits.
    waiting: usize,
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
            usage: Mutex::new(Usage {
                free: all,
                waiting: 0,
            }),
            freed: Condvar::new(),
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
        let mut usage = self.0.usage();
        while usage.free == 0 {
            usage.waiting += 1;
            let woken = self.0.freed.wait(usage);
            usage = woken.unwrap_or_else(PoisonError::into_inner);
            usage.waiting -= 1;
        }
        usage.free -= 1;
        Permit(&self.0)
    }
}

impl Room {
    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut usage = self.0.usage();
        usage.free += 1;
        if usage.waiting > 0 {
            self.0.freed.notify_one();
        }
    }
}

impl fmt::Debug for dyn Progress + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, thread};

    use super::*;

    #[test]
    fn never_more_operations_at_once_than_there_is_room_for() {
        let permits = Permits::new(2);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let permit = permits.acquire();
                        let busy = now.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(busy, Ordering::SeqCst);
                        thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert!((1..=2).contains(&most.into_inner()));
        assert_eq!(permits.0.usage().free, 2);
        assert_eq!(permits.0.usage().waiting, 0);
    }

    #[test]
    fn there_is_room_for_one_operation_at_least() {
        assert_eq!(Permits::new(0).all(), 1);
    }
}
