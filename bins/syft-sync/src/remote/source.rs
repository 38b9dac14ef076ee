//! Where jobs and watchers come from: told of changes, and looking now and then all the same.

use std::{sync::Arc, time::Duration};

use syft_transport::{
    Result,
    pocketbase::{Client, Filter, List, Notice, Record},
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::{
    ended,
    schema::{FILE_WATCHERS, SYNC_JOBS, SYNC_REQUESTS},
    state::State,
    wishes::Shared,
};
use crate::{config::RemoteRecords, session::now};

/// Changes that come so close together are looked at once.
const QUIET: Duration = Duration::from_millis(100);
/// After a failed look the next one is not later than this, whatever the interval.
const AFTER_FAILURE: Duration = Duration::from_secs(30);
/// A far moment, for what is never due.
const NEVER: Duration = Duration::from_secs(365 * 86_400);

/// Columns that change without a meaning for us.
const VOLATILE: [&str; 3] = ["updated", "created", "revision"];

/// The task that listens and fetches.
pub(super) struct Source {
    pub(super) client: Client,
    pub(super) daemon_id: String,
    /// Whether jobs are wanted at all, or only wishes.
    pub(super) is_wanted: bool,
    pub(super) interval: Option<Duration>,
    pub(super) state: Arc<State>,
    pub(super) fetched: watch::Sender<Option<RemoteRecords>>,
    /// Hears that there may be wishes.
    pub(super) desk: Arc<Shared>,
    /// Hears that the server is there to take runs.
    pub(super) finished: Arc<Notify>,
}

impl Source {
    pub(super) async fn run(self, mut stopped: watch::Receiver<bool>) {
        let topics = [SYNC_JOBS, FILE_WATCHERS, SYNC_REQUESTS].map(|name| format!("{name}/*"));
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        let mut changes = self.client.subscribe(&topics);
        // Nothing has to be heard before the first look.
        let mut due = Instant::now();
        loop {
            tokio::select! {
                () = ended(&mut stopped) => return,
                () = sleep_until(due) => due = self.look().await,
                notice = changes.next() => {
                    if self.hear(&notice) {
                        due = due.min(Instant::now() + QUIET);
                    }
                }
            }
        }
    }

    /// Takes note of what changed, and returns whether to look at jobs and watchers.
    fn hear(&self, notice: &Notice) -> bool {
        match notice {
            Notice::Connected => {
                self.state.connected(now());
                self.desk.look();
                self.finished.notify_one();
                true
            }
            Notice::Changed { topic, .. } if topic.starts_with(SYNC_REQUESTS) => {
                self.desk.look();
                false
            }
            Notice::Changed { .. } => true,
            Notice::Lost(error) => {
                self.state.lost();
                self.state.failed("no changes are told", error, now());
                false
            }
            _ => false,
        }
    }

    /// Fetches everything, and returns when to do so again.
    async fn look(&self) -> Instant {
        let interval = self.interval.unwrap_or(NEVER);
        self.desk.look();
        if !self.is_wanted {
            return Instant::now() + interval;
        }
        match fetch(&self.client, &self.daemon_id).await {
            Ok(records) => {
                self.state
                    .fetched(records.jobs.len(), records.watchers.len(), now());
                self.fetched.send_replace(Some(records));
                Instant::now() + interval
            }
            Err(error) => {
                self.state.failed("jobs cannot be fetched", &error, now());
                Instant::now() + interval.min(AFTER_FAILURE)
            }
        }
    }
}

/// Returns the jobs and watchers for all daemons and for this one, without what means nothing.
pub(crate) async fn fetch(client: &Client, daemon_id: &str) -> Result<RemoteRecords> {
    let ours =
        || -> Result<Filter> { Ok(Filter::is("daemon", "")?.or(Filter::is("daemon", daemon_id)?)) };
    let lasting = |mut record: Record| {
        record.retain(|name, _| !VOLATILE.contains(&name.as_str()));
        record
    };
    let jobs = client.list(SYNC_JOBS, &List::of(ours()?)).await?;
    let watchers = client.list(FILE_WATCHERS, &List::of(ours()?)).await?;
    Ok(RemoteRecords {
        jobs: jobs.into_iter().map(lasting).collect(),
        watchers: watchers.into_iter().map(lasting).collect(),
    })
}
