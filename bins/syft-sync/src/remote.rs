//! PocketBase beside the daemon: jobs and wishes come from there, runs and logs go there.
//!
//! What is there is never needed: without it the daemon goes on with the last good copy, runs
//! wait in the store and logs in their spill. Three tasks do the work, and none knows a job:
//! [`source`] hands over records that changed, [`wishes`] takes wishes and answers them, [`runs`]
//! tells what runs did.

mod cache;
mod connect;
mod doctor;
mod error;
pub(crate) mod identity;
pub(crate) mod logs;
mod push;
mod runs;
mod schema;
mod source;
mod state;
mod toml;
mod wishes;

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use syft_jobs::{JobId, store::Store};
use syft_transport::pocketbase::{Client, Observer};
use tokio::{
    sync::{Mutex, Notify, mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use self::{cache::Cache, source::Source, state::State};
use crate::{
    config::{Config, ConfigSource, RemoteRecords},
    session::now,
};

pub(crate) use connect::{client, configured};
pub(crate) use doctor::findings as doctor;
pub(crate) use error::Error;
pub(crate) use push::{Pushed, push};
pub(crate) use schema::collections;
pub(crate) use source::fetch;
pub(crate) use toml::config_text;
pub(crate) use wishes::RemoteRequest;

/// So many wishes are carried out at once; further ones wait in PocketBase.
const WISHES: usize = 16;

/// The daemon's side of PocketBase.
#[derive(Debug)]
pub(crate) struct Remote {
    client: Client,
    daemon_id: String,
    state: Arc<State>,
    cache: Cache,
    incoming: Mutex<watch::Receiver<Option<RemoteRecords>>>,
    handed: std::sync::Mutex<Handed>,
    wishes: Mutex<mpsc::Receiver<RemoteRequest>>,
    desk: Arc<wishes::Shared>,
    /// Where logs go there.
    logs: String,
    finished: Arc<Notify>,
    stop: watch::Sender<bool>,
    tasks: Mutex<JoinSet<()>>,
}

/// The records that were handed over last.
#[derive(Debug, Default)]
struct Handed {
    records: Option<RemoteRecords>,
    /// Whether they are the copy, which must not become younger by being used.
    is_copy: bool,
}

impl Remote {
    /// Starts everything and does not wait for the network; must be called within a runtime.
    ///
    /// # Errors
    ///
    /// An address or an account that cannot be, a `daemon_id` that cannot be kept.
    pub(crate) fn start(
        config: &Config,
        store: Arc<Store>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, Error> {
        let pocketbase = configured(config)?;
        let client = connect::client(pocketbase, observer)?;
        let daemon_id = identity::daemon_id(config)?;
        let state = Arc::new(State::new(config.cache.config_cache_ttl));
        let finished = Arc::new(Notify::new());
        let desk = Arc::new(wishes::Shared::default());
        let (stop, stopped) = watch::channel(false);
        let (fetched, incoming) = watch::channel(None);
        let (wished, wishes) = mpsc::channel(WISHES);
        let mut tasks = JoinSet::new();
        let source = Source {
            client: client.clone(),
            daemon_id: daemon_id.clone(),
            is_wanted: pocketbase.config_source != ConfigSource::Local,
            interval: config.daemon.config_refresh_interval,
            state: state.clone(),
            fetched,
            desk: desk.clone(),
            finished: finished.clone(),
        };
        tasks.spawn(source.run(stopped.clone()));
        let clerk = wishes::Desk::new(client.clone(), &daemon_id, &desk, wished, state.clone());
        tasks.spawn(clerk.run(stopped.clone()));
        let runs = runs::Uploader::new(client.clone(), daemon_id.clone(), store, state.clone());
        tasks.spawn(runs.run(finished.clone(), stopped));
        Ok(Self {
            cache: Cache::new(&config.cache.cache_dir, client.url(), &daemon_id),
            client,
            daemon_id,
            state,
            incoming: Mutex::new(incoming),
            handed: std::sync::Mutex::default(),
            wishes: Mutex::new(wishes),
            desk,
            logs: config.telemetry.pocketbase_logging.collection.clone(),
            finished,
            stop,
            tasks: Mutex::new(tasks),
        })
    }

    /// Returns what counts at the start: what the server says within `patience`, else the last
    /// good copy, however old.
    ///
    /// # Errors
    ///
    /// The server does not answer and the copy cannot be read, which is not the same as no jobs.
    pub(crate) async fn first(&self, patience: Duration) -> Result<Option<RemoteRecords>, Error> {
        if let Ok(records) = timeout(patience, self.changed()).await {
            return Ok(Some(records));
        }
        tracing::warn!(place = %self.client.place(), "PocketBase does not say yet which jobs there are");
        let Some(copy) = self.cache.read()? else {
            return Ok(None);
        };
        self.state.took_copy(copy.saved_at);
        let mut handed = self.handed();
        handed.records = Some(copy.records.clone());
        handed.is_copy = true;
        Ok(Some(copy.records))
    }

    /// Returns the last records that were good, for a start at which those of now are not.
    ///
    /// # Errors
    ///
    /// The copy is there but cannot be read.
    pub(crate) fn last_good(&self) -> Result<Option<RemoteRecords>, Error> {
        Ok(self.cache.read()?.map(|copy| copy.records))
    }

    /// Waits for records that are not those that were handed over last; giving up loses none.
    pub(crate) async fn changed(&self) -> RemoteRecords {
        let mut incoming = self.incoming.lock().await;
        loop {
            // The task ends with the program only.
            if incoming.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            let Some(records) = incoming.borrow_and_update().clone() else {
                continue;
            };
            let mut handed = self.handed();
            if handed.records.as_ref() != Some(&records) {
                handed.records = Some(records.clone());
                handed.is_copy = false;
                return records;
            }
        }
    }

    /// Notes what became of the records that were handed over last: only good ones are kept.
    pub(crate) fn applied(&self, outcome: Result<(), String>) {
        self.state.applied(&outcome);
        let handed = self.handed();
        let records = handed.records.as_ref().filter(|_| !handed.is_copy);
        if let (Ok(()), Some(records)) = (outcome, records)
            && let Err(error) = self.cache.write(records, now())
        {
            tracing::warn!("the copy of PocketBase's jobs cannot be kept: {error}");
        }
    }

    fn handed(&self) -> MutexGuard<'_, Handed> {
        // No panic can happen while the lock is held.
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which jobs this daemon has: wishes for others may be meant for another daemon.
    pub(crate) fn knows(&self, jobs: impl IntoIterator<Item = JobId>) {
        self.desk.knows(jobs.into_iter().collect());
    }

    /// Waits for the next wish, which is ours alone; giving up the wait loses none.
    pub(crate) async fn requested(&self) -> RemoteRequest {
        match self.wishes.lock().await.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }

    /// Answers a wish: by the name of its run, or why there was none.
    pub(crate) fn done(&self, id: &str, outcome: Result<String, String>) {
        self.desk.answer(id, outcome);
    }

    /// Says that a run is in the store.
    pub(crate) fn finished(&self) {
        self.finished.notify_one();
    }

    /// Returns what `status` shows.
    pub(crate) fn status(&self) -> Value {
        let mut status = self.state.to_json(now());
        status["url"] = json!(self.client.place());
        status["daemon_id"] = json!(self.daemon_id);
        status
    }

    /// Returns where logs go.
    pub(crate) fn log_target(&self) -> Arc<logs::Target> {
        Arc::new(logs::Target::new(self.client.clone(), self.logs.clone()))
    }

    /// Lets the tasks end what they do, within `grace`.
    pub(crate) async fn stop(&self, grace: Duration) {
        self.stop.send_replace(true);
        let mut tasks = self.tasks.lock().await;
        let ends = async { while tasks.join_next().await.is_some() {} };
        if timeout(grace, ends).await.is_err() {
            tracing::warn!("PocketBase was not told everything yet; the next start does so");
            tasks.abort_all();
        }
    }
}

/// Waits for the end.
async fn ended(stopped: &mut watch::Receiver<bool>) {
    // Without a sender nobody is left to go on for.
    drop(stopped.wait_for(|stopped| *stopped).await);
}
