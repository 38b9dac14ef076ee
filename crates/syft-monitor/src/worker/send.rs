//! Sends what is due: the mails first, then what goes to every other receiver.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use syft_state::{
    Timestamp,
    ledger::{self, NoticeRecord, NoticeState, Op, Session, State},
};
use syft_transport::Mailer;

use super::{Setup, Worker, claimed};
use crate::{
    deliver::{BATCH, Courier, Delivery},
    digest,
    halt::Halt,
    notice::Route,
    outbox::RetryPolicy,
    round::{Round, Trouble},
};

/// The longest time for which a receiver that did not answer is left alone.
const LONGEST_REST: Duration = Duration::from_secs(10 * 60);

/// A receiver of events besides the mails.
#[derive(Clone, Debug)]
pub(crate) struct Sink {
    pub(crate) route: Route,
    pub(crate) mailer: Arc<dyn Mailer>,
}

/// A receiver that did not answer, so that waiting for it does not hold up every look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    failures: u32,
    until: Timestamp,
}

impl Worker {
    /// Sends what is due; `fresh` are the notices claimed in this round.
    pub(super) async fn send(
        &mut self,
        session: &mut Session<'_>,
        mut fresh: BTreeSet<String>,
        now: Timestamp,
        round: &mut Round,
    ) -> Result<(), ledger::Error> {
        let digests = digest::gather(session.state(), &self.setup.holds, now);
        session.commit(&digests)?;
        fresh.extend(claimed(digests));
        let mails = self.setup.courier(&self.halt);
        let delivery = mails.deliver(session, &fresh, now).await?;
        round.trouble.extend(delivery.trouble.map(Trouble::Mail));
        round.sent = delivery.sent;
        round.failed = delivery.failed;
        round.buried = delivery.buried;
        for sink in &self.setup.sinks {
            let name = &sink.route.name;
            let resting = self.memory.resting.get(name);
            if self.halt.is_set() || is_resting(resting, session.state(), name, now) {
                continue;
            }
            let courier = Courier {
                via: Some(name),
                mailer: &*sink.mailer,
                // One try tells whether it answers again.
                first_batch: if resting.is_some() { 1 } else { BATCH },
                on_sent: None,
                ..self.setup.courier(&self.halt)
            };
            let delivery = courier.deliver(session, &fresh, now).await?;
            let failures = resting.map_or(0, |rest| rest.failures);
            let rest = rest_after(&delivery, failures, &self.setup.policy, now);
            set(&mut self.memory.resting, name, rest);
            let trouble = delivery.trouble;
            round
                .trouble
                .extend(trouble.map(|error| Trouble::Sink(name.clone(), error)));
            round.posted += delivery.sent.len();
            round.failed += delivery.failed;
            round.buried += delivery.buried;
        }
        round.buried += self.settle_strays(session, now)?;
        Ok(())
    }

    /// Returns until when the receiver of a notice is left alone.
    pub(super) fn rests_until(&self, record: &NoticeRecord, now: Timestamp) -> Option<Timestamp> {
        let rest = self.memory.resting.get(record.via.as_ref()?)?;
        (rest.until > now).then_some(rest.until)
    }

    /// Notices for a receiver that is no longer configured wait visibly for it to come back.
    fn settle_strays(
        &self,
        session: &mut Session<'_>,
        now: Timestamp,
    ) -> Result<usize, ledger::Error> {
        let known: BTreeSet<&str> = self
            .setup
            .sinks
            .iter()
            .map(|sink| &*sink.route.name)
            .collect();
        let outbox = &session.state().own().outbox;
        let strays = outbox.iter().filter_map(|(id, record)| {
            let name = record.via.as_deref()?;
            (!known.contains(name)).then(|| stray(id, record, name, &self.setup.policy, now))
        });
        let ops: Vec<Op> = strays.flatten().collect();
        session.commit(&ops)?;
        Ok(ops
            .iter()
            .filter(|op| matches!(op, Op::Bury { .. }))
            .count())
    }
}

impl Setup {
    pub(super) fn courier<'a>(&'a self, halt: &'a Halt) -> Courier<'a> {
        Courier {
            via: None,
            mailer: &*self.mailer,
            renderer: &self.renderer,
            me: &self.me,
            policy: &self.policy,
            holds: &self.holds,
            halt,
            first_batch: BATCH,
            on_sent: self.on_sent.as_ref(),
            drive_token: self.drive_token.as_deref(),
        }
    }
}

/// Returns what goes on record about a notice whose receiver is not there.
fn stray(
    id: &str,
    record: &NoticeRecord,
    name: &str,
    policy: &RetryPolicy,
    now: Timestamp,
) -> Option<Op> {
    let error = format!("there is no receiver called {name} in the config");
    let is_over = now.since(record.created) >= policy.give_up_after;
    if is_over || record.state == NoticeState::Ambiguous {
        tracing::error!("❌ Failed to send {id}, given up: {error}");
        let id = id.to_owned();
        return Some(Op::Bury { id, error });
    }
    (record.last_error.as_ref() != Some(&error)).then(|| {
        tracing::warn!("⚠️  {id} waits: {error}");
        let record = NoticeRecord {
            last_error: Some(error),
            ..record.clone()
        };
        let id = id.to_owned();
        Op::PutNotice { id, record }
    })
}

/// A person who asks for another try gets one at once.
fn is_resting(rest: Option<&Rest>, state: &State, name: &str, now: Timestamp) -> bool {
    let is_asked_for = |record: &NoticeRecord| {
        record.via.as_deref() == Some(name)
            && record.retry_at.is_none()
            && record.state != NoticeState::Claimed
    };
    let Some(rest) = rest else { return false };
    // A time far ahead was reckoned before the clock was set back.
    let is_near = rest.until <= now.after(LONGEST_REST);
    rest.until > now && is_near && !state.own().outbox.values().any(is_asked_for)
}

fn rest_after(
    delivery: &Delivery,
    failures: u32,
    policy: &RetryPolicy,
    now: Timestamp,
) -> Option<Rest> {
    if delivery.sent.is_empty() && delivery.failed > 0 {
        let wait = policy.wait(failures, 1.0).min(LONGEST_REST);
        return Some(Rest {
            failures: failures.saturating_add(1),
            until: now.after(wait),
        });
    }
    let is_untried = delivery.sent.is_empty() && delivery.buried == 0 && failures > 0;
    is_untried.then_some(Rest {
        failures,
        until: now,
    })
}

fn set(resting: &mut BTreeMap<String, Rest>, name: &str, rest: Option<Rest>) {
    match rest {
        Some(rest) => resting.insert(name.to_owned(), rest),
        None => resting.remove(name),
    };
}
