//! What the daemon tells and does for those who ask over HTTP.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use serde_json::{Value, json};
use syft_jobs::{
    JobId,
    mirror::Insist,
    queue::{Cause, Request},
    service::{Refused, Snapshot},
};
use tokio::sync::oneshot;

use super::core::{Core, Order};
use crate::{
    config::View,
    exit::chain,
    http::{Backend, Command, Refusal},
};

/// The daemon, as those see it who ask.
pub(super) struct Facts(pub(super) Arc<Core>);

#[async_trait]
impl Backend for Facts {
    fn ills(&self) -> Vec<String> {
        Vec::new()
    }

    fn lacks(&self) -> Vec<String> {
        let state = self.0.state();
        let refused = state.refused.iter();
        refused
            .map(|why| format!("a newer config is refused: {why}"))
            .collect()
    }

    fn count(&self) {
        self.0.count();
    }

    fn status(&self) -> Value {
        let snapshot = self.0.service.snapshot();
        let config = {
            let state = self.0.state();
            json!({
                "file": state.config.file,
                "loaded_at": state.loaded,
                "refused": state.refused,
                "restart_required": state.restart_required,
            })
        };
        json!({
            "service": "syft-sync",
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "state": if snapshot.is_paused { "paused" } else { "running" },
            "jobs": snapshot.jobs,
            "watchers": snapshot.watchers,
            "queue": queue(&snapshot),
            "pocketbase": self.0.remote.as_ref().map(|remote| remote.status()),
            "telemetry": self.0.telemetry.status(),
            "config": config,
        })
    }

    fn jobs(&self) -> Value {
        json!(self.0.service.snapshot().jobs)
    }

    fn queue(&self) -> Value {
        queue(&self.0.service.snapshot())
    }

    fn config(&self) -> Value {
        self.0.config().to_json(View::default())
    }

    async fn runs(&self, job: Option<&JobId>, limit: usize) -> Result<Value, Refusal> {
        let (store, job) = (Arc::clone(&self.0.store), job.cloned());
        let runs = tokio::task::spawn_blocking(move || store.runs(job.as_ref(), limit)).await;
        let runs = runs.map_err(|error| Refusal::Failed(error.to_string()))?;
        let runs = runs.map_err(|error| Refusal::Failed(chain(&error)))?;
        Ok(json!(runs))
    }

    async fn run(&self, id: &str) -> Result<Option<Value>, Refusal> {
        let snapshot = self.0.service.snapshot();
        for job in &snapshot.jobs {
            if let Some(run) = job.running.as_ref().filter(|run| run.run_id == id) {
                return Ok(Some(json!({"state": "running", "job": job.id, "run": run})));
            }
            if let Some(run) = job.waiting.iter().find(|run| run.run_id == id) {
                return Ok(Some(json!({"state": "waiting", "job": job.id, "run": run})));
            }
        }
        let (store, id) = (Arc::clone(&self.0.store), id.to_owned());
        let run = tokio::task::spawn_blocking(move || store.run(&id)).await;
        let run = run.map_err(|error| Refusal::Failed(error.to_string()))?;
        let run = run.map_err(|error| Refusal::Failed(chain(&error)))?;
        Ok(run.map(|run| json!({"state": "finished", "job": run.job, "run": run})))
    }

    async fn command(&self, command: Command) -> Result<Option<String>, Refusal> {
        match command {
            Command::Pause => {
                self.0.service.pause();
                tracing::info!("paused");
                Ok(None)
            }
            Command::Resume => {
                self.0.service.resume();
                tracing::info!("resumed");
                Ok(None)
            }
            Command::Stop => self.order(Order::Stop).map(|()| None),
            Command::Reload => self.reload().await.map(|()| None),
            Command::Trigger {
                job,
                dry_run,
                force,
            } => self.trigger(&job, dry_run, force).await.map(Some),
        }
    }
}

impl Facts {
    fn order(&self, order: Order) -> Result<(), Refusal> {
        self.0
            .orders
            .try_send(order)
            .map_err(|_| Refusal::Busy("too much is wanted at once".to_owned()))
    }

    /// Whoever asks hears what is wrong with the new config.
    async fn reload(&self) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        self.order(Order::Reload(Some(answer)))?;
        match answered.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(why)) => Err(Refusal::Conflict(why)),
            Err(_) => Err(Refusal::Busy("the daemon is stopping".to_owned())),
        }
    }

    async fn trigger(&self, job: &JobId, dry_run: bool, force: bool) -> Result<String, Refusal> {
        let request = Request {
            dry_run,
            insist: if force { Insist::Yes } else { Insist::No },
            ..Request::new(Cause::Manual)
        };
        let ticket = self.0.trigger(job, request).await;
        let ticket = ticket.map_err(|refused| {
            let words = format!("{job}: {refused}");
            match refused {
                Refused::Unknown => Refusal::Unknown(words),
                Refused::QueueFull => Refusal::Busy(words),
                _ => Refusal::Conflict(words),
            }
        })?;
        Ok(ticket.run_id().to_owned())
    }
}

fn queue(snapshot: &Snapshot) -> Value {
    let waiting: Vec<Value> = snapshot
        .jobs
        .iter()
        .flat_map(|job| {
            let id = &job.id;
            job.waiting
                .iter()
                .map(move |run| json!({"job": id, "run_id": run.run_id, "cause": run.cause}))
        })
        .collect();
    json!({
        "length": snapshot.queue_length,
        "running": snapshot.running,
        "waiting": waiting,
    })
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Facts").finish_non_exhaustive()
    }
}
