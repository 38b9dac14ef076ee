//! Decides which waiting mails go next and what becomes of one that failed.

use std::{collections::BTreeSet, time::Duration};

use syft_state::{
    Timestamp,
    ledger::{self, NoticeRecord, NoticeState, State},
};
use syft_transport::Error;

use crate::hold::Held;

/// No server asks for a longer wait than until its quota day ends.
const MAX_SERVER_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// When a mail that could not be sent is tried again, and when it is given up.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// The wait after the first failure; it doubles with each further one.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// How long after its event a mail is still tried.
    pub give_up_after: Duration,
}

impl Default for RetryPolicy {
    /// 30 seconds, doubling up to an hour, for three days.
    fn default() -> Self {
        Self {
            first_wait: Duration::from_secs(30),
            longest_wait: Duration::from_secs(60 * 60),
            give_up_after: Duration::from_secs(3 * 24 * 60 * 60),
        }
    }
}

/// What becomes of a mail whose sending failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits until then.
    Retry(Timestamp),
    /// It goes to the list of dead letters, where a person sees it.
    Bury,
    /// It waits, and so do all others: the trouble is not this mail's.
    Pause(Timestamp),
}

impl RetryPolicy {
    /// Decides about a mail after an error; `jitter` between 0 and 1 spreads the tries.
    #[must_use]
    pub fn fate(&self, record: &NoticeRecord, error: &Error, now: Timestamp, jitter: f64) -> Fate {
        let wait = self.wait(record.attempts, jitter);
        match error {
            Error::RateLimited { retry_after, .. } => {
                Fate::Pause(now.after(retry_after.unwrap_or(wait).max(self.first_wait)))
            }
            // A revoked token or an API that is switched off keeps mail waiting, however long.
            Error::Unauthenticated { .. }
            | Error::PermissionDenied { .. }
            | Error::Local { .. }
            | Error::BadFile { .. } => Fate::Pause(now.after(self.first_wait)),
            // Nobody knows whether it arrived, so a person decides whether it goes again.
            Error::Ambiguous { .. } => Fate::Bury,
            error if !error.is_transient() => Fate::Bury,
            _ if now.since(record.created) >= self.give_up_after => Fate::Bury,
            _ => Fate::Retry(now.after(wait)),
        }
    }

    /// Returns whether a mail may be tried now; a time far ahead was written before the clock
    /// was set back.
    #[must_use]
    pub fn is_due(&self, record: &NoticeRecord, now: Timestamp) -> bool {
        let latest = now.after(self.longest_wait.max(MAX_SERVER_WAIT));
        record.retry_at.is_none_or(|at| at <= now || at > latest)
    }

    pub(crate) fn wait(&self, attempts: u32, jitter: f64) -> Duration {
        let doubled = self.first_wait.saturating_mul(1 << attempts.min(20));
        let capped = doubled.min(self.longest_wait);
        capped.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
    }
}

/// Which waiting notices may go next.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// When a notice that failed is tried again.
    pub policy: &'a RetryPolicy,
    /// What is held back.
    pub held: &'a Held<'a>,
    /// The receiver; `None` is mail.
    pub via: Option<&'a str>,
    /// The moment of the choice.
    pub now: Timestamp,
    /// How many may go.
    pub size: usize,
}

/// Returns the next notices to send: due, oldest first, and one at a time about the same thing to
/// the same person, so that nobody reads "executed" before "approved".
#[must_use]
pub fn next_batch(
    state: &State,
    choice: &Choice<'_>,
    skip: &BTreeSet<String>,
) -> Vec<(String, NoticeRecord)> {
    let is_candidate = |record: &NoticeRecord| {
        record.state != NoticeState::Ambiguous
            && record.via.as_deref() == choice.via
            && !record.collect
    };
    let mut waiting: Vec<_> = state
        .own()
        .waiting()
        .filter(|(_, record)| is_candidate(record))
        .collect();
    waiting.sort_by_key(|(id, record)| (record.created, rank(&record.event), *id));
    let mut threads = BTreeSet::new();
    let may_go = |id: &str, record: &NoticeRecord| {
        !skip.contains(id)
            && choice.policy.is_due(record, choice.now)
            && choice.held.of(record).is_none()
    };
    waiting
        .into_iter()
        .filter(|(_, record)| threads.insert(thread(record)))
        .filter(|(id, record)| may_go(id, record))
        .take(choice.size)
        .map(|(id, record)| (id.to_owned(), record.clone()))
        .collect()
}

/// Returns when a waiting notice can go next, if that is a moment to come.
#[must_use]
pub fn next_try(
    record: &NoticeRecord,
    policy: &RetryPolicy,
    held: &Held<'_>,
    now: Timestamp,
) -> Option<Timestamp> {
    let retry = record.retry_at.filter(|_| !policy.is_due(record, now));
    let hold = held.of(record).map(|hold| hold.until);
    retry.max(hold)
}

/// Mails about one thing to one person, as far as their order matters.
fn thread(record: &NoticeRecord) -> (String, String) {
    let about = match &record.job {
        Some(job) if job.event != "new" => ledger::job_key(&job.ds, &job.job),
        _ => record.message_id.clone(),
    };
    (record.to.key(), about)
}

/// Events found at the same moment are told in the order in which they must have happened.
fn rank(template: &str) -> u8 {
    match template {
        "peer_request" | "request_sent" => 0,
        "peer_granted" => 1,
        "new_job" => 2,
        "job_approved" => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests;
