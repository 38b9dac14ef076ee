//! The emulated world, and what every request handler shares.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use axum::{Router, body::Body, response::Response};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use http::Request;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::{
    ca::Authority,
    drive,
    faults::Rules,
    log::{self, Log},
    mail, oauth,
};

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
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    clock_offset_millis: AtomicI64,
    log: Mutex<Log>,
    faults: Mutex<Rules>,
    consents: Mutex<HashMap<String, oauth::Pending>>,
    router: Mutex<Option<Router>>,
    dirty: AtomicBool,
    changed: Notify,
    pub(crate) authority: Authority,
    pub(crate) url: String,
    pub(crate) data: Option<PathBuf>,
}

impl Shared {
    pub(crate) fn new(
        world: World,
        offset: TimeDelta,
        authority: Authority,
        url: String,
        data: Option<PathBuf>,
    ) -> Self {
        Self {
            world: Mutex::new(world),
            clock_offset_millis: AtomicI64::new(offset.num_milliseconds()),
            log: Mutex::default(),
            faults: Mutex::default(),
            consents: Mutex::default(),
            router: Mutex::default(),
            dirty: AtomicBool::new(false),
            changed: Notify::new(),
            authority,
            url,
            data,
        }
    }

    /// Returns the emulator's time: the real clock plus what the control API added.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        real_now() + self.clock_offset()
    }

    pub(crate) fn clock_offset(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.clock_offset_millis.load(Ordering::Relaxed))
    }

    /// Moves the emulator's clock forward.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.clock_offset_millis
            .fetch_add(by.num_milliseconds(), Ordering::Relaxed);
        self.mark_changed();
    }

    /// Looks at the world; `look` must be short, since every request waits for it.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&lock(&self.world))
    }

    /// Changes the world and marks it as not yet saved.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut lock(&self.world));
        self.mark_changed();
        result
    }

    pub(crate) fn log<T>(&self, act: impl FnOnce(&mut Log) -> T) -> T {
        act(&mut lock(&self.log))
    }

    pub(crate) fn faults<T>(&self, act: impl FnOnce(&mut Rules) -> T) -> T {
        act(&mut lock(&self.faults))
    }

    /// Consent pages that wait for an answer, by ticket.
    pub(crate) fn consents<T>(
        &self,
        act: impl FnOnce(&mut HashMap<String, oauth::Pending>) -> T,
    ) -> T {
        act(&mut lock(&self.consents))
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.log(|log| log.counts())
    }

    pub(crate) fn requests(&self) -> Vec<log::Request> {
        self.log(|log| log.requests().cloned().collect())
    }

    /// Answers one request as the port would, for the parts of a batch.
    ///
    /// It is authorised, logged and faulted like any other.
    pub(crate) async fn dispatch(&self, request: Request<Body>) -> Response {
        let router = lock(&self.router).clone().unwrap_or_default();
        let answer: Result<Response, Infallible> =
            TowerToHyperService::new(router).call(request).await;
        match answer {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Sets the router behind [`Self::dispatch`]; `None` on shutdown, since the two own each other.
    pub(crate) fn set_router(&self, router: Option<Router>) {
        *lock(&self.router) = router;
    }

    fn mark_changed(&self) {
        self.dirty.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Waits until something is not yet saved.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Returns whether something was not yet saved, and takes it as saved from now on.
    pub(crate) fn take_dirty(&self) -> bool {
        self.dirty.swap(false, Ordering::AcqRel)
    }

    /// Takes back [`Self::take_dirty`] after a failed save.
    pub(crate) fn still_dirty(&self) {
        self.dirty.store(true, Ordering::Release);
    }
}

/// Returns today's date by the real clock, which certificates have to follow.
pub(crate) fn today() -> NaiveDate {
    real_now().date_naive()
}

fn real_now() -> DateTime<Utc> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the emulator reads the clock"
    )]
    Utc::now()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
