//! What holds back mails to the data owner: quiet hours, and the end of a digest's period.
//!
//! Data scientists wait for their mails and have not asked for quiet, so theirs go at once.

use std::time::Duration;

use syft_state::{
    Email, Timestamp,
    ledger::{NoticeRecord, State},
};

use crate::{
    config::Config,
    digest,
    quiet::{self, QuietHours, Zone},
};

/// What the data owner wants to be held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holds {
    /// The data owner.
    pub me: Email,
    /// When nothing goes out.
    pub quiet_hours: Option<QuietHours>,
    /// How long mails are collected to become one.
    pub digest: Option<Duration>,
    /// The clock that both go by.
    pub zone: Zone,
}

/// Why a mail waits although it could be sent, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Why.
    pub reason: Reason,
    /// Until when.
    pub until: Timestamp,
}

/// Why a mail waits although it could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The data owner wants no mail at this hour.
    QuietHours,
    /// It becomes part of a digest.
    Digest,
}

impl Holds {
    /// Holds nothing back.
    #[must_use]
    pub fn none(me: Email) -> Self {
        Self {
            me,
            quiet_hours: None,
            digest: None,
            zone: Zone::default(),
        }
    }

    /// Returns what a config asks for.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        Self {
            me: config.do_email.clone(),
            quiet_hours: config.quiet_hours,
            digest: config.digest,
            zone: config.time_zone.into(),
        }
    }

    /// Looks at what is held back now.
    #[must_use]
    pub fn at(&self, state: &State, now: Timestamp) -> Held<'_> {
        Held {
            holds: self,
            quiet: self.quiet_until(now),
            digest: digest::due(state, self, now).and_then(|due| self.digest_hold(due, now)),
        }
    }

    /// Returns until when nothing goes to the data owner, if nothing does.
    #[must_use]
    pub fn quiet_until(&self, now: Timestamp) -> Option<Timestamp> {
        quiet::ends(self.quiet_hours?, self.zone, now)
    }

    /// Returns the first moment from `at` on that is not quiet.
    pub(crate) fn not_quiet_from(&self, at: Timestamp) -> Timestamp {
        self.quiet_until(at).unwrap_or(at)
    }

    /// A digest that is due in quiet hours waits for their end.
    fn digest_hold(&self, due: Timestamp, now: Timestamp) -> Option<Hold> {
        let due = due.max(now);
        match self.quiet_until(due) {
            Some(until) => Some(Hold {
                reason: Reason::QuietHours,
                until,
            }),
            None => (due > now).then_some(Hold {
                reason: Reason::Digest,
                until: due,
            }),
        }
    }
}

/// What is held back at one moment.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    holds: &'a Holds,
    /// Until when nothing goes to the data owner.
    pub quiet: Option<Timestamp>,
    /// What holds back the notices that a digest collects.
    pub digest: Option<Hold>,
}

impl Held<'_> {
    /// Returns what holds back a notice of the outbox.
    #[must_use]
    pub fn of(&self, record: &NoticeRecord) -> Option<Hold> {
        if record.to != self.holds.me {
            return None;
        }
        if record.collect {
            return self.digest;
        }
        self.quiet.map(|until| Hold {
            reason: Reason::QuietHours,
            until,
        })
    }
}

#[cfg(test)]
mod tests;
