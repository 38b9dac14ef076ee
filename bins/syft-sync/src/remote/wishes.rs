//! Wishes for a run now, which somebody wrote into `sync_requests`.
//!
//! Of several daemons one takes a wish: it makes a claim of the wish's id, and an id is there
//! once. Then the wish becomes `taken`, and only then is it carried out: what a crash leaves
//! between is carried out not at all rather than twice.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use syft_jobs::JobId;
use syft_transport::{
    Error,
    pocketbase::{Client, Filter, List, Record},
};
use tokio::sync::{Notify, mpsc, watch};

use super::{
    ended,
    schema::{SYNC_CLAIMS, SYNC_REQUESTS},
    state::State,
};
use crate::session::now;

/// So many wishes are looked at in one go; the others wait for the next.
const AT_ONCE: usize = 100;
/// What people are told is not longer.
const SENTENCE: usize = 1_000;

/// A wish that this daemon has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteRequest {
    /// Its name, for the answer.
    pub(crate) id: String,
    pub(crate) job: JobId,
    /// Who it is from, as they say themselves.
    pub(crate) requested_by: String,
}

/// What the daemon tells the task.
#[derive(Debug, Default)]
pub(super) struct Shared {
    known: Mutex<BTreeSet<JobId>>,
    /// Answers that the server does not have yet; no more than there are wishes at hand.
    answers: Mutex<Vec<Answer>>,
    news: Notify,
}

/// What became of a wish.
#[derive(Clone, Debug)]
struct Answer {
    id: String,
    /// The name of the run, or why there was none.
    outcome: Result<String, String>,
}

impl Shared {
    pub(super) fn knows(&self, jobs: BTreeSet<JobId>) {
        *lock(&self.known) = jobs;
        self.news.notify_one();
    }

    pub(super) fn answer(&self, id: &str, outcome: Result<String, String>) {
        let id = id.to_owned();
        lock(&self.answers).push(Answer { id, outcome });
        self.news.notify_one();
    }

    /// Says that there may be wishes.
    pub(super) fn look(&self) {
        self.news.notify_one();
    }
}

/// The task that takes wishes and answers them.
pub(super) struct Desk {
    client: Client,
    daemon_id: String,
    shared: Arc<Shared>,
    wished: mpsc::Sender<RemoteRequest>,
    state: Arc<State>,
    /// Whether what an earlier process left behind was looked for.
    is_tidy: bool,
}

/// What a wish calls for.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Take(RemoteRequest),
    /// It can never be carried out by anybody.
    Refuse(String, &'static str),
    /// It may be meant for another daemon.
    Leave,
}

impl Desk {
    pub(super) fn new(
        client: Client,
        daemon_id: &str,
        shared: &Arc<Shared>,
        wished: mpsc::Sender<RemoteRequest>,
        state: Arc<State>,
    ) -> Self {
        Self {
            client,
            daemon_id: daemon_id.to_owned(),
            shared: shared.clone(),
            wished,
            state,
            is_tidy: false,
        }
    }

    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.shared.news.notified() => {}
                () = ended(&mut stopped) => break,
            }
            if let Err(error) = self.look().await {
                self.state
                    .failed("wishes cannot be looked at", &error, now());
            }
        }
        if let Err(error) = self.answer_all().await {
            self.state
                .failed("wishes cannot be answered", &error, now());
        }
    }

    async fn look(&mut self) -> syft_transport::Result<()> {
        self.answer_all().await?;
        if !self.is_tidy {
            self.give_up_left_behind().await?;
            self.is_tidy = true;
        }
        let ours = Filter::is("daemon", "")?.or(Filter::is("daemon", self.daemon_id.as_str())?);
        let new = Filter::is("state", "new")?.and(ours);
        let wishes = List::first(AT_ONCE, new, "id");
        for record in self.client.list(SYNC_REQUESTS, &wishes).await? {
            let verdict = judge(&record, &lock(&self.shared.known));
            match verdict {
                Verdict::Leave => {}
                Verdict::Refuse(id, why) => {
                    if self.claim(&id).await? {
                        self.settle(&id, &Err(why.to_owned())).await?;
                    }
                }
                Verdict::Take(request) => {
                    // As many are at hand as may be: the answer to one of them brings us back.
                    let Ok(place) = self.wished.clone().try_reserve_owned() else {
                        return Ok(());
                    };
                    if self.claim(&request.id).await? && self.take(&request.id).await? {
                        tracing::info!(job = %request.job, by = request.requested_by, "a run is wished for");
                        place.send(request);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns whether a wish is ours.
    async fn claim(&self, id: &str) -> syft_transport::Result<bool> {
        let claim = record(json!({"id": id, "daemon_id": self.daemon_id}));
        match self.client.create(SYNC_CLAIMS, &claim).await {
            Ok(_) => Ok(true),
            // It may be ours, of a moment ago or of an earlier process.
            Err(Error::AlreadyExists { .. }) => {
                let claim = self.client.get(SYNC_CLAIMS, id).await?;
                Ok(claim.get("daemon_id").and_then(Value::as_str) == Some(&self.daemon_id))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns whether the wish is still there.
    async fn take(&self, id: &str) -> syft_transport::Result<bool> {
        let taken = record(json!({"state": "taken", "taken_by": self.daemon_id}));
        match self.client.update(SYNC_REQUESTS, id, &taken).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn answer_all(&self) -> syft_transport::Result<()> {
        loop {
            let first = lock(&self.shared.answers).first().cloned();
            let Some(answer) = first else {
                return Ok(());
            };
            self.settle(&answer.id, &answer.outcome).await?;
            lock(&self.shared.answers).remove(0);
        }
    }

    async fn settle(
        &self,
        id: &str,
        outcome: &Result<String, String>,
    ) -> syft_transport::Result<()> {
        let settled = match outcome {
            Ok(run_id) => json!({"state": "done", "run_id": run_id}),
            Err(why) => json!({"state": "failed", "message": sentence(why)}),
        };
        let mut settled = record(settled);
        settled.insert("taken_by".to_owned(), self.daemon_id.clone().into());
        match self.client.update(SYNC_REQUESTS, id, &settled).await {
            // Whoever removed it does not want to know.
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Answers what an earlier process took and did not live to answer.
    async fn give_up_left_behind(&self) -> syft_transport::Result<()> {
        let ours = Filter::is("taken_by", self.daemon_id.as_str())?;
        let left = Filter::is("state", "taken")?.and(ours);
        let why = Err("the daemon ended before it could say what became of it".to_owned());
        for record in self.client.list(SYNC_REQUESTS, &List::of(left)).await? {
            if let Some(id) = record.get("id").and_then(Value::as_str) {
                self.settle(id, &why).await?;
            }
        }
        Ok(())
    }
}

/// Decides about a wish; everything in it is somebody's text.
fn judge(record: &Record, known: &BTreeSet<JobId>) -> Verdict {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = text("id").to_owned();
    let Ok(job) = text("job_id").parse::<JobId>() else {
        return Verdict::Refuse(id, "`job_id` is no name of a job");
    };
    match (known.contains(&job), text("daemon").is_empty()) {
        (true, _) => Verdict::Take(RemoteRequest {
            id,
            job,
            requested_by: text("requested_by").chars().take(200).collect(),
        }),
        (false, true) => Verdict::Leave,
        (false, false) => Verdict::Refuse(id, "this daemon has no such job"),
    }
}

fn sentence(text: &str) -> String {
    text.chars().take(SENTENCE).collect()
}

fn record(value: Value) -> Record {
    match value {
        Value::Object(record) => record,
        _ => unreachable!("only objects are written above"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No panic can happen while one of these locks is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wish: Value, expected: Verdict) {
        let known = ["documents".parse().unwrap()].into_iter().collect();
        assert_eq!(judge(&record(wish.clone()), &known), expected, "{wish}");
    }

    #[test]
    fn a_wish_is_for_a_job_of_ours_or_left_to_others() {
        let request = RemoteRequest {
            id: "a".to_owned(),
            job: "documents".parse().unwrap(),
            requested_by: "ann".to_owned(),
        };
        let wish = |job: &str, daemon: &str| json!({"id": "a", "job_id": job, "daemon": daemon, "requested_by": "ann"});
        check(wish("documents", ""), Verdict::Take(request.clone()));
        check(wish("documents", "laptop-1"), Verdict::Take(request));
        check(wish("music", ""), Verdict::Leave);
        let refused = |why| Verdict::Refuse("a".to_owned(), why);
        check(
            wish("music", "laptop-1"),
            refused("this daemon has no such job"),
        );
        for hostile in [
            "",
            "../etc",
            "a\nb",
            "documents ",
            &"x".repeat(65),
            "' || 1=1",
        ] {
            check(wish(hostile, ""), refused("`job_id` is no name of a job"));
        }
        check(
            json!({"id": "a", "job_id": 7}),
            refused("`job_id` is no name of a job"),
        );
    }
}
