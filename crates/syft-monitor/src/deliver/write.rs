//! Writes the mails that notices ask for.

use syft_state::{
    Timestamp,
    ledger::{self, NoticeRecord, NoticeState, Op, State},
};
use syft_transport::{About, DraftId, Mail, MessageId};

use super::{Courier, Delivery, Parcel};
use crate::{
    event::{Event, Template},
    heartbeat::Pulse,
    render::MailContext,
};

/// What becomes of a notice that is due.
enum Letter {
    Written(Box<Mail>),
    /// All that the digest covered went its own way.
    Needless,
    /// Its record makes no sense.
    Unwritable(String),
}

impl Courier<'_> {
    /// Writes the mails; one whose record makes no sense goes to the dead letters.
    pub(super) fn pack(
        &self,
        state: &State,
        batch: Vec<(String, NoticeRecord)>,
        ops: &mut Vec<Op>,
        delivery: &mut Delivery,
    ) -> Vec<Parcel> {
        let mut parcels = Vec::new();
        for (id, record) in batch {
            for (part, reason) in broken_parts(state, &record) {
                bury(part, reason, ops, delivery);
            }
            match self.letter(state, &record) {
                Letter::Written(mail) => {
                    let draft = match &record.state {
                        NoticeState::Staged { draft } => Some(DraftId::new(draft.clone())),
                        _ => None,
                    };
                    parcels.push(Parcel {
                        id,
                        record,
                        mail: *mail,
                        draft,
                    });
                }
                Letter::Needless => {
                    tracing::info!("mail {id} is left out: what it told was told by others");
                    ops.push(Op::RemoveNotice { id });
                }
                Letter::Unwritable(reason) => bury(id, reason, ops, delivery),
            }
        }
        parcels
    }

    fn letter(&self, state: &State, record: &NoticeRecord) -> Letter {
        let (context, data) = match self.context(state, record) {
            Ok(Some(written)) => written,
            Ok(None) => return Letter::Needless,
            Err(reason) => return Letter::Unwritable(reason),
        };
        let context = match self.drive_token {
            Some(path) => context.with_token_path(&path.to_string_lossy()),
            None => context,
        };
        let rendered = self.renderer.render(&context);
        for problem in &rendered.problems {
            tracing::warn!("{problem}");
        }
        let references = references(state, record);
        Letter::Written(Box::new(Mail {
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
                event: record.event.clone(),
                data,
            }),
        }))
    }

    /// Returns what a mail says, to people and to programs; nothing for a digest of nothing.
    fn context(
        &self,
        state: &State,
        record: &NoticeRecord,
    ) -> Result<Option<(MailContext, serde_json::Value)>, String> {
        let template = Template::from_name(&record.event)
            .ok_or_else(|| format!("there is no mail called {:?}", record.event))?;
        let payload = record.payload.clone();
        let context = match template {
            Template::Digest => return Ok(self.digest(state, record)),
            Template::Heartbeat => {
                let pulse: Pulse =
                    serde_json::from_value(record.payload.clone()).map_err(|error| {
                        format!("its record does not describe a heartbeat: {error}")
                    })?;
                MailContext::heartbeat(&pulse, self.me, record.created)
            }
            _ => MailContext::for_event(&event(record)?, self.me, template, record.created)
                .ok_or("its event and its mail do not fit each other")?,
        };
        Ok(Some((context, payload)))
    }

    fn digest(
        &self,
        state: &State,
        record: &NoticeRecord,
    ) -> Option<(MailContext, serde_json::Value)> {
        let parts: Vec<_> = parts(state, record)
            .filter_map(|(_, part)| Some((event(part).ok()?, part)))
            .collect();
        let events: Vec<(Event, Timestamp)> = parts
            .iter()
            .map(|(event, part)| (event.clone(), part.created))
            .collect();
        let data = parts.iter().map(|(_, part)| part.payload.clone()).collect();
        let context = MailContext::digest(&events, self.me, record.created);
        (!events.is_empty()).then_some((context, data))
    }
}

fn event(record: &NoticeRecord) -> Result<Event, String> {
    serde_json::from_value(record.payload.clone())
        .map_err(|error| format!("its record does not describe an event: {error}"))
}

/// Returns the notices that a digest covers and that are still there.
fn parts<'a>(
    state: &'a State,
    digest: &'a NoticeRecord,
) -> impl Iterator<Item = (&'a String, &'a NoticeRecord)> {
    let outbox = &state.own().outbox;
    let parts = digest
        .covers
        .iter()
        .filter_map(|id| outbox.get_key_value(id));
    parts.filter(|(_, part)| !part.is_digest())
}

/// Returns the covered notices that cannot be told, each with the reason.
fn broken_parts(state: &State, digest: &NoticeRecord) -> Vec<(String, String)> {
    let broken = |(id, part): (&String, &NoticeRecord)| Some((id.clone(), event(part).err()?));
    parts(state, digest).filter_map(broken).collect()
}

fn bury(id: String, reason: String, ops: &mut Vec<Op>, delivery: &mut Delivery) {
    tracing::error!("mail {id} cannot be written: {reason}");
    delivery.buried += 1;
    ops.push(Op::Bury { id, error: reason });
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
