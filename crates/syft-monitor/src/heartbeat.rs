//! Mails to the data owner that say that all is well, so that silence says that it is not.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use syft_state::{
    Timestamp,
    ledger::{Bookkeeping, HeartbeatRecord, NoticeRecord, Op, State},
};

use crate::{
    event::Template,
    hold::Holds,
    notice,
    round::{self, Round},
};

/// What a heartbeat tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pulse {
    /// Since when the program has run.
    pub running_since: Option<Timestamp>,
    /// How often it has looked since then.
    pub looks: u64,
    /// How many mails were sent since the heartbeat before.
    pub sent: u64,
    /// How many mails were ever sent.
    pub sent_total: u64,
    /// How many mails wait.
    pub waiting: usize,
    /// How many mails were given up and need a person.
    pub dead: usize,
    /// How many folders of each generation are known, as `W4` → 3 (T1).
    pub folders: BTreeMap<String, usize>,
    /// What did not work in the look before this mail.
    pub trouble: Option<String>,
}

/// What is to be done about heartbeats now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    /// Nothing until then.
    Wait(Timestamp),
    /// A mail, which was due then.
    Mail(Timestamp),
    /// The clock was set back: time is reckoned from now on.
    Anew,
}

/// Decides by the last heartbeat alone, so that neither a restart nor a crash brings another.
///
/// However long the program was away, one mail is due; the next ones keep the time of day.
pub(crate) fn decide(
    last: Option<Timestamp>,
    period: Duration,
    holds: &Holds,
    now: Timestamp,
) -> Beat {
    let Some(last) = last else {
        return match holds.quiet_until(now) {
            Some(end) => Beat::Wait(end),
            None => Beat::Mail(now),
        };
    };
    if last > now {
        return Beat::Anew;
    }
    let next = holds.not_quiet_from(last.after(period));
    let allowed = holds.not_quiet_from(next.max(now));
    if allowed > now {
        return Beat::Wait(allowed);
    }
    let passed = now.since(last).as_micros() / period.as_micros().max(1);
    let periods = u32::try_from(passed).unwrap_or(u32::MAX);
    Beat::Mail(last.after(period.saturating_mul(periods)))
}

/// Returns what claims a heartbeat that is due; one that waits already is enough.
pub(crate) fn claim(
    state: &State,
    holds: &Holds,
    period: Duration,
    now: Timestamp,
    pulse: impl FnOnce() -> Pulse,
) -> Vec<Op> {
    let own = state.own();
    let last = own.heartbeat.as_ref();
    let record = |at, sent_total| {
        let extra = last.map(|last| last.extra.clone()).unwrap_or_default();
        Op::Heartbeat(HeartbeatRecord {
            extra,
            ..HeartbeatRecord::new(at, sent_total)
        })
    };
    match decide(last.map(|last| last.at), period, holds, now) {
        Beat::Mail(due) if !is_waiting(own) => {
            // The mail itself is none of those that the next one counts.
            let sent_total = own.sent_total.saturating_add(1);
            vec![record(due, sent_total), mail(holds, now, &pulse())]
        }
        Beat::Anew => vec![record(now, last.map_or(0, |last| last.sent_total))],
        Beat::Wait(_) | Beat::Mail(_) => Vec::new(),
    }
}

fn is_waiting(own: &Bookkeeping) -> bool {
    let mut waiting = own.outbox.values();
    waiting.any(|record| record.event == Template::Heartbeat.name())
}

fn mail(holds: &Holds, now: Timestamp, pulse: &Pulse) -> Op {
    // A clock that was set back can come to the same moment again.
    let identity = format!("{now} {}", pulse.sent_total);
    let id = notice::id(Template::Heartbeat, &identity);
    let message_id = notice::message_id(&id, &holds.me, now);
    let payload = serde_json::to_value(pulse).expect("a pulse is plain data");
    let record = NoticeRecord::new(
        holds.me.clone(),
        Template::Heartbeat.name(),
        payload,
        message_id.as_str(),
        now,
    );
    Op::PutNotice { id, record }
}

impl Pulse {
    /// Describes the moment after a look.
    pub(crate) fn of(
        own: &Bookkeeping,
        round: &Round,
        running_since: Option<Timestamp>,
        looks: u64,
    ) -> Self {
        let before = own.heartbeat.as_ref().map_or(0, |record| record.sent_total);
        Self {
            running_since,
            looks,
            sent: own.sent_total.saturating_sub(before),
            sent_total: own.sent_total,
            waiting: own.waiting().count(),
            dead: own.given_up().count(),
            folders: round::generations(own),
            trouble: round.trouble.first().map(ToString::to_string),
        }
    }
}

#[cfg(test)]
mod tests;
