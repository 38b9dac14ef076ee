//! The mailboxes of all accounts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Label, error::MailError, letter::Letter, mime, summary::Summary};

/// Every account's messages and drafts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    mailboxes: BTreeMap<String, Mailbox>,
    last_id: u64,
    history: u64,
}

/// One account's messages, by id and so by time, and its drafts.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mailbox {
    messages: BTreeMap<String, Message>,
    /// Draft id to message id.
    drafts: BTreeMap<String, String>,
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// Sixteen hexadecimal digits, growing with time.
    pub(crate) id: String,
    pub(crate) thread: String,
    pub(crate) labels: BTreeSet<Label>,
    /// When the server took it.
    pub(crate) at: DateTime<Utc>,
    pub(crate) history: u64,
    pub(crate) summary: Summary,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub(crate) raw: Arc<[u8]>,
}

/// A message to be filed, before it has an id.
struct Filing {
    labels: BTreeSet<Label>,
    raw: Arc<[u8]>,
    thread: Option<String>,
}

impl Store {
    /// Sends a letter: one message for the sender, one for each recipient.
    ///
    /// Nothing changes when the letter is refused.
    pub(crate) fn send(
        &mut self,
        account: &str,
        mut letter: Letter,
        thread: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Message, MailError> {
        let recipients = letter.recipients()?;
        self.check_thread(account, thread)?;
        let id = self.next_id(now);
        letter.complete(account, now, &id);
        let own = recipients.iter().any(|to| key(to) == key(account));
        let mut labels = BTreeSet::from([Label::Sent]);
        if own {
            // Gmail keeps one message, not two, of a mail to oneself.
            labels.extend([Label::Inbox, Label::Unread]);
        }
        let filing = Filing {
            labels,
            raw: letter.to_bytes().into(),
            thread: thread.map(str::to_owned),
        };
        let sent = self.file(account, id, filing, now);
        let raw: Arc<[u8]> = letter.without_bcc().to_bytes().into();
        for to in recipients.iter().filter(|to| key(to) != key(account)) {
            let id = self.next_id(now);
            let filing = Filing {
                labels: BTreeSet::from([Label::Inbox, Label::Unread]),
                raw: Arc::clone(&raw),
                thread: None,
            };
            self.file(to, id, filing, now);
        }
        Ok(sent)
    }

    /// Keeps a letter as a draft and returns the draft's id; recipients may come later.
    pub(crate) fn create_draft(
        &mut self,
        account: &str,
        letter: Letter,
        thread: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<String, MailError> {
        self.check_thread(account, thread)?;
        let message = self.file_draft(account, letter, thread, now);
        let draft = format!("r{}", self.last_id);
        self.mailbox(account)
            .drafts
            .insert(draft.clone(), message.id);
        Ok(draft)
    }

    /// Replaces the content of a draft; the draft keeps its id, its message gets a new one.
    pub(crate) fn update_draft(
        &mut self,
        account: &str,
        draft: &str,
        letter: Letter,
        thread: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), MailError> {
        let old = self.draft(account, draft)?.clone();
        self.check_thread(account, thread)?;
        let thread = thread.unwrap_or(&old.thread);
        let message = self.file_draft(account, letter, Some(thread), now);
        let mailbox = self.mailbox(account);
        mailbox.messages.remove(&old.id);
        mailbox.drafts.insert(draft.to_owned(), message.id);
        Ok(())
    }

    /// Sends a draft, which is then gone: a second call is refused with [`MailError::NotFound`].
    ///
    /// The sent message is the draft's, bytes and thread, under a new id.
    pub(crate) fn send_draft(
        &mut self,
        account: &str,
        draft: &str,
        now: DateTime<Utc>,
    ) -> Result<Message, MailError> {
        let kept = self.draft(account, draft)?.clone();
        let letter = Letter::parse(&kept.raw)?;
        let sent = self.send(account, letter, Some(&kept.thread), now)?;
        self.delete_draft(account, draft)?;
        Ok(sent)
    }

    /// Deletes a draft for good.
    pub(crate) fn delete_draft(&mut self, account: &str, draft: &str) -> Result<(), MailError> {
        let mailbox = self.find_mut(account)?;
        let message = mailbox.drafts.remove(draft).ok_or(MailError::NotFound)?;
        mailbox.messages.remove(&message);
        Ok(())
    }

    /// Returns the message of a draft.
    pub(crate) fn draft(&self, account: &str, draft: &str) -> Result<&Message, MailError> {
        self.find(account)
            .and_then(|mailbox| mailbox.messages.get(mailbox.drafts.get(draft)?))
            .ok_or(MailError::NotFound)
    }

    /// Returns the drafts as `(draft id, message)`, newest first.
    pub(crate) fn drafts(&self, account: &str) -> Vec<(&str, &Message)> {
        let Some(mailbox) = self.find(account) else {
            return Vec::new();
        };
        let pairs = mailbox
            .drafts
            .iter()
            .filter_map(|(draft, message)| Some((draft.as_str(), mailbox.messages.get(message)?)));
        let mut drafts: Vec<_> = pairs.collect();
        drafts.sort_by(|left, right| right.1.id.cmp(&left.1.id));
        drafts
    }

    /// Returns one message.
    pub(crate) fn message(&self, account: &str, id: &str) -> Result<&Message, MailError> {
        self.find(account)
            .and_then(|mailbox| mailbox.messages.get(id))
            .ok_or(MailError::NotFound)
    }

    /// Returns an account's messages, newest first.
    pub(crate) fn messages(&self, account: &str) -> impl Iterator<Item = &Message> {
        let mailbox = self.find(account);
        mailbox
            .into_iter()
            .flat_map(|mailbox| mailbox.messages.values().rev())
    }

    /// Returns the messages of a thread, oldest first.
    pub(crate) fn thread(&self, account: &str, thread: &str) -> Result<Vec<&Message>, MailError> {
        let mut found: Vec<_> = self
            .messages(account)
            .filter(|message| message.thread == thread)
            .collect();
        found.reverse();
        if found.is_empty() {
            return Err(MailError::NotFound);
        }
        Ok(found)
    }

    /// Adds and removes labels of one message.
    pub(crate) fn relabel(
        &mut self,
        account: &str,
        id: &str,
        add: &[Label],
        remove: &[Label],
    ) -> Result<Message, MailError> {
        self.history += 1;
        let history = self.history;
        let messages = &mut self.find_mut(account)?.messages;
        let message = messages.get_mut(id).ok_or(MailError::NotFound)?;
        message.labels.retain(|label| !remove.contains(label));
        message.labels.extend(add);
        message.history = history;
        Ok(message.clone())
    }

    /// Deletes a message for good, and the draft whose message it was.
    pub(crate) fn delete(&mut self, account: &str, id: &str) -> Result<(), MailError> {
        self.history += 1;
        let mailbox = self.find_mut(account)?;
        mailbox.messages.remove(id).ok_or(MailError::NotFound)?;
        mailbox.drafts.retain(|_, message| message != id);
        Ok(())
    }

    /// Returns the number of the last change.
    pub(crate) fn history(&self) -> u64 {
        self.history
    }

    /// Returns the accounts that have a mailbox.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &str> {
        self.mailboxes.keys().map(String::as_str)
    }

    fn file_draft(
        &mut self,
        account: &str,
        mut letter: Letter,
        thread: Option<&str>,
        now: DateTime<Utc>,
    ) -> Message {
        let id = self.next_id(now);
        letter.complete(account, now, &id);
        let filing = Filing {
            labels: BTreeSet::from([Label::Draft]),
            raw: letter.to_bytes().into(),
            thread: thread.map(str::to_owned),
        };
        self.file(account, id, filing, now)
    }

    fn file(&mut self, account: &str, id: String, filing: Filing, now: DateTime<Utc>) -> Message {
        self.history += 1;
        let summary = Summary::of(&mime::parse(&filing.raw), now);
        let thread = filing
            .thread
            .or_else(|| self.thread_of(account, &summary))
            .unwrap_or_else(|| id.clone());
        let message = Message {
            id: id.clone(),
            thread,
            labels: filing.labels,
            at: now,
            history: self.history,
            summary,
            raw: filing.raw,
        };
        let messages = &mut self.mailbox(account).messages;
        messages.insert(id, message.clone());
        message
    }

    /// Finds the conversation that a mail answers: a known message id and the same subject.
    fn thread_of(&self, account: &str, summary: &Summary) -> Option<String> {
        if summary.references.is_empty() {
            return None;
        }
        self.messages(account)
            .find(|known| known.summary.is_answered_by(summary))
            .map(|known| known.thread.clone())
    }

    fn check_thread(&self, account: &str, thread: Option<&str>) -> Result<(), MailError> {
        match thread {
            Some(thread) if !self.has_thread(account, thread) => Err(MailError::NotFound),
            _ => Ok(()),
        }
    }

    fn has_thread(&self, account: &str, thread: &str) -> bool {
        self.messages(account)
            .any(|message| message.thread == thread)
    }

    /// Ids grow with time, stay unique when the clock does not move, and look like Gmail's.
    fn next_id(&mut self, now: DateTime<Utc>) -> String {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        self.last_id = (self.last_id + 1).max(millis << 20);
        format!("{:016x}", self.last_id)
    }

    fn find(&self, account: &str) -> Option<&Mailbox> {
        self.mailboxes.get(&key(account))
    }

    fn find_mut(&mut self, account: &str) -> Result<&mut Mailbox, MailError> {
        let mailbox = self.mailboxes.get_mut(&key(account));
        mailbox.ok_or(MailError::NotFound)
    }

    fn mailbox(&mut self, account: &str) -> &mut Mailbox {
        self.mailboxes.entry(key(account)).or_default()
    }
}

fn key(account: &str) -> String {
    crate::oauth::account_key(account)
}

fn to_base64<S: Serializer>(raw: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(raw))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = STANDARD.decode(text).map_err(de::Error::custom)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests;
