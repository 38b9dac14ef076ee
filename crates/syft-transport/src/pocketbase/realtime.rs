//! What changes there, told as it happens.

mod lines;

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use rand::Rng as _;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};

use self::lines::{Event, Lines};
use super::{Client, Record, call::Core};
use crate::{
    error::{Error, Result},
    http::{Failure, Operation},
};

const LISTEN: Operation = Operation::new("the stream of changes", 0);
const SUBSCRIBE: Operation = Operation::new("the subscription to changes", 0);
/// The wait before the first new connection; it doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// So many changes wait for a reader; then the server has to.
const WAITING: usize = 64;

/// Changes of collections, as long as this value lives.
///
/// A lost connection is made again. What changed meanwhile is not told: look at everything anew
/// after each [`Notice::Connected`].
#[derive(Debug)]
pub struct Realtime {
    notices: mpsc::Receiver<Notice>,
    pub(super) task: JoinHandle<()>,
}

/// What a subscriber is told.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice {
    /// From now on changes are told.
    Connected,
    /// A record changed.
    Changed {
        /// The subscription, as `sync_jobs/*`.
        topic: String,
        /// What became of it.
        action: Action,
        /// What it is now, or was at last.
        record: Record,
    },
    /// From now on nothing is told, until the next [`Notice::Connected`].
    Lost(Error),
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is new.
    Create,
    /// It is another.
    Update,
    /// It is gone.
    Delete,
}

#[derive(Deserialize)]
struct Welcome {
    #[serde(rename = "clientId")]
    client: String,
}

#[derive(Deserialize)]
struct Change {
    action: Action,
    record: Record,
}

impl Client {
    /// Subscribes to topics, as `sync_jobs/*`; must be called within a tokio runtime.
    #[must_use]
    pub fn subscribe(&self, topics: &[&str]) -> Realtime {
        let topics: Vec<String> = topics.iter().map(|&topic| topic.to_owned()).collect();
        let (sender, notices) = mpsc::channel(WAITING);
        let listener = Listener {
            core: self.core.clone(),
            topics,
            sender,
        };
        Realtime {
            notices,
            task: tokio::spawn(listener.run()),
        }
    }
}

impl Realtime {
    /// Waits for the next notice; giving up the wait loses none.
    pub async fn next(&mut self) -> Notice {
        match self.notices.recv().await {
            Some(notice) => notice,
            // The task ends with its receiver only, unless the runtime does.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Realtime {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Listener {
    core: Arc<Core>,
    topics: Vec<String>,
    sender: mpsc::Sender<Notice>,
}

/// How a connection ended.
enum End {
    /// The server ended it, as it does after some minutes (B4.2).
    Usual,
    /// Nobody listens any more.
    Unheard,
}

impl Listener {
    async fn run(self) {
        let mut wait = FIRST_WAIT;
        loop {
            let mut connected = false;
            let end = self.listen(&mut connected).await;
            if connected {
                wait = FIRST_WAIT;
            }
            match end {
                Ok(End::Unheard) => return,
                Ok(End::Usual) => tracing::debug!("the server ended the stream of changes"),
                Err(failure) => {
                    if self.tell(Notice::Lost(failure.error)).await.is_none() {
                        return;
                    }
                }
            }
            let jitter = rand::rng().random_range(0.5..=1.0);
            tokio::time::sleep(wait.mul_f64(jitter)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Listens on one connection until it ends.
    async fn listen(&self, connected: &mut bool) -> Result<End, Failure> {
        let request = self.core.request(LISTEN, Method::GET, &["realtime"]);
        let request = request.header("accept", "text/event-stream");
        let reply = self.core.send(&self.core.listening, &request, None).await?;
        if !reply.status().is_success() {
            super::answer::check(LISTEN.name, reply.collect().await?)?;
            return Err(garbled("its status changed"));
        }
        let mut pieces = reply.stream();
        let mut lines = Lines::default();
        while let Some(piece) = pieces.next().await {
            let events = lines.push(&piece?);
            for event in events.map_err(|_| garbled("an event is too long or no text"))? {
                if self.hear(event, connected).await?.is_none() {
                    return Ok(End::Unheard);
                }
            }
        }
        match connected {
            true => Ok(End::Usual),
            false => Err(garbled("it ended before it began")),
        }
    }

    /// Acts on an event; `None` means that nobody listens any more.
    async fn hear(&self, event: Event, connected: &mut bool) -> Result<Option<()>, Failure> {
        if event.name == "PB_CONNECT" {
            let welcome: Welcome =
                serde_json::from_str(&event.data).map_err(|_| garbled("its welcome has no id"))?;
            self.subscribe(&welcome.client).await?;
            *connected = true;
            self.core.answered();
            return Ok(self.tell(Notice::Connected).await);
        }
        let Ok(Change { action, record }) = serde_json::from_str(&event.data) else {
            tracing::debug!("an event that is no change of a record is left alone");
            return Ok(Some(()));
        };
        let topic = event.name;
        let notice = Notice::Changed {
            topic,
            action,
            record,
        };
        Ok(self.tell(notice).await)
    }

    async fn subscribe(&self, client: &str) -> Result<(), Failure> {
        let request = self.core.request(SUBSCRIBE, Method::POST, &["realtime"]);
        let body = json!({"clientId": client, "subscriptions": self.topics});
        let request = request.json(&body);
        self.core.answered();
        let done = self.core.call(&request).await;
        done.map(drop).map_err(Failure::refused)
    }

    async fn tell(&self, notice: Notice) -> Option<()> {
        self.sender.send(notice).await.ok()
    }
}

fn garbled(reason: &str) -> Failure {
    Failure::unclear(Error::Garbled {
        what: LISTEN.name.to_owned(),
        reason: reason.to_owned(),
    })
}
