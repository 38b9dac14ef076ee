//! Peers: requested, granted.

use std::collections::{BTreeMap, BTreeSet};

use syft_state::{
    Email,
    ledger::{Op, PeerRecord, State},
};

use super::{Circumstances, Detected, FirstLook, Observation, is_under_way, mark};
use crate::{
    event::{Event, Template},
    notice::marks_of,
    peers_file::PeerState,
    sight::{Folders, GRANTED, INBOX},
};

/// Whom the data owner's client has accepted.
#[derive(Clone, Debug, Default)]
pub enum Grants {
    /// It could not be looked at yet, so nothing is concluded.
    #[default]
    Unknown,
    /// There is no peers file: the client is too old to write one.
    NoFile,
    /// The content of the newest peers file.
    Listed(BTreeMap<Email, PeerState>),
}

pub(super) fn detect(
    state: &State,
    seen: &Observation,
    when: &Circumstances<'_>,
    folders: &Folders,
    detected: &mut Detected,
) {
    let requesters = peers_of(folders, INBOX);
    let partners = peers_of(folders, GRANTED);
    for ds in &requesters {
        record_peer(state, ds, when, detected);
        tell_request(state, ds, when, detected);
    }
    for ds in requesters
        .iter()
        .filter(|ds| is_granted(ds, &seen.grants, &partners))
    {
        tell_grant(state, ds, when, detected);
    }
    record_snapshot(state, &requesters, detected);
}

fn peers_of(folders: &Folders, kind: &str) -> BTreeSet<Email> {
    let of_kind = folders.values().filter(|folder| folder.kind == kind);
    of_kind.map(|folder| folder.peer.clone()).collect()
}

fn record_peer(state: &State, ds: &Email, when: &Circumstances<'_>, detected: &mut Detected) {
    if !state.own().peers.contains_key(&ds.key()) {
        let record = PeerRecord::new(ds.clone(), when.now);
        detected.ops.push(Op::Peer {
            email: ds.clone(),
            record: Some(record),
        });
    }
}

fn tell_request(state: &State, ds: &Email, when: &Circumstances<'_>, detected: &mut Detected) {
    let event = Event::PeerRequested { ds: ds.clone() };
    let was_seen = when.first == FirstLook::Import && is_in_snapshot(state, ds);
    tell(
        state,
        event,
        &[Template::PeerRequest, Template::RequestSent],
        was_seen,
        when,
        detected,
    );
}

fn tell_grant(state: &State, ds: &Email, when: &Circumstances<'_>, detected: &mut Detected) {
    let event = Event::PeerGranted { ds: ds.clone() };
    let is_old = when.first == FirstLook::Import;
    tell(
        state,
        event,
        &[Template::PeerGranted],
        is_old,
        when,
        detected,
    );
}

fn tell(
    state: &State,
    event: Event,
    templates: &[Template],
    is_old: bool,
    when: &Circumstances<'_>,
    detected: &mut Detected,
) {
    let marks = marks_of(&event);
    let is_told = |(key, name): &(String, String)| state.is_marked(key, name);
    let identity = event.identity();
    if marks.iter().all(is_told)
        || templates
            .iter()
            .all(|template| is_under_way(state, *template, &identity))
    {
        return;
    }
    if is_old || when.first == FirstLook::Seed {
        detected
            .ops
            .extend(marks.into_iter().map(|(key, name)| mark(key, &name)));
    } else {
        detected.events.push(event);
    }
}

fn is_in_snapshot(state: &State, ds: &Email) -> bool {
    state
        .peer_snapshot()
        .is_some_and(|snapshot| snapshot.iter().any(|peer| ds.is(peer)))
}

/// The peers file decides where there is one; before it existed, the pair of folders did.
fn is_granted(ds: &Email, grants: &Grants, partners: &BTreeSet<Email>) -> bool {
    match grants {
        Grants::Unknown => false,
        Grants::Listed(states) => states.get(ds) == Some(&PeerState::Accepted),
        Grants::NoFile => partners.contains(ds),
    }
}

/// Python's key: a reader of the file and Python itself see the peers that we know.
fn record_snapshot(state: &State, requesters: &BTreeSet<Email>, detected: &mut Detected) {
    let snapshot = state.peer_snapshot();
    let known = snapshot.unwrap_or_default();
    let keys: BTreeSet<String> = known.iter().map(|peer| peer.to_ascii_lowercase()).collect();
    let missing: Vec<String> = requesters
        .iter()
        .filter(|ds| !keys.contains(&ds.key()))
        .map(Email::to_string)
        .collect();
    if snapshot.is_some() && missing.is_empty() {
        return;
    }
    let peers = known.iter().cloned().chain(missing).collect();
    detected.ops.push(Op::PeerSnapshot(Some(peers)));
}
