//! Gmail: mailboxes, the API over them, and pages that show the mail in a browser.

mod api;
mod error;
mod label;
mod letter;
mod mime;
mod pages;
mod search;
mod store;
mod summary;
#[cfg(test)]
mod testing;

pub use label::Label;
pub(crate) use store::Store;

use axum::Router;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::state::App;

/// A mail in a mailbox of the emulator, as a test wants to look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Mail {
    /// Id of the message in its account; a draft's message has one too.
    pub id: String,
    /// Id of the conversation in its account.
    pub thread_id: String,
    /// The account whose mailbox holds the mail, in lower case.
    pub account: String,
    /// Address of the sender, without the name.
    pub from: String,
    /// Addresses of the `To` field, without names.
    pub to: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// The `Message-ID`, without angle brackets.
    pub message_id: String,
    /// The mail that this one answers, without angle brackets.
    pub in_reply_to: Option<String>,
    /// The conversation's earlier mails, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// The `Date` field.
    pub date: DateTime<Utc>,
    /// The `text/plain` body, decoded.
    pub text: Option<String>,
    /// The `text/html` body, decoded.
    pub html: Option<String>,
    /// Every byte of the mail, with CRLF line ends; JSON leaves them out.
    #[serde(skip)]
    pub raw: Vec<u8>,
    /// Where the mail lies, and whether it was read.
    pub labels: Vec<Label>,
}

impl Mail {
    fn of(account: &str, message: &store::Message) -> Self {
        let parsed = mime::parse(&message.raw);
        let summary = message.summary.clone();
        Self {
            id: message.id.clone(),
            thread_id: message.thread.clone(),
            account: crate::oauth::account_key(account),
            from: summary.from_address,
            to: summary.to,
            subject: summary.subject,
            message_id: summary.message_id,
            in_reply_to: summary.in_reply_to,
            references: summary.references,
            date: summary.date,
            text: mime::text(&parsed),
            html: mime::html(&parsed),
            raw: message.raw.to_vec(),
            labels: message.labels.iter().copied().collect(),
        }
    }
}

impl Store {
    /// Returns what was delivered to an account, oldest first.
    pub(crate) fn inbox(&self, account: &str) -> Vec<Mail> {
        self.labelled(account, Label::Inbox)
    }

    /// Returns what an account sent, oldest first.
    pub(crate) fn sent(&self, account: &str) -> Vec<Mail> {
        self.labelled(account, Label::Sent)
    }

    /// Returns an account's drafts, oldest first.
    pub(crate) fn draft_mails(&self, account: &str) -> Vec<Mail> {
        self.labelled(account, Label::Draft)
    }

    /// Returns the mails that the control API lists, oldest first in each mailbox.
    ///
    /// `to` asks for what was delivered to an address, `account` for all that a mailbox holds;
    /// without either, every delivered mail.
    pub(crate) fn mails(&self, to: Option<&str>, account: Option<&str>) -> Vec<Mail> {
        if let Some(account) = account {
            let all = self.all(account, |message| {
                to.is_none_or(|to| message.summary.is_addressed_to(to))
            });
            return all;
        }
        match to {
            Some(to) => self.inbox(to),
            None => self
                .accounts()
                .flat_map(|account| self.inbox(account))
                .collect(),
        }
    }

    fn labelled(&self, account: &str, label: Label) -> Vec<Mail> {
        self.all(account, |message| message.labels.contains(&label))
    }

    fn all(&self, account: &str, wanted: impl Fn(&store::Message) -> bool) -> Vec<Mail> {
        let messages = self.messages(account).filter(|message| wanted(message));
        let mut mails: Vec<_> = messages.map(|message| Mail::of(account, message)).collect();
        mails.reverse();
        mails
    }
}

/// Routes of Gmail v1, and of the mailbox pages below `/mailbox`.
pub(crate) fn routes() -> Router<App> {
    api::routes().merge(pages::routes())
}
