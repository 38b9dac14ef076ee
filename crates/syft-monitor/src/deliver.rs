//! Sends what waits in the outbox: intent on record before, outcome on record after.

use std::{collections::BTreeSet, path::Path};

use futures_util::{StreamExt, stream};
use syft_state::{
    Email, Timestamp,
    ledger::{self, NoticeRecord, NoticeState, Op, SentRecord, Session, State},
};
use syft_transport::{About, DraftId, Error, Mail, Mailer, MessageId};

use crate::{
    event::{Event, Template},
    halt::Halt,
    monitor::SentListener,
    outbox::{Fate, RetryPolicy, next_batch},
    render::{MailContext, Renderer},
};

/// How many mails are under way at once.
const BATCH: usize = 16;

/// Everything that sending needs besides the ledger.
#[derive(Debug)]
pub(crate) struct Courier<'a> {
    pub(crate) mailer: &'a dyn Mailer,
    pub(crate) renderer: &'a Renderer,
    pub(crate) me: &'a Email,
    pub(crate) policy: &'a RetryPolicy,
    pub(crate) halt: &'a Halt,
    /// Hears of each mail as soon as it is on record.
    pub(crate) on_sent: Option<&'a SentListener>,
    /// For the Python lines in mails to the data owner.
    pub(crate) drive_token: Option<&'a Path>,
}

/// What came of the mails that were due.
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
            let batch = next_batch(session.state(), self.policy, now, self.batch_size(), &tried);
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
    fn batch_size(&self) -> usize {
        if self.mailer.promise().may_repeat() {
            BATCH
        } else {
            1
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
        let parcels = self.pack(session.state(), batch, now, &mut ops, delivery);
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
            Ok(_) => settle_success(&parcel, now, delivery),
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

    /// Renders the mails; one whose record makes no sense goes to the dead letters.
    fn pack(
        &self,
        state: &State,
        batch: Vec<(String, NoticeRecord)>,
        now: Timestamp,
        ops: &mut Vec<Op>,
        delivery: &mut Delivery,
    ) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        for (id, record) in batch {
            match self.render(state, &record) {
                Ok(mail) => {
                    let draft = match &record.state {
                        NoticeState::Staged { draft } => Some(DraftId::new(draft.clone())),
                        _ => None,
                    };
                    parcels.push(Parcel {
                        id,
                        record,
                        mail,
                        draft,
                    });
                }
                Err(reason) => {
                    tracing::error!(%now, "mail {id} cannot be written: {reason}");
                    delivery.buried += 1;
                    ops.push(Op::Bury { id, error: reason });
                }
            }
        }
        parcels
    }

    fn render(&self, state: &State, record: &NoticeRecord) -> Result<Mail, String> {
        let template = Template::from_name(&record.event)
            .ok_or_else(|| format!("there is no mail called {:?}", record.event))?;
        let event: Event = serde_json::from_value(record.payload.clone())
            .map_err(|error| format!("its record does not describe an event: {error}"))?;
        let context = MailContext::for_event(&event, self.me, template, record.created)
            .ok_or("its event and its mail do not fit each other")?;
        let context = match self.drive_token {
            Some(path) => context.with_token_path(&path.to_string_lossy()),
            None => context,
        };
        let rendered = self.renderer.render(&context);
        for problem in &rendered.problems {
            tracing::warn!("{problem}");
        }
        let references = references(state, record);
        Ok(Mail {
            message_id: MessageId::from_record(&record.message_id),
            from: self.me.clone(),
            from_name: "SyftBox".to_owned(),
            to: record.to.clone(),
            subject: rendered.subject,
            date: record.created,
            text: rendered.text,
            html: Some(rendered.html),
            in_reply_to: references.last().cloned(),
            references,
            about: Some(About {
                event: template.name().to_owned(),
                data: record.payload.clone(),
            }),
        })
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

    /// Returns what must be on record before the mail is sent, if it is not there yet.
    fn intent(&self, now: &NoticeState, draft: Option<&DraftId>) -> Option<NoticeState> {
        let intent = match draft {
            Some(draft) => NoticeState::Staged {
                draft: draft.to_string(),
            },
            None if self.mailer.promise().may_repeat() => return None,
            None => NoticeState::Ambiguous,
        };
        (*now != intent).then_some(intent)
    }

    fn settle_failure(
        &self,
        mut parcel: Parcel,
        error: Error,
        now: Timestamp,
        delivery: &mut Delivery,
    ) -> Op {
        let Parcel { id, record, .. } = &mut parcel;
        let fate = self.policy.fate(record, &error, now, rand::random());
        record.last_error = Some(describe(&error));
        match fate {
            Fate::Bury => {
                tracing::error!(
                    "❌ Failed to send {id} to {}, given up: {}",
                    record.to,
                    describe(&error)
                );
                delivery.buried += 1;
                return Op::Bury {
                    id: id.clone(),
                    error: describe(&error),
                };
            }
            Fate::Retry(at) => {
                tracing::warn!(
                    "❌ Failed to send {id} to {}, next try at {at}: {}",
                    record.to,
                    describe(&error)
                );
                record.attempts += 1;
                record.retry_at = Some(at);
            }
            Fate::Pause(at) => {
                tracing::warn!("sending is paused until {at}: {}", describe(&error));
                record.retry_at = Some(at);
                delivery.trouble.get_or_insert(error);
            }
        }
        delivery.failed += 1;
        if !matches!(record.state, NoticeState::Staged { .. }) {
            record.state = NoticeState::Waiting;
        }
        put(&parcel)
    }
}

fn settle_success(parcel: &Parcel, now: Timestamp, delivery: &mut Delivery) -> Op {
    let sent = SentRecord {
        at: now,
        to: parcel.record.to.clone(),
        subject: parcel.mail.subject.clone(),
        message_id: parcel.record.message_id.clone(),
    };
    tracing::info!("✅ Sent {:?} to {}", parcel.mail.subject, parcel.record.to);
    delivery.sent.push(sent.clone());
    Op::Sent {
        id: parcel.id.clone(),
        record: sent,
    }
}

fn put(parcel: &Parcel) -> Op {
    Op::PutNotice {
        id: parcel.id.clone(),
        record: parcel.record.clone(),
    }
}

/// Returns the mails about the same job that the same person already has, oldest first.
fn references(state: &State, record: &NoticeRecord) -> Vec<MessageId> {
    let Some(job) = record.job.as_ref().filter(|job| job.event != "new") else {
        return Vec::new();
    };
    let key = ledger::job_key(&job.ds, &job.job);
    let Some(known) = state.own().jobs.get(&key) else {
        return Vec::new();
    };
    let to_same_person = known.events().filter(|(event, _)| *event != "new");
    let mails = to_same_person.filter_map(|(_, event)| event.message_id.as_deref());
    mails.map(MessageId::from_record).collect()
}

/// Returns the whole chain of causes in one line.
fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
