//! What happens, told as it happens to those who listen.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    broadcast::{self, error::RecvError},
};

/// Events that a slow listener may be behind; it is told how many it missed.
const BACKLOG: usize = 256;
/// More are not held, whatever the config says.
const MOST_HELD: usize = 65_536;
/// Listeners at once.
const MOST_LISTENERS: usize = 16;
/// So that a listener knows that the daemon is there although nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Where events are published; copies are the same place.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: broadcast::Sender<Arc<Told>>,
    number: Arc<AtomicU64>,
    seats: Arc<Semaphore>,
}

/// An event in its written form.
#[derive(Debug)]
struct Told {
    number: u64,
    kind: &'static str,
    json: String,
}

impl Default for Events {
    fn default() -> Self {
        Self::holding(BACKLOG)
    }
}

impl Events {
    /// Makes a place that holds so many events for those who are slow, at least one.
    pub(crate) fn holding(events: usize) -> Self {
        Self {
            sender: broadcast::channel(events.clamp(1, MOST_HELD)).0,
            number: Arc::default(),
            seats: Arc::new(Semaphore::new(MOST_LISTENERS)),
        }
    }

    /// Tells an event to those who listen now; without listeners that costs nothing.
    pub(crate) fn publish(&self, kind: &'static str, event: &impl Serialize) {
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        if self.sender.receiver_count() == 0 {
            return;
        }
        let json = serde_json::to_string(event).unwrap_or_else(|_| "null".to_owned());
        // Nobody may be left to hear it.
        drop(self.sender.send(Arc::new(Told { number, kind, json })));
    }

    /// Returns what happens from now on; `None` when too many listen already.
    pub(super) fn listen(
        &self,
    ) -> Option<Sse<impl Stream<Item = Result<Event, Infallible>> + Send + use<>>> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().ok()?;
        let listener = Listener {
            receiver: self.sender.subscribe(),
            _seat: seat,
        };
        let events = stream::unfold(listener, |mut listener| async {
            let event = listener.next().await?;
            Some((Ok(event), listener))
        });
        let heartbeat = KeepAlive::new().interval(HEARTBEAT).text("heartbeat");
        Some(Sse::new(events).keep_alive(heartbeat))
    }
}

struct Listener {
    receiver: broadcast::Receiver<Arc<Told>>,
    _seat: OwnedSemaphorePermit,
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        match self.receiver.recv().await {
            Ok(told) => {
                let event = Event::default().event(told.kind);
                Some(event.id(told.number.to_string()).data(&told.json))
            }
            Err(RecvError::Lagged(missed)) => {
                let json = format!("{{\"events\":{missed}}}");
                Some(Event::default().event("lagged").data(json))
            }
            Err(RecvError::Closed) => None,
        }
    }
}
