//! What goes on record before and after an attempt.

use syft_state::{
    Timestamp,
    ledger::{NoticeState, Op, SentRecord},
};
use syft_transport::{DraftId, Error};

use super::{Courier, Delivery, Parcel, put};
use crate::{error::chain, outbox::Fate};

impl Courier<'_> {
    /// Returns what must be on record before the mail is sent, if it is not there yet.
    pub(super) fn intent(&self, now: &NoticeState, draft: Option<&DraftId>) -> Option<NoticeState> {
        let intent = match draft {
            Some(draft) => NoticeState::Staged {
                draft: draft.to_string(),
            },
            None if self.mailer.promise().may_repeat() => return None,
            None => NoticeState::Ambiguous,
        };
        (*now != intent).then_some(intent)
    }

    pub(super) fn settle_failure(
        &self,
        mut parcel: Parcel,
        error: Error,
        now: Timestamp,
        delivery: &mut Delivery,
    ) -> Op {
        let Parcel { id, record, .. } = &mut parcel;
        let fate = self.policy.fate(record, &error, now, rand::random());
        record.last_error = Some(chain(&error));
        match fate {
            Fate::Bury => {
                tracing::error!(
                    "❌ Failed to send {id} to {}, given up: {}",
                    record.to,
                    chain(&error)
                );
                delivery.buried += 1;
                return Op::Bury {
                    id: id.clone(),
                    error: chain(&error),
                };
            }
            Fate::Retry(at) => {
                tracing::warn!(
                    "❌ Failed to send {id} to {}, next try at {at}: {}",
                    record.to,
                    chain(&error)
                );
                record.attempts += 1;
                record.retry_at = Some(at);
            }
            Fate::Pause(at) => {
                tracing::warn!("sending is paused until {at}: {}", chain(&error));
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

pub(super) fn settle_success(parcel: &Parcel, now: Timestamp, delivery: &mut Delivery) -> Op {
    let sent = SentRecord {
        at: now,
        to: parcel.record.to.clone(),
        subject: parcel.mail.subject.clone(),
        message_id: parcel.record.message_id.clone(),
    };
    let subject = &parcel.mail.subject;
    match &parcel.record.via {
        None => tracing::info!("✅ Sent {subject:?} to {}", parcel.record.to),
        Some(name) => tracing::info!("✅ Posted {subject:?} to {name}"),
    }
    delivery.sent.push(sent.clone());
    Op::Sent {
        id: parcel.id.clone(),
        record: sent,
    }
}
