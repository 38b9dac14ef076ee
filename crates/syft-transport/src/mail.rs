//! The seam to a mail service.

use std::fmt;

use async_trait::async_trait;
use syft_state::{Email, Timestamp};

use crate::{drive::opaque, error::Result};

/// Sends mail from one account.
///
/// A send that must not happen twice has two steps. [`Mailer::stage`] puts the mail where the
/// service keeps drafts and [`Mailer::send`] sends that draft: a draft can be sent only once,
/// however often it is asked for. A service without drafts stages nothing, and then a send
/// whose answer is lost is [`Error::Ambiguous`](crate::Error::Ambiguous): it must be reported
/// and never repeated silently.
#[async_trait]
pub trait Mailer: fmt::Debug + Send + Sync + 'static {
    /// Returns what this service can promise with the rights it has.
    fn promise(&self) -> Promise;

    /// Returns the draft that an interrupted [`Mailer::stage`] of this mail left behind, if it can be found.
    ///
    /// Not finding one is harmless: a draft that is never sent reaches nobody.
    async fn find_staged(&self, mail: &Mail) -> Result<Option<DraftId>> {
        let _ = mail;
        Ok(None)
    }

    /// Stores a mail as a draft, or returns `None` where the service has none for us.
    async fn stage(&self, mail: &Mail) -> Result<Option<DraftId>>;

    /// Sends a mail: the staged draft, if there is one.
    ///
    /// With a draft it may be called again after any error. A draft that no longer exists was
    /// sent by an earlier call whose answer was lost, and that is success.
    async fn send(&self, mail: &Mail, draft: Option<&DraftId>) -> Result<MailId>;
}

/// What a service promises about a mail whose sending was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// It arrives once, whatever happens: the send can be repeated safely.
    ExactlyOnce,
    /// It is never sent twice, but after a lost answer a person has to look whether it went out.
    AtMostOnce,
    /// It may be sent again after a lost answer; the receiver drops a repetition by its
    /// `Message-ID`.
    AtLeastOnce,
}

impl Promise {
    /// Returns whether an interrupted send may simply be made again.
    #[must_use]
    pub fn may_repeat(self) -> bool {
        self != Self::AtMostOnce
    }
}

opaque! {
    /// The service's name of a draft.
    DraftId
}
opaque! {
    /// The service's name of a sent mail; empty where the service no longer tells it.
    MailId
}

/// The `Message-ID` of a mail without its angle brackets, as `left@right`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// Makes an id from a token (letters, digits, `.`, `-`, `_` are kept, the rest dropped) and
    /// the domain of the sending account.
    #[must_use]
    pub fn new(token: &str, sender: &Email) -> Self {
        let token: String = token
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c))
            .collect();
        Self(format!("{token}@{}", sender.domain().to_ascii_lowercase()))
    }

    /// Takes an id that was kept on disk; characters that could end a header are dropped.
    #[must_use]
    pub fn from_record(text: &str) -> Self {
        Self(
            text.chars()
                .filter(|c| c.is_ascii_graphic() && !"<>".contains(*c))
                .collect(),
        )
    }

    /// Returns `left@right`, without angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mail to one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// Its lasting identity, the same in every attempt to send it.
    pub message_id: MessageId,
    /// The sending account.
    pub from: Email,
    /// The name shown beside the sender, as `SyftBox`.
    pub from_name: String,
    /// The one recipient.
    pub to: Email,
    /// The subject; control characters are removed and the length is capped on rendering (T19).
    pub subject: String,
    /// The time in its `Date` header, the same in every attempt.
    pub date: Timestamp,
    /// The plain text.
    pub text: String,
    /// The HTML, for readers that show it.
    pub html: Option<String>,
    /// The mail that this one follows, for threading.
    pub in_reply_to: Option<MessageId>,
    /// All earlier mails of the thread, oldest first.
    pub references: Vec<MessageId>,
    /// What it tells, for receivers that are programs; people's mail services ignore it.
    pub about: Option<About>,
}

/// What a mail tells, as data.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// The kind of event: the name of the mail's template, as `new_job`.
    pub event: String,
    /// The event itself.
    pub data: serde_json::Value,
}
