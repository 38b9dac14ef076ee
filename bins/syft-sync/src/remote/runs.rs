//! What runs did, told to PocketBase once each; until then it stays in the store.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::SecondsFormat;
use serde_json::{Value, json};
use syft_jobs::{RunRecord, store::Store};
use syft_state::Timestamp;
use syft_transport::{
    Error,
    pocketbase::{Client, Record},
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::{ended, schema::SYNC_RUNS, state::State};
use crate::session::now;

/// So many are sent in one go.
const AT_ONCE: usize = 200;
/// After a failure the next attempt waits so long at first, and twice as long each time.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// What a text field takes.
const SENTENCE: usize = 1_900;

/// The task that tells of runs.
pub(super) struct Uploader {
    client: Client,
    daemon_id: String,
    store: Arc<Store>,
    state: Arc<State>,
    /// Runs that the server refuses; they stay in the store and are tried after the next start.
    refused: HashSet<String>,
}

impl Uploader {
    pub(super) fn new(
        client: Client,
        daemon_id: String,
        store: Arc<Store>,
        state: Arc<State>,
    ) -> Self {
        Self {
            client,
            daemon_id,
            store,
            state,
            refused: HashSet::new(),
        }
    }

    pub(super) async fn run(mut self, finished: Arc<Notify>, mut stopped: watch::Receiver<bool>) {
        let mut wait = FIRST_WAIT;
        let mut due = None;
        loop {
            let again = due.unwrap_or_else(|| Instant::now() + LONGEST_WAIT);
            let ends = tokio::select! {
                () = finished.notified() => false,
                () = sleep_until(again), if due.is_some() => false,
                () = ended(&mut stopped) => true,
            };
            match self.send_all().await {
                Ok(()) => (wait, due) = (FIRST_WAIT, None),
                Err(why) => {
                    self.state.failed("runs cannot be told", &why, now());
                    due = Some(Instant::now() + wait);
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
            if ends {
                return;
            }
        }
    }

    async fn send_all(&mut self) -> Result<(), String> {
        loop {
            let runs = self.unsent().await?;
            self.state.unsent(runs.len() + self.refused.len());
            if runs.is_empty() {
                return Ok(());
            }
            self.send(&runs).await?;
        }
    }

    /// Sends runs and notes which are there, also where not all of them are.
    async fn send(&mut self, runs: &[RunRecord]) -> Result<(), String> {
        let records: Vec<Record> = runs
            .iter()
            .map(|run| record(run, &self.daemon_id))
            .collect();
        let sent = self.client.create_many(SYNC_RUNS, &records).await;
        let done = sent
            .as_ref()
            .map_or_else(|unsent| unsent.done, |()| runs.len());
        self.mark(&runs[..done]).await?;
        match sent {
            Err(unsent) if matches!(unsent.error, Error::Rejected { .. }) => {
                let run_id = &runs[done].run_id;
                tracing::warn!(run_id, error = %unsent.error, "PocketBase refuses a run");
                self.refused.insert(run_id.clone());
                Ok(())
            }
            sent => sent.map_err(|unsent| unsent.error.to_string()),
        }
    }

    async fn unsent(&self) -> Result<Vec<RunRecord>, String> {
        let (store, limit) = (self.store.clone(), AT_ONCE + self.refused.len());
        let runs = tokio::task::spawn_blocking(move || store.unsent_runs(limit)).await;
        let runs = runs.map_err(|error| error.to_string())?;
        let mut runs = runs.map_err(|error| error.to_string())?;
        runs.retain(|run| !self.refused.contains(&run.run_id));
        Ok(runs)
    }

    async fn mark(&self, runs: &[RunRecord]) -> Result<(), String> {
        let ids: Vec<String> = runs.iter().map(|run| run.run_id.clone()).collect();
        let store = self.store.clone();
        let marked = tokio::task::spawn_blocking(move || store.mark_sent(&ids)).await;
        let marked = marked.map_err(|error| error.to_string())?;
        marked.map_err(|error| error.to_string())
    }
}

/// Writes a run as a record of `sync_runs` (B4.3).
fn record(run: &RunRecord, daemon_id: &str) -> Record {
    let report = &run.report;
    let record = json!({
        "id": run.run_id,
        "run_id": run.run_id,
        "job_id": run.job,
        "daemon_id": daemon_id,
        "trigger": run.trigger.as_str(),
        "status": report.status.as_str(),
        "started": moment(run.started),
        "finished": moment(run.finished),
        "files": {
            "counts": report.counts,
            "looked_at": report.looked_at,
            "bytes_back": report.bytes_back,
            "dry_run": report.dry_run,
            "conflicts": report.conflicts,
        },
        "bytes": report.bytes,
        "errors": report.errors,
        "reason": report.reason.as_ref().map(|reason| reason.chars().take(SENTENCE).collect::<String>()),
    });
    match record {
        Value::Object(record) => record,
        _ => unreachable!("an object is written above"),
    }
}

/// Writes a moment as PocketBase does, `2006-01-02 15:04:05.000Z`.
fn moment(at: Timestamp) -> String {
    let text = at.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true);
    text.replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use syft_jobs::{
        mirror::{Report, Status},
        queue::Cause,
    };

    use super::*;

    #[test]
    fn a_run_is_written_as_the_collection_has_it() {
        let run = RunRecord {
            run_id: "abcdefghij01234".to_owned(),
            job: "documents".parse().unwrap(),
            trigger: Cause::FileWatcher,
            started: Timestamp::from_micros(1_795_000_000_123_456),
            finished: Timestamp::from_seconds(1_795_000_009),
            report: Report::of_failure(Status::Failed, "x".repeat(5_000)),
        };
        let record = record(&run, "laptop-1");
        assert_eq!(record["trigger"], "file_watcher");
        assert_eq!(record["status"], "failed");
        assert_eq!(record["started"], "2026-11-18 11:06:40.123Z");
        assert_eq!(record["reason"].as_str().unwrap().len(), SENTENCE);
        let spec = super::super::collections("daemon_logs").remove(2);
        let fields: Vec<&str> = spec.fields.iter().map(|field| field.name).collect();
        let names = record.keys().filter(|name| *name != "id");
        assert!(names.clone().all(|name| fields.contains(&name.as_str())));
        assert_eq!(names.count(), fields.len());
    }
}
