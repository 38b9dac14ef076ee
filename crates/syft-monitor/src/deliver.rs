//! Sends what waits in the outbox: intent on record before, outcome on record after.

mod settle;
mod write;

use std::{collections::BTreeSet, path::Path};

use futures_util::{StreamExt, stream};
use syft_state::{
    Email, Timestamp,
    ledger::{self, NoticeRecord, NoticeState, Op, SentRecord, Session},
};
use syft_transport::{DraftId, Error, Mail, Mailer};

use crate::{
    halt::Halt,
    hold::Holds,
    monitor::SentListener,
    outbox::{Choice, RetryPolicy, next_batch},
    render::Renderer,
};

/// How many mails are under way at once.
pub(crate) const BATCH: usize = 16;

/// Everything that sending to one kind of receiver needs besides the ledger.
#[derive(Debug)]
pub(crate) struct Courier<'a> {
    /// The name of the receiver; `None` is mail.
    pub(crate) via: Option<&'a str>,
    pub(crate) mailer: &'a dyn Mailer,
    pub(crate) renderer: &'a Renderer,
    pub(crate) me: &'a Email,
    pub(crate) policy: &'a RetryPolicy,
    pub(crate) holds: &'a Holds,
    pub(crate) halt: &'a Halt,
    /// How many may be under way at once until one has arrived.
    pub(crate) first_batch: usize,
    /// Hears of each mail as soon as it is on record.
    pub(crate) on_sent: Option<&'a SentListener>,
    /// For the Python lines in mails to the data owner.
    pub(crate) drive_token: Option<&'a Path>,
}

/// What came of the notices that were due.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    /// Sent, in order.
    pub sent: Vec<SentRecord>,
    /// How many failed and will be tried again.
    pub failed: usize,
    /// How many went to the list of dead letters.
    pub buried: usize,
    /// The first trouble that is not one mail's own, as a revoked token.
    pub trouble: Option<Error>,
}

/// A mail on its way.
#[derive(Debug)]
struct Parcel {
    id: String,
    record: NoticeRecord,
    mail: Mail,
    draft: Option<DraftId>,
}

impl Courier<'_> {
    /// Sends everything that is due; `fresh` are the notices claimed in this round.
    pub(crate) async fn deliver(
        &self,
        session: &mut Session<'_>,
        fresh: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<Delivery, ledger::Error> {
        let mut delivery = Delivery::default();
        self.bury_interrupted(session, &mut delivery)?;
        let mut tried = BTreeSet::new();
        while delivery.trouble.is_none() {
            let choice = Choice {
                policy: self.policy,
                held: &self.holds.at(session.state(), now),
                via: self.via,
                now,
                size: self.batch_size(&delivery),
            };
            let batch = next_batch(session.state(), &choice, &tried);
            if batch.is_empty() {
                break;
            }
            tried.extend(batch.iter().map(|(id, _)| id.clone()));
            let sent = delivery.sent.len();
            let failed = delivery.failed;
            self.deliver_batch(session, batch, fresh, now, &mut delivery)
                .await?;
            // When nothing of a batch went through, the way is closed for the rest, too.
            let is_blocked = delivery.sent.len() == sent && delivery.failed > failed;
            if is_blocked || self.halt.is_set() {
                break;
            }
        }
        Ok(delivery)
    }

    /// Where a crash leaves the mails under way uncertain, there is only one.
    fn batch_size(&self, delivery: &Delivery) -> usize {
        if !self.mailer.promise().may_repeat() {
            1
        } else if delivery.sent.is_empty() {
            self.first_batch
        } else {
            BATCH
        }
    }

    /// A send without a draft was under way when the program ended: nobody knows its outcome.
    fn bury_interrupted(
        &self,
        session: &mut Session<'_>,
        delivery: &mut Delivery,
    ) -> Result<(), ledger::Error> {
        let outbox = &session.state().own().outbox;
        let interrupted = outbox
            .iter()
            .filter(|(_, record)| record.via.as_deref() == self.via)
            .filter(|(_, record)| record.state == NoticeState::Ambiguous);
        let ops: Vec<Op> = interrupted
            .map(|(id, record)| {
                tracing::error!(
                    "mail {id} to {} may or may not have been sent: look into the sent mails",
                    record.to
                );
                Op::Bury {
                    id: id.clone(),
                    error: "the program ended while the mail was being sent; it may have arrived"
                        .to_owned(),
                }
            })
            .collect();
        delivery.buried += ops.len();
        session.commit(&ops)
    }

    async fn deliver_batch(
        &self,
        session: &mut Session<'_>,
        batch: Vec<(String, NoticeRecord)>,
        fresh: &BTreeSet<String>,
        now: Timestamp,
        delivery: &mut Delivery,
    ) -> Result<(), ledger::Error> {
        let mut ops = Vec::new();
        let parcels = self.pack(session.state(), batch, &mut ops, delivery);
        let staged = stream::iter(parcels)
            .map(|parcel| self.stage(parcel, fresh))
            .buffered(BATCH)
            .collect::<Vec<_>>()
            .await;
        let mut ready = Vec::new();
        for (mut parcel, outcome) in staged {
            match outcome {
                Ok(draft) => {
                    if let Some(state) = self.intent(&parcel.record.state, draft.as_ref()) {
                        parcel.record.state = state;
                        ops.push(put(&parcel));
                    }
                    parcel.draft = draft;
                    ready.push(parcel);
                }
                Err(error) => ops.push(self.settle_failure(parcel, error, now, delivery)),
            }
        }
        session.commit(&ops)?;
        let sent = stream::iter(ready)
            .map(|parcel| async move {
                let outcome = self.mailer.send(&parcel.mail, parcel.draft.as_ref()).await;
                (parcel, outcome)
            })
            .buffered(BATCH)
            .collect::<Vec<_>>()
            .await;
        let sent_before = delivery.sent.len();
        let settle = |(parcel, outcome)| match outcome {
            Ok(_) => settle::settle_success(&parcel, now, delivery),
            Err(error) => self.settle_failure(parcel, error, now, delivery),
        };
        let ops: Vec<Op> = sent.into_iter().map(settle).collect();
        session.commit(&ops)?;
        if let Some(listener) = self.on_sent {
            delivery.sent[sent_before..]
                .iter()
                .for_each(|mail| listener.hear(mail));
        }
        Ok(())
    }

    async fn stage(
        &self,
        parcel: Parcel,
        fresh: &BTreeSet<String>,
    ) -> (Parcel, Result<Option<DraftId>, Error>) {
        let outcome = match &parcel.draft {
            Some(draft) => Ok(Some(draft.clone())),
            None if fresh.contains(&parcel.id) => self.mailer.stage(&parcel.mail).await,
            None => match self.mailer.find_staged(&parcel.mail).await {
                Ok(None) => self.mailer.stage(&parcel.mail).await,
                found => found,
            },
        };
        (parcel, outcome)
    }
}

fn put(parcel: &Parcel) -> Op {
    Op::PutNotice {
        id: parcel.id.clone(),
        record: parcel.record.clone(),
    }
}
