//! A mail service that can be down and at whose calls the program can end.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use syft_transport::{DraftId, Error, Mail, MailId, Mailer, MessageId, Promise, Result};
use tokio::sync::Notify;

/// How a service keeps its promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A mail of the same identity is delivered once, as in a hub.
    SameFile,
    /// A draft is sent once.
    Drafts,
    /// Every send delivers.
    SendOnly,
}

/// Where the program ends: at which call from now on, and before or after it had its effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    pub(super) call: usize,
    pub(super) is_done: bool,
}

/// The outside world, which outlives the program.
#[derive(Debug)]
pub(super) struct Post {
    kind: Kind,
    promise: Promise,
    pub(super) delivered: Mutex<Vec<Mail>>,
    /// The mails that were staged; a draft that was sent is gone.
    drafts: Mutex<Vec<Option<MessageId>>>,
    pub(super) is_down: AtomicBool,
    pub(super) crash: Mutex<Option<Crash>>,
    pub(super) has_crashed: Notify,
}

impl Post {
    pub(super) fn new(kind: Kind) -> Self {
        let promise = match kind {
            Kind::SameFile | Kind::Drafts => Promise::ExactlyOnce,
            Kind::SendOnly => Promise::AtMostOnce,
        };
        Self {
            kind,
            promise,
            delivered: Mutex::default(),
            drafts: Mutex::default(),
            is_down: AtomicBool::default(),
            crash: Mutex::default(),
            has_crashed: Notify::new(),
        }
    }

    /// Returns the mails that arrived, as event and text.
    pub(super) fn arrived(&self, to: &str) -> Vec<Mail> {
        let delivered = self.delivered.lock().unwrap();
        let to_them = delivered.iter().filter(|mail| mail.to.is(to));
        to_them.cloned().collect()
    }

    /// Does something unless the program ends before it, and may end the program after it.
    async fn call<T>(&self, act: impl FnOnce() -> T) -> Result<T> {
        let is_now = {
            let mut crash = self.crash.lock().unwrap();
            match crash.as_mut() {
                Some(Crash { call: 0, is_done }) => Some(*is_done),
                Some(crash) => {
                    crash.call -= 1;
                    None
                }
                None => None,
            }
        };
        if is_now == Some(false) {
            self.end().await;
        }
        if self.is_down.load(Ordering::Relaxed) {
            return Err(Error::Unavailable {
                what: "the post".to_owned(),
                reason: "it is closed".into(),
                source: None,
            });
        }
        let done = act();
        if is_now == Some(true) {
            self.end().await;
        }
        Ok(done)
    }

    async fn end(&self) {
        self.has_crashed.notify_one();
        std::future::pending::<()>().await;
    }

    fn deliver(&self, mail: &Mail) {
        let mut delivered = self.delivered.lock().unwrap();
        let is_there = delivered
            .iter()
            .any(|old| old.message_id == mail.message_id);
        if self.kind != Kind::SameFile || !is_there {
            delivered.push(mail.clone());
        }
    }

    fn draft(&self, mail: &Mail) -> DraftId {
        let mut drafts = self.drafts.lock().unwrap();
        drafts.push(Some(mail.message_id.clone()));
        DraftId::new((drafts.len() - 1).to_string())
    }
}

#[async_trait]
impl Mailer for Post {
    fn promise(&self) -> Promise {
        self.promise
    }

    async fn find_staged(&self, mail: &Mail) -> Result<Option<DraftId>> {
        let find = || {
            let drafts = self.drafts.lock().unwrap();
            let place = drafts
                .iter()
                .position(|draft| draft.as_ref() == Some(&mail.message_id));
            place.map(|place| DraftId::new(place.to_string()))
        };
        self.call(find).await
    }

    async fn stage(&self, mail: &Mail) -> Result<Option<DraftId>> {
        if self.kind != Kind::Drafts {
            return Ok(None);
        }
        self.call(|| Some(self.draft(mail))).await
    }

    async fn send(&self, mail: &Mail, draft: Option<&DraftId>) -> Result<MailId> {
        let send = || {
            let is_unsent = draft.is_none_or(|draft| {
                let place: usize = draft.as_str().parse().unwrap();
                self.drafts.lock().unwrap()[place].take().is_some()
            });
            if is_unsent {
                self.deliver(mail);
            }
            MailId::new(mail.message_id.to_string())
        };
        self.call(send).await
    }
}
