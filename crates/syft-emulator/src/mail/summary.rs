//! The fields of a message that lists, searches and threads need, decoded once.

use chrono::{DateTime, Utc};
use mail_parser::{Message, parsers::fields::thread::thread_name};
use serde::{Deserialize, Serialize};

use super::mime;

/// What is known of a message without reading its body again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Without angle brackets.
    pub(crate) message_id: String,
    pub(crate) in_reply_to: Option<String>,
    /// `References` and `In-Reply-To`, oldest first.
    pub(crate) references: Vec<String>,
    pub(crate) subject: String,
    /// The `From` field as shown, name included.
    pub(crate) from: String,
    pub(crate) from_address: String,
    /// The name beside it, decoded; empty when there is none.
    pub(crate) from_name: String,
    /// Addresses of `To`.
    pub(crate) to: Vec<String>,
    /// Addresses of `Cc` and `Bcc`.
    pub(crate) copies: Vec<String>,
    /// The `Date` field, or when the server took the message.
    pub(crate) date: DateTime<Utc>,
    pub(crate) snippet: String,
}

impl Summary {
    pub(crate) fn of(message: &Message<'_>, received: DateTime<Utc>) -> Self {
        let in_reply_to = mime::ids(message, "In-Reply-To");
        let mut references = mime::ids(message, "References");
        for id in &in_reply_to {
            if !references.contains(id) {
                references.push(id.clone());
            }
        }
        let mut copies = mime::addresses(message, "Cc");
        copies.extend(mime::addresses(message, "Bcc"));
        Self {
            message_id: mime::ids(message, "Message-ID").pop().unwrap_or_default(),
            in_reply_to: in_reply_to.into_iter().next(),
            references,
            subject: mime::header(message, "Subject").unwrap_or_default(),
            from: mime::header(message, "From").unwrap_or_default(),
            from_address: mime::addresses(message, "From").pop().unwrap_or_default(),
            from_name: from_name(message).unwrap_or_default(),
            to: mime::addresses(message, "To"),
            copies,
            date: date(message).unwrap_or(received),
            snippet: mime::snippet(message),
        }
    }

    /// Returns how a list calls the sender: by name, or else by address.
    pub(crate) fn sender(&self) -> &str {
        match self.from_name.trim() {
            "" => &self.from_address,
            name => name,
        }
    }

    /// Decides whether an address is among the recipients.
    pub(crate) fn is_addressed_to(&self, address: &str) -> bool {
        let address = address.trim().to_lowercase();
        let mut all = self.to.iter().chain(&self.copies);
        all.any(|to| to.to_lowercase() == address)
    }

    /// Decides whether `later` belongs to this message's conversation.
    pub(crate) fn is_answered_by(&self, later: &Self) -> bool {
        let subject = |summary: &Self| thread_name(&summary.subject).to_lowercase();
        later.references.contains(&self.message_id) && subject(self) == subject(later)
    }
}

fn from_name(message: &Message<'_>) -> Option<String> {
    Some(message.from()?.first()?.name()?.to_owned())
}

fn date(message: &Message<'_>) -> Option<DateTime<Utc>> {
    let date = message.date().filter(|date| date.is_valid())?;
    DateTime::from_timestamp(date.to_timestamp(), 0)
}
