//! The emulated world, and what every request handler shares.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::{drive, mail, oauth};

/// What every handler receives.
pub(crate) type App = Arc<Shared>;

/// Everything that a snapshot keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct World {
    pub(crate) accounts: oauth::Accounts,
    pub(crate) drive: drive::Store,
    pub(crate) mail: mail::Store,
}

/// The world with the things around it that a restart forgets.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    world: Mutex<World>,
    clock_offset_millis: AtomicI64,
    dirty: AtomicBool,
    changed: Notify,
    router: OnceLock<Router>,
}

impl Shared {
    /// Returns the emulator's time: the real clock plus what the control API added.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the emulator reads the clock"
        )]
        let real = Utc::now();
        real + TimeDelta::milliseconds(self.clock_offset_millis.load(Ordering::Relaxed))
    }

    /// Looks at the world; `look` must be short, since every request waits for it.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the world and marks it as not yet saved.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.lock());
        self.dirty.store(true, Ordering::Release);
        self.changed.notify_one();
        result
    }

    /// Returns the router that also serves the plain port, for the parts of a batch request.
    ///
    /// Calls through it are authorised, logged and faulted like any other.
    pub(crate) fn router(&self) -> Router {
        self.router.get().cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
