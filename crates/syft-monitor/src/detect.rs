//! Decides what happened: compares what was seen with what is on record, and nothing else.

mod jobs;
mod messages;
mod peers;

use std::{borrow::Cow, collections::BTreeSet};

use syft_state::{
    Email, Timestamp,
    ledger::{Op, State},
};

use crate::{
    event::{Event, Template},
    fetch::Opened,
    local_jobs::LocalScan,
    notice::{self, Routes},
    sight::{Folders, Sight},
};

pub(crate) use messages::worth_opening;
pub use peers::Grants;

/// What is known after a look, and what is still unknown.
#[derive(Debug, Default)]
pub struct Observation {
    /// What Drive showed; `None` when it could not be looked at.
    pub sight: Option<Sight>,
    /// The messages that were opened, or could not be.
    pub opened: Vec<Opened>,
    /// The jobs in the local SyftBox.
    pub local: LocalScan,
    /// The peers that the data owner's client has accepted, as far as is known.
    pub grants: Grants,
}

/// What to do with things that were there before the first look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstLook {
    /// It is not the first look: everything unrecorded is new.
    Over,
    /// Nobody has ever looked: record everything silently.
    Seed,
    /// Python has looked: what is still in an inbox is new, the rest is old.
    Import,
}

/// Which events are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    Everything,
    /// Only those of jobs.
    Jobs,
    /// Only those of peers.
    Peers,
}

impl Scope {
    /// Returns whether job events are wanted.
    #[must_use]
    pub fn jobs(self) -> bool {
        self != Self::Peers
    }

    /// Returns whether peer events are wanted.
    #[must_use]
    pub fn peers(self) -> bool {
        self != Self::Jobs
    }
}

/// The circumstances of a decision.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// The data owner.
    pub me: &'a Email,
    /// The moment of the look.
    pub now: Timestamp,
    /// Whether it is the first.
    pub first: FirstLook,
    /// What is wanted.
    pub scope: Scope,
    /// Whether jobs from before the first look are news, too.
    pub tell_old: bool,
    /// Who is told besides by mail, and which mails are collected.
    pub routes: &'a Routes,
}

/// What a look leads to: one transaction of the ledger, and lines for the log.
#[derive(Debug, Default)]
pub struct Detected {
    /// What happened, in the order in which it is to be told.
    pub events: Vec<Event>,
    /// What goes on record, the claimed notices included.
    pub ops: Vec<Op>,
    /// Things a person should know that lead to no mail.
    pub remarks: Vec<String>,
    /// Messages that could not be looked at and must be tried again (T20).
    pub unopened: BTreeSet<syft_transport::FileId>,
}

/// Decides what happened.
#[must_use]
pub fn detect(state: &State, seen: &Observation, when: &Circumstances<'_>) -> Detected {
    let mut detected = Detected::default();
    let folders = merge_folders(state, seen, &mut detected);
    // A first look records both kinds, or a later look of the other kind would tell old news.
    let is_first = when.first != FirstLook::Over;
    if is_first || when.scope.peers() {
        peers::detect(state, seen, when, &folders, &mut detected);
    }
    if is_first || when.scope.jobs() {
        messages::detect(state, seen, when, &mut detected);
        jobs::detect(state, seen, when, &folders, &mut detected);
    }
    for event in &detected.events {
        detected
            .ops
            .extend(notice::claims(event, state, when.me, when.routes, when.now));
    }
    detected
}

/// Returns all folders known now, and records what is new or gone about them.
fn merge_folders<'a>(
    state: &'a State,
    seen: &Observation,
    detected: &mut Detected,
) -> Cow<'a, Folders> {
    // Most looks see no folder change, however many there are.
    let mut folders = Cow::Borrowed(&state.own().folders);
    let Some(sight) = &seen.sight else {
        return folders;
    };
    for id in &sight.gone {
        if folders.contains_key(id.as_str()) {
            folders.to_mut().remove(id.as_str());
            detected.ops.push(Op::Folder {
                id: id.to_string(),
                record: None,
            });
        }
    }
    for (id, record) in &sight.folders {
        if folders.get(id.as_str()) != Some(record) {
            folders.to_mut().insert(id.to_string(), record.clone());
            detected.ops.push(Op::Folder {
                id: id.to_string(),
                record: Some(record.clone()),
            });
        }
    }
    detected.remarks.extend(sight.spoofed.iter().cloned());
    folders
}

/// Returns whether a notice of this event is already waiting, or was given up visibly.
fn is_under_way(state: &State, template: Template, identity: &str) -> bool {
    let id = notice::id(template, identity);
    state.own().outbox.contains_key(&id) || state.own().dead.contains_key(&id)
}

fn mark(key: impl Into<String>, mark: &str) -> Op {
    Op::Mark {
        key: key.into(),
        mark: mark.to_owned(),
    }
}
