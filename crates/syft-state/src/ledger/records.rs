use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;

use super::{Finished, HeartbeatRecord, NoticeRecord, SentRecord, Table, notices};
use crate::{Email, Timestamp};

/// Keys that a newer version has written into a record; they are kept.
pub type Extra = serde_json::Map<String, serde_json::Value>;

/// A mark or event: almost always one of a few, which then costs no memory of its own.
pub(super) type Name = Cow<'static, str>;

const KNOWN_NAMES: [&str; 9] = [
    "processed",
    "new",
    "approved",
    "executed",
    "failed",
    "rejected",
    "new_peer_request",
    "peer_request_sent",
    "peer_granted",
];

/// What was told of a job in [`Bookkeeping::finished`].
pub(super) const FINISHED_EVENTS: [&str; 3] = ["new", "approved", "executed"];

pub(super) fn name(text: &str) -> Name {
    match KNOWN_NAMES.into_iter().find(|known| *known == text) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(text.to_owned()),
    }
}

/// What this program remembers beyond Python's marks, under the key `syft_notify`.
#[derive(Clone, Debug, Default)]
pub struct Bookkeeping {
    /// The account that this file belongs to.
    pub account: Option<Email>,
    /// Where to go on in Drive's feed of changes.
    pub cursor: Option<String>,
    /// When everything on Drive was last looked at.
    pub reconciled_at: Option<Timestamp>,
    /// Folders of peers, by their Drive id.
    pub folders: BTreeMap<String, FolderRecord>,
    /// Peers, by [`Email::key`].
    pub peers: BTreeMap<String, PeerRecord>,
    /// Jobs that may still have news, by [`job_key`].
    pub jobs: Table<JobRecord>,
    /// Jobs of which everything was told: submitted, approved, executed.
    ///
    /// There are many of them, and the file is written as a whole for every mail.
    pub finished: Finished,
    /// Mails that are claimed and not yet sent, by the id of their notice; see [`Self::waiting`].
    pub outbox: BTreeMap<String, NoticeRecord>,
    /// Mails that were given up, by the id of their notice; see [`Self::given_up`].
    pub dead: BTreeMap<String, NoticeRecord>,
    /// The last mail that said that all is well.
    pub heartbeat: Option<HeartbeatRecord>,
    /// How many mails were ever sent.
    pub sent_total: u64,
    /// The mails that were sent last, oldest first; at most [`Self::LAST_SENT`].
    pub last_sent: Vec<SentRecord>,
    /// Keys of a newer version, with their text.
    pub(super) unknown: BTreeMap<String, Box<RawValue>>,
}

impl Bookkeeping {
    /// How many sent mails are remembered one by one.
    pub const LAST_SENT: usize = 50;

    /// Returns what is in the outbox without the notices that a digest there tells for them.
    pub fn waiting(&self) -> impl Iterator<Item = (&str, &NoticeRecord)> {
        notices::uncovered(&self.outbox)
    }

    /// Returns what was given up without the notices that a digest there tells for them.
    pub fn given_up(&self) -> impl Iterator<Item = (&str, &NoticeRecord)> {
        notices::uncovered(&self.dead)
    }

    /// Returns the id of the digest that tells a notice, wherever both are.
    #[must_use]
    pub fn digest_of(&self, id: &str) -> Option<&str> {
        [&self.outbox, &self.dead].into_iter().find_map(|notices| {
            let covers = |record: &NoticeRecord| record.covers.iter().any(|covered| covered == id);
            let mut digests = notices.iter().filter(|(_, record)| covers(record));
            let is_told = notices.get(id).is_some_and(|record| !record.is_digest());
            let digest = is_told.then(|| digests.next()).flatten();
            digest.map(|(digest, _)| digest.as_str())
        })
    }

    /// Returns whether nothing has been recorded yet.
    pub(super) fn is_blank(&self) -> bool {
        self.account.is_none()
            && self.cursor.is_none()
            && self.reconciled_at.is_none()
            && self.folders.is_empty()
            && self.peers.is_empty()
            && self.jobs.is_empty()
            && self.finished.is_empty()
            && self.outbox.is_empty()
            && self.dead.is_empty()
            && self.heartbeat.is_none()
            && self.sent_total == 0
            && self.last_sent.is_empty()
            && self.unknown.is_empty()
    }
}

/// Returns the key of a job in [`Bookkeeping::jobs`]: the address in lower case, a slash, the name.
#[must_use]
pub fn job_key(ds: &Email, job: &str) -> String {
    format!("{}/{job}", ds.key())
}

/// A folder on Drive that was verified to belong to a peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderRecord {
    /// Its owner.
    pub peer: Email,
    /// What it is for, as `inbox`.
    pub kind: String,
    /// The generation of the wire format that its name has.
    pub generation: String,
    /// Keys of a newer version.
    #[serde(flatten)]
    pub extra: Extra,
}

impl FolderRecord {
    /// Describes a folder.
    #[must_use]
    pub fn new(peer: Email, kind: impl Into<String>, generation: impl Into<String>) -> Self {
        Self {
            peer,
            kind: kind.into(),
            generation: generation.into(),
            extra: Extra::new(),
        }
    }
}

/// Somebody who has asked to become a peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerRecord {
    /// Who, as first seen.
    pub email: Email,
    /// When this program first saw them.
    pub first_seen: Timestamp,
    /// Whether the data owner has accepted them.
    #[serde(default)]
    pub granted: bool,
    /// Keys of a newer version.
    #[serde(flatten)]
    pub extra: Extra,
}

impl PeerRecord {
    /// Describes a peer who has not been accepted yet.
    #[must_use]
    pub fn new(email: Email, first_seen: Timestamp) -> Self {
        Self {
            email,
            first_seen,
            granted: false,
            extra: Extra::new(),
        }
    }
}

/// What a job's submitter or owner was told; in the file an object from event to [`EventRecord`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobRecord {
    events: Vec<(Name, EventRecord)>,
}

impl JobRecord {
    /// Returns what is known of an event, as `approved`.
    #[must_use]
    pub fn event(&self, event: &str) -> Option<&EventRecord> {
        self.events()
            .find(|(name, _)| *name == event)
            .map(|(_, record)| record)
    }

    /// Returns whether the event was told.
    #[must_use]
    pub fn has(&self, event: &str) -> bool {
        self.event(event).is_some()
    }

    /// Returns all events that were told, in the order of telling.
    pub fn events(&self) -> impl Iterator<Item = (&str, &EventRecord)> {
        self.events.iter().map(|(name, record)| (&**name, record))
    }

    pub(super) fn set(&mut self, event: &str, record: EventRecord) {
        match self.events.iter_mut().find(|(name, _)| name == event) {
            Some((_, old)) => *old = record,
            None => self.events.push((name(event), record)),
        }
    }

    /// Returns whether the job ran its usual course to the end.
    pub(super) fn is_finished(&self) -> bool {
        self.has("executed")
            && self
                .events()
                .all(|(name, _)| FINISHED_EVENTS.contains(&name))
    }

    /// Describes a job that was finished when something else happened to it.
    pub(super) fn finished_before(at: Timestamp) -> Self {
        let told = EventRecord::new(at, None);
        Self {
            events: FINISHED_EVENTS
                .map(|event| (name(event), told.clone()))
                .into(),
        }
    }
}

/// When an event was told, and by which mail.
///
/// In the file: seconds since 1970, or an array of these and the message id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// When, in whole seconds.
    pub at: Timestamp,
    /// The Message-ID of the mail, to which further mails may refer.
    pub message_id: Option<String>,
}

impl EventRecord {
    /// Describes an event that was told by this mail, if by any; the time is cut to seconds.
    #[must_use]
    pub fn new(at: Timestamp, message_id: Option<String>) -> Self {
        Self {
            at: Timestamp::from_seconds(at.as_seconds()),
            message_id,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum EventForm {
    Seconds(i64),
    WithMail(i64, String),
}

impl Serialize for JobRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.events.len()))?;
        for (name, EventRecord { at, message_id }) in &self.events {
            match message_id {
                None => map.serialize_entry(name, &at.as_seconds())?,
                Some(id) => map.serialize_entry(name, &(at.as_seconds(), id))?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for JobRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JobVisitor)
    }
}

struct JobVisitor;

impl<'de> Visitor<'de> for JobVisitor {
    type Value = JobRecord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object from event to time")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JobRecord, A::Error> {
        let mut record = JobRecord::default();
        while let Some(event) = map.next_key::<String>()? {
            let (seconds, message_id) = match map.next_value()? {
                EventForm::Seconds(seconds) => (seconds, None),
                EventForm::WithMail(seconds, id) => (seconds, Some(id)),
            };
            let at = Timestamp::from_seconds(seconds);
            record.set(&event, EventRecord { at, message_id });
        }
        Ok(record)
    }
}
