//! Gmail's system labels, the only ones that the emulator keeps.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::MailError;

/// A system label; its name in the API is its id as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Label {
    /// Not yet read.
    Unread,
    /// Delivered to this account.
    Inbox,
    /// Sent by this account.
    Sent,
    /// Not yet sent.
    Draft,
    /// Thrown away; lists leave it out.
    Trash,
    /// Taken for spam; lists leave it out.
    Spam,
    /// Marked with a star.
    Starred,
    /// Marked as important.
    Important,
}

impl Label {
    /// Every label, in the order in which Gmail lists them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Inbox,
        Self::Sent,
        Self::Draft,
        Self::Trash,
        Self::Unread,
        Self::Starred,
        Self::Important,
        Self::Spam,
    ];

    /// Returns the name in the API, such as `INBOX`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unread => "UNREAD",
            Self::Inbox => "INBOX",
            Self::Sent => "SENT",
            Self::Draft => "DRAFT",
            Self::Trash => "TRASH",
            Self::Spam => "SPAM",
            Self::Starred => "STARRED",
            Self::Important => "IMPORTANT",
        }
    }

    /// Returns the label with this name in the API.
    pub(crate) fn from_name(name: &str) -> Result<Self, MailError> {
        let mut all = Self::ALL.into_iter();
        all.find(|label| label.name() == name)
            .ok_or_else(|| MailError::InvalidLabel(name.to_owned()))
    }

    /// Returns the label as `users.labels.list` gives it.
    pub(crate) fn resource(self) -> Value {
        json!({ "id": self.name(), "name": self.name(), "type": "system" })
    }
}
