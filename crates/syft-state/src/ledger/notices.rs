use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Extra;
use crate::{Email, Timestamp};

/// A mail that is to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// To whom.
    pub to: Email,
    /// Which text, as `new_job`.
    pub event: String,
    /// What the text speaks of.
    pub payload: serde_json::Value,
    /// The Message-ID that every attempt uses.
    pub message_id: String,
    /// When it was claimed.
    pub created: Timestamp,
    /// How far it has come.
    pub state: NoticeState,
    /// How often sending it has failed.
    #[serde(default)]
    pub attempts: u32,
    /// When to try again; at once without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    /// Why the last attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Python's keys and the marks that they get when it is sent.
    #[serde(default)]
    pub marks: Vec<(String, String)>,
    /// The event of a job that it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<NoticeJob>,
    /// The receiver besides the mails that it is for; sending it settles no mark and no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// Whether it waits to be told by a digest; such a notice was never tried by itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub collect: bool,
    /// The ids of the notices that it tells as a digest; they stay where the digest is, and what
    /// becomes of it becomes of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    /// Keys of a newer version.
    #[serde(flatten)]
    pub extra: Extra,
}

impl NoticeRecord {
    /// Describes a mail that nothing hangs on and that was not tried yet.
    #[must_use]
    pub fn new(
        to: Email,
        event: impl Into<String>,
        payload: serde_json::Value,
        message_id: impl Into<String>,
        created: Timestamp,
    ) -> Self {
        Self {
            to,
            event: event.into(),
            payload,
            message_id: message_id.into(),
            created,
            state: NoticeState::Claimed,
            attempts: 0,
            retry_at: None,
            last_error: None,
            marks: Vec::new(),
            job: None,
            via: None,
            collect: false,
            covers: Vec::new(),
            extra: Extra::new(),
        }
    }

    /// Returns whether it tells other notices; a digest is never told by another one.
    #[must_use]
    pub fn is_digest(&self) -> bool {
        !self.covers.is_empty()
    }
}

/// Returns the notices that no digest in the same place covers.
pub(super) fn uncovered(
    notices: &BTreeMap<String, NoticeRecord>,
) -> impl Iterator<Item = (&str, &NoticeRecord)> {
    let covers = notices.values().flat_map(|record| &record.covers);
    let covered: BTreeSet<&str> = covers.map(String::as_str).collect();
    let all = notices.iter().map(|(id, record)| (id.as_str(), record));
    all.filter(move |(id, record)| record.is_digest() || !covered.contains(id))
}

/// Returns the id of a notice and, of a digest, those that it covers and that are there.
pub(super) fn with_covered(notices: &BTreeMap<String, NoticeRecord>, id: &str) -> Vec<String> {
    let covers = notices.get(id).map(|notice| notice.covers.as_slice());
    let is_there = |id: &&String| notices.get(*id).is_some_and(|notice| !notice.is_digest());
    let covers = covers.unwrap_or_default().iter().filter(is_there);
    std::iter::once(id.to_owned())
        .chain(covers.cloned())
        .collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The event of a job that a mail tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeJob {
    /// Who submitted the job.
    pub ds: Email,
    /// Its name.
    pub job: String,
    /// What happened to it, as `approved`.
    pub event: String,
}

/// How far a mail has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// It is to be sent, and nothing has been tried.
    Claimed,
    /// It lies with the mail server as a draft that can be sent once.
    Staged {
        /// The draft's id.
        draft: String,
    },
    /// An attempt failed without sending it.
    Waiting,
    /// An attempt was begun whose outcome nobody knows.
    Ambiguous,
}

/// A mail that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentRecord {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub to: Email,
    /// Its subject line.
    pub subject: String,
    /// Its Message-ID.
    pub message_id: String,
}

/// The mail that last said that all is well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeartbeatRecord {
    /// The moment that it was due, from which the next one is reckoned.
    pub at: Timestamp,
    /// How many mails had been sent by then.
    #[serde(default)]
    pub sent_total: u64,
    /// Keys of a newer version.
    #[serde(flatten)]
    pub extra: Extra,
}

impl HeartbeatRecord {
    /// Describes a heartbeat.
    #[must_use]
    pub fn new(at: Timestamp, sent_total: u64) -> Self {
        Self {
            at,
            sent_total,
            extra: Extra::new(),
        }
    }
}
