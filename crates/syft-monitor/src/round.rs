//! What a round did.

use std::collections::BTreeMap;

use syft_state::{
    Timestamp,
    ledger::{Bookkeeping, SentRecord},
};

use crate::event::Event;

/// The account of one look and the mails that followed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Round {
    /// When it began.
    pub at: Timestamp,
    /// Whether all of Drive was looked at, and not only what changed.
    pub complete: bool,
    /// Whether it was the first look, which records what is there without mailing.
    pub seeded: bool,
    /// How many messages were opened.
    pub opened: usize,
    /// What happened since the round before.
    pub events: Vec<Event>,
    /// The mails that were sent.
    pub sent: Vec<SentRecord>,
    /// How many events were passed on to receivers besides the mails.
    pub posted: usize,
    /// How many mails failed and will be tried again.
    pub failed: usize,
    /// How many mails were given up and wait for a person.
    pub buried: usize,
    /// How many mails wait now; a digest counts as one.
    pub waiting: usize,
    /// How many of them wait for the end of quiet hours or of a digest's period.
    pub held: usize,
    /// Until when nothing goes to the data owner, if it is quiet now.
    pub quiet_until: Option<Timestamp>,
    /// When something that waits can go, if anything waits for a moment that is known: the end
    /// of quiet hours or of a digest's period, the next try of a mail, or the next heartbeat.
    pub next_wake: Option<Timestamp>,
    /// How many dead letters there are now.
    pub dead: usize,
    /// How many folders of each generation are known, as `W4` → 3 (T1).
    pub folders: BTreeMap<String, usize>,
    /// What a person should know although it led to no mail.
    pub remarks: Vec<String>,
    /// What could not be looked at or sent.
    pub trouble: Vec<Trouble>,
}

impl Round {
    pub(crate) fn new(at: Timestamp) -> Self {
        Self {
            at,
            complete: false,
            seeded: false,
            opened: 0,
            events: Vec::new(),
            sent: Vec::new(),
            posted: 0,
            failed: 0,
            buried: 0,
            waiting: 0,
            held: 0,
            quiet_until: None,
            next_wake: None,
            dead: 0,
            folders: BTreeMap::new(),
            remarks: Vec::new(),
            trouble: Vec::new(),
        }
    }

    /// Returns whether something happened, so that the next look should come soon.
    #[must_use]
    pub fn was_active(&self) -> bool {
        !self.events.is_empty() || !self.sent.is_empty() || self.failed > 0
    }
}

/// A part of a round that did not work; the round after tries again.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trouble {
    /// Drive could not be looked at.
    Drive(syft_transport::Error),
    /// Mail cannot be sent at all.
    Mail(syft_transport::Error),
    /// A receiver besides the mails, with this name, cannot be reached at all.
    Sink(String, syft_transport::Error),
}

impl Trouble {
    /// Returns the cause.
    #[must_use]
    pub fn error(&self) -> &syft_transport::Error {
        match self {
            Self::Drive(error) | Self::Mail(error) | Self::Sink(_, error) => error,
        }
    }

    /// Returns the cause.
    #[must_use]
    pub fn into_error(self) -> syft_transport::Error {
        match self {
            Self::Drive(error) | Self::Mail(error) | Self::Sink(_, error) => error,
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Drive(error) => write!(f, "Drive could not be looked at: {error}"),
            Self::Mail(error) => write!(f, "no mail can be sent: {error}"),
            Self::Sink(name, error) => write!(f, "{name} cannot be told anything: {error}"),
        }
    }
}

/// Returns how many folders of each generation are known.
pub(crate) fn generations(own: &Bookkeeping) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for folder in own.folders.values() {
        *counts.entry(folder.generation.clone()).or_default() += 1;
    }
    counts
}
