//! What the mails say that are about no single event.

use serde::Serialize;
use syft_state::{Email, Timestamp};

use super::{MAX_ITEM, display, time};
use crate::{Event, heartbeat};

/// The longest trouble that is shown.
const MAX_TROUBLE: usize = 300;

#[derive(Clone, Debug, Serialize)]
pub(super) struct Digest {
    summary: String,
    items: Vec<Item>,
    submissions: usize,
    peers: usize,
}

#[derive(Clone, Debug, Serialize)]
struct Item {
    kind: &'static str,
    job: Option<String>,
    reason: Option<String>,
    scientist: String,
    scientist_python: String,
    date: String,
}

impl Digest {
    pub(super) fn new(events: &[(Event, Timestamp)]) -> Self {
        let items: Vec<Item> = events
            .iter()
            .filter_map(|(event, noticed)| Item::new(event, *noticed))
            .collect();
        let count = |kind: &str| items.iter().filter(|item| item.kind == kind).count();
        let counts = [
            (count("job"), "New Job"),
            (count("peer"), "New Peer Request"),
            (count("encrypted"), "Encrypted Submission"),
            (count("unreadable"), "Unreadable Submission"),
        ];
        let named = counts.iter().filter(|(count, _)| *count > 0);
        let named: Vec<String> = named
            .map(|(count, name)| match count {
                1 => format!("1 {name}"),
                count => format!("{count} {name}s"),
            })
            .collect();
        let peers = count("peer");
        Self {
            summary: named.join(", "),
            submissions: items.len() - peers,
            peers,
            items,
        }
    }
}

impl Item {
    /// Returns nothing for what is told to data scientists.
    fn new(event: &Event, noticed: Timestamp) -> Option<Self> {
        let item = |kind, ds: &Email| Self {
            kind,
            job: None,
            reason: None,
            scientist: ds.to_string(),
            scientist_python: display::python_literal(ds.as_str()),
            date: time(noticed),
        };
        match event {
            Event::JobSubmitted { job, .. } => Some(Self {
                job: Some(display::shown(&job.job, MAX_ITEM)),
                ..item("job", &job.ds)
            }),
            Event::PeerRequested { ds } => Some(item("peer", ds)),
            Event::EncryptedSubmission { ds, .. } => Some(item("encrypted", ds)),
            Event::UnreadableSubmission { ds, reason, .. } => Some(Self {
                reason: Some(display::shown(reason, MAX_ITEM)),
                ..item("unreadable", ds)
            }),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct Pulse {
    running_since: Option<String>,
    looks: u64,
    sent: u64,
    sent_total: u64,
    waiting: usize,
    dead: usize,
    folders: Vec<Folders>,
    trouble: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Folders {
    generation: String,
    count: usize,
}

impl Pulse {
    pub(super) fn new(pulse: &heartbeat::Pulse) -> Self {
        let folders = pulse.folders.iter().map(|(generation, count)| Folders {
            generation: display::shown(generation, MAX_ITEM),
            count: *count,
        });
        Self {
            running_since: pulse.running_since.map(time),
            looks: pulse.looks,
            sent: pulse.sent,
            sent_total: pulse.sent_total,
            waiting: pulse.waiting,
            dead: pulse.dead,
            folders: folders.collect(),
            trouble: pulse
                .trouble
                .as_ref()
                .map(|trouble| display::shown(trouble, MAX_TROUBLE)),
        }
    }
}
