//! What runs: jobs, telemetry, the tie to `PocketBase`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use syft_jobs::{
    JobId,
    queue::{Cause, Request},
    service::{Event, Refused, Service, Settings, Setup},
    store::Store,
};
use tokio::sync::{mpsc, oneshot};

use super::{pages, seat::Seat};
use crate::{
    config::{Config, ConfigError, RemoteRecords},
    exit::{Failure, Outcome, chain},
    http::{self, Events, Serving},
    record,
    remote::{Remote, RemoteRequest},
    session::now,
    telemetry::{Reload, Telemetry},
};

/// What somebody wants of the daemon's own loop.
#[derive(Debug)]
pub(super) enum Order {
    Stop,
    /// Read the config again, and say what came of it: the keys that need a restart, or what is
    /// wrong.
    Reload(Option<oneshot::Sender<Result<Vec<&'static str>, String>>>),
    /// End and begin anew, for what comes into force only so.
    Restart,
}

/// Everything that runs.
pub(super) struct Core {
    pub(super) service: Service,
    pub(super) store: Arc<Store>,
    pub(super) telemetry: Telemetry,
    pub(super) remote: Option<Arc<Remote>>,
    pub(super) orders: mpsc::Sender<Order>,
    events: Events,
    state: Mutex<State>,
}

/// What changes while it runs.
pub(super) struct State {
    /// What this machine says.
    local: Config,
    /// What `PocketBase` says, if it has said anything.
    records: Option<RemoteRecords>,
    /// Both together, in force but for what needs a restart.
    pub(super) config: Arc<Config>,
    /// What this process began with.
    begun: Arc<Config>,
    pub(super) loaded: DateTime<Utc>,
    /// Why something newer is not in force.
    pub(super) refused: Option<String>,
    /// Keys that are in the config, and in force only after a restart.
    pub(super) restart_required: Vec<&'static str>,
}

impl Core {
    pub(super) async fn start(
        local: Config,
        telemetry: Telemetry,
        seat: &Seat,
        orders: mpsc::Sender<Order>,
    ) -> Outcome<Arc<Self>> {
        let store = open_store(&local).await?;
        let remote = start_remote(&local, &store, &telemetry)?;
        let records = match &remote {
            None => None,
            Some(remote) => {
                seat.notifier.status("asking PocketBase for jobs");
                remote.first(super::FIRST_WORD).await?
            }
        };
        let config = merge(&local, records.as_ref(), remote.as_deref())?;
        let events = Events::holding(config.concurrency.channel_buffer_size);
        let service = start_service(&config, &store, &telemetry, &events, remote.clone());
        let core = Self {
            service,
            store,
            telemetry,
            remote,
            orders,
            events,
            state: Mutex::new(State {
                local,
                records,
                config: Arc::clone(&config),
                begun: Arc::clone(&config),
                loaded: now().to_utc(),
                refused: None,
                restart_required: Vec::new(),
            }),
        };
        core.in_force(&config);
        core.telemetry.metrics.state.loaded(true, now().to_utc());
        Ok(Arc::new(core))
    }

    pub(super) async fn serve(self: &Arc<Self>, seat: &Seat) -> Outcome<Serving> {
        let setup = pages(&self.config(), seat);
        let backend: Arc<dyn http::Backend> = Arc::new(super::facts::Facts(Arc::clone(self)));
        let metrics = Arc::clone(&self.telemetry.metrics);
        let serving = http::serve(setup, backend, metrics, self.events.clone()).await;
        let serving = serving.map_err(|error| {
            Failure::error(chain(&error)).hint(
                "set another `port` in [telemetry.metrics] or [http], or give --metrics-port 0",
            )
        })?;
        if let Some(address) = serving.metrics {
            tracing::info!(
                "metrics at http://{address}{}",
                self.config().telemetry.metrics.endpoint_path
            );
        }
        Ok(serving)
    }

    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.state().config)
    }

    /// Plain data stays whole when somebody panics between two assignments.
    pub(super) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says in one line what is going on.
    pub(super) fn line(&self) -> String {
        let config = self.config();
        let enabled = config.jobs.iter().filter(|job| job.enabled).count();
        let refused = self.state().refused.clone();
        let jobs = syft_terminal::count(enabled, "job");
        match refused {
            None => format!("looking after {jobs}"),
            Some(why) => format!("looking after {jobs}; a newer config is refused: {why}"),
        }
    }

    /// Takes what this machine says now, and returns what waits for a restart.
    pub(super) async fn take(&self, local: Config) -> Outcome<Vec<&'static str>> {
        let records = self.state().records.clone();
        match with_records(&local, records.as_ref()) {
            Err(error) => {
                self.refuse(&chain(&error));
                Err(error.into())
            }
            Ok(config) => {
                let keys = self.swap(local, records, config).await;
                Ok(keys)
            }
        }
    }

    /// Takes what `PocketBase` says now.
    async fn take_records(&self, records: RemoteRecords) {
        let local = self.state().local.clone();
        let outcome = match with_records(&local, Some(&records)) {
            Ok(config) => {
                self.swap(local, Some(records), config).await;
                Ok(())
            }
            Err(error) => {
                let why = chain(&error);
                self.refuse(&why);
                Err(why)
            }
        };
        if let Some(remote) = &self.remote {
            remote.applied(outcome);
        }
    }

    async fn swap(
        &self,
        local: Config,
        records: Option<RemoteRecords>,
        config: Config,
    ) -> Vec<&'static str> {
        let config = Arc::new(config);
        let keys = self.state().begun.needs_restart(&config);
        self.service.replace(setup(&config)).await;
        {
            let mut state = self.state();
            state.local = local;
            state.records = records;
            state.config = Arc::clone(&config);
            state.loaded = now().to_utc();
            state.refused = None;
            state.restart_required.clone_from(&keys);
        }
        self.in_force(&config);
        let metrics = &self.telemetry.metrics.state;
        metrics.reloaded(Reload::Applied, now().to_utc());
        metrics.restart_required(!keys.is_empty());
        tracing::info!("the new config is in force: {}", self.line());
        self.mind_restart(&config, &keys);
        keys
    }

    fn mind_restart(&self, config: &Config, keys: &[&'static str]) {
        if keys.is_empty() {
            return;
        }
        tracing::warn!("only after a restart: {}", keys.join(", "));
        if config.daemon.auto_restart_on_config_change
            && self.orders.try_send(Order::Restart).is_err()
        {
            tracing::warn!("too much is wanted at once to restart now");
        }
    }

    /// Notes that there is something newer that cannot be used.
    pub(super) fn refuse(&self, why: &str) {
        tracing::error!("the config of before stays in force: {why}");
        self.state().refused = Some(why.to_owned());
        let metrics = &self.telemetry.metrics.state;
        metrics.reloaded(Reload::Refused, now().to_utc());
    }

    /// Lets everybody know which jobs there are.
    fn in_force(&self, config: &Config) {
        let ids: Vec<JobId> = config.jobs.iter().map(|job| job.id.clone()).collect();
        self.telemetry.metrics.configured(&ids);
        self.telemetry.logs.set_level(&config.telemetry);
        if let Some(remote) = &self.remote {
            remote.knows(ids);
        }
    }

    /// Deals with the next thing that `PocketBase` says. Cancel safe up to the moment when there
    /// is something.
    pub(super) async fn heard_from_afar(self: &Arc<Self>) {
        let Some(remote) = &self.remote else {
            return std::future::pending().await;
        };
        tokio::select! {
            records = remote.changed() => self.take_records(records).await,
            request = remote.requested() => {
                tokio::spawn(Arc::clone(self).fulfil(request));
            }
        }
    }

    /// Runs what somebody asked for by a record.
    async fn fulfil(self: Arc<Self>, request: RemoteRequest) {
        tracing::info!("{} asks for a run of {}", request.requested_by, request.job);
        let outcome = match self
            .trigger(&request.job, Request::new(Cause::Manual))
            .await
        {
            Ok(ticket) => Ok(ticket.wait().await.run_id),
            Err(refused) => Err(refused.to_string()),
        };
        if let Some(remote) = &self.remote {
            remote.done(&request.id, outcome);
        }
    }

    pub(super) async fn trigger(
        &self,
        job: &JobId,
        request: Request,
    ) -> Result<syft_jobs::service::Ticket, Refused> {
        self.service.trigger(job, request).await
    }

    pub(super) fn look_after(&self) {
        self.telemetry.logs.look_after();
        self.count();
    }

    /// Lets monitors know what is going on.
    pub(super) fn count(&self) {
        self.telemetry.metrics.seen(&self.service.snapshot());
    }

    /// Ends all runs after the files they are at.
    pub(super) async fn stop(&self) {
        let grace = self.config().daemon.shutdown_timeout;
        let late = self.service.stop(grace).await;
        for job in late {
            tracing::warn!(
                "{job} did not end within {} s; its file is copied again at the next run",
                grace.as_secs()
            );
        }
        if let Some(remote) = &self.remote {
            remote.stop(LAST_WORDS).await;
        }
    }

    /// Brings the last lines of the log to where they belong.
    pub(super) async fn farewell(&self) {
        self.telemetry.finish(LAST_WORDS).await;
    }
}

/// What is not told by then waits on the disk for the next start.
const LAST_WORDS: Duration = Duration::from_secs(3);

async fn open_store(config: &Config) -> Outcome<Arc<Store>> {
    let config = config.clone();
    let opened = tokio::task::spawn_blocking(move || record::open(&config)).await;
    opened.expect("opening does not panic").map(Arc::new)
}

fn start_remote(
    config: &Config,
    store: &Arc<Store>,
    telemetry: &Telemetry,
) -> Outcome<Option<Arc<Remote>>> {
    if config.pocketbase.is_none() {
        return Ok(None);
    }
    let observer = telemetry.metrics.observer();
    let remote = Remote::start(config, Arc::clone(store), Some(observer))?;
    telemetry.ship_to(remote.log_target());
    Ok(Some(Arc::new(remote)))
}

/// What is wrong with the records must not keep the jobs of this machine from running, nor those
/// that were right the last time.
fn merge(
    local: &Config,
    records: Option<&RemoteRecords>,
    remote: Option<&Remote>,
) -> Outcome<Arc<Config>> {
    let (Some(remote), Some(records)) = (remote, records) else {
        return Ok(Arc::new(local.clone()));
    };
    let outcome = with_records(local, Some(records));
    remote.applied(outcome.as_ref().map(|_| ()).map_err(|error| chain(error)));
    let error = match outcome {
        Ok(config) => return Ok(Arc::new(config)),
        Err(error) => error,
    };
    tracing::error!("the jobs of PocketBase are refused: {}", chain(&error));
    let last = remote.last_good()?;
    let last = last.and_then(|records| with_records(local, Some(&records)).ok());
    Ok(Arc::new(match last {
        Some(config) => {
            tracing::warn!("the last good copy of them is used");
            config
        }
        None => local.clone(),
    }))
}

fn with_records(local: &Config, records: Option<&RemoteRecords>) -> Result<Config, ConfigError> {
    match records {
        None => Ok(local.clone()),
        Some(records) => local.with_remote(records),
    }
}

fn setup(config: &Config) -> Setup {
    Setup {
        jobs: config.jobs.clone(),
        watchers: config.watchers.clone(),
    }
}

fn start_service(
    config: &Config,
    store: &Arc<Store>,
    telemetry: &Telemetry,
    events: &Events,
    remote: Option<Arc<Remote>>,
) -> Service {
    let settings = Settings {
        max_concurrent_syncs: config.concurrency.max_concurrent_syncs,
        max_file_operations: config.concurrency.max_file_operations,
        queue_size: config.concurrency.sync_queue_size,
    };
    let metrics = Arc::clone(&telemetry.metrics);
    let events = events.clone();
    Service::start(setup(config), settings, Arc::clone(store), move |event| {
        metrics.on_event(event);
        super::lookout::log(event);
        events.publish(event.kind(), event);
        if let (Event::Finished(_), Some(remote)) = (event, &remote) {
            remote.finished();
        }
    })
}
