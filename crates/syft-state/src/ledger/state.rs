use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use serde_json::value::RawValue;

use super::{
    Bookkeeping, Table,
    records::{FINISHED_EVENTS, Name},
    render::{Lines, OwnKey, TopKey},
};
use crate::Email;

/// The content of the ledger.
///
/// It is plain data: [`State::default`] is an empty ledger, and [`State::apply`] does to it
/// what a commit does to the file.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(super) marks: Table<Vec<Name>>,
    pub(super) snapshot: Option<Vec<String>>,
    pub(super) own: Bookkeeping,
    /// Whether the file has our section, even an empty one.
    pub(super) has_own: bool,
    pub(super) order: Vec<TopKey>,
    pub(super) own_order: Vec<OwnKey>,
    pub(super) unknown: BTreeMap<String, Box<RawValue>>,
    pub(super) lines: Lines,
    /// How many data scientists have a job of this name in our records.
    pub(super) namesakes: HashMap<Box<str>, u32>,
    /// From a peer's key in lower case to the keys as they are (T3).
    pub(super) folded: OnceLock<HashMap<String, Vec<String>>>,
}

impl State {
    /// Returns whether one of Python's keys holds the mark.
    ///
    /// Keys of peers are compared without regard to case, because addresses are (T3).
    #[must_use]
    pub fn is_marked(&self, key: &str, mark: &str) -> bool {
        self.holds(key, mark) || self.same_peers(key).iter().any(|key| self.holds(key, mark))
    }

    /// Returns the marks of exactly this key, in the order of the file.
    pub fn marks(&self, key: &str) -> impl Iterator<Item = &str> {
        self.marks
            .get(key)
            .into_iter()
            .flatten()
            .map(|mark| &**mark)
    }

    /// Returns Python's keys that begin with `prefix`, in the order of the file.
    pub fn keys_with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.marks.keys().filter(move |key| key.starts_with(prefix))
    }

    /// Returns Python's list of the peers it has seen, if it has made one.
    #[must_use]
    pub fn peer_snapshot(&self) -> Option<&[String]> {
        self.snapshot.as_deref()
    }

    /// Returns whether nothing was ever recorded, by anybody.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        !self.has_python_records() && !self.has_own && self.own.is_blank()
    }

    /// Returns whether Python has recorded something and this program has not.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.has_python_records() && !self.has_own && self.own.is_blank()
    }

    /// Returns what this program remembers beyond Python's marks.
    #[must_use]
    pub fn own(&self) -> &Bookkeeping {
        &self.own
    }

    /// Returns whether an event of a job was told.
    ///
    /// Python's key is the name of the job alone (T12), so its mark may be somebody else's:
    /// * our record of this job says yes, while Python's key holds the mark: who deletes the
    ///   key by hand asks for another mail;
    /// * without our record the mark counts only if no other data scientist's record explains it.
    #[must_use]
    pub fn job_has(&self, ds: &Email, job: &str, event: &str) -> bool {
        if !self.holds(job, event) {
            return false;
        }
        let ds = ds.key();
        self.is_told(&ds, job, event) || !self.is_told_to_another(&ds, job, event)
    }

    /// Returns the addresses, in lower case, of all who have submitted a job of this name.
    #[must_use]
    pub fn submitters(&self, job: &str) -> Vec<Email> {
        let mut found: Vec<Email> = self
            .submitter_keys(job)
            .filter_map(|ds| ds.parse().ok())
            .collect();
        found.sort();
        found.dedup();
        found
    }

    /// Returns whether our records say that this data scientist's job had the event.
    fn is_told(&self, ds: &str, job: &str, event: &str) -> bool {
        let is_finished =
            || FINISHED_EVENTS.contains(&event) && self.own.finished.contains(ds, job);
        let record = self.own.jobs.get(&format!("{ds}/{job}"));
        record.map_or_else(is_finished, |record| record.has(event))
    }

    fn is_told_to_another(&self, ds: &str, job: &str, event: &str) -> bool {
        let mut others = self.submitter_keys(job).filter(|other| *other != ds);
        others.any(|other| self.is_told(other, job, event))
    }

    fn submitter_keys<'a>(&'a self, job: &'a str) -> impl Iterator<Item = &'a str> {
        // Most names are unknown, and then it is not worth to look through all jobs.
        let is_known = self.namesakes.contains_key(job);
        let open = self.own.jobs.keys().filter_map(|key| key.split_once('/'));
        let open = open.filter(move |(_, name)| *name == job).map(|(ds, _)| ds);
        let all = open.chain(self.own.finished.submitters(job));
        is_known.then_some(all).into_iter().flatten()
    }

    pub(super) fn holds(&self, key: &str, mark: &str) -> bool {
        self.marks(key).any(|held| held == mark)
    }

    /// Returns the keys that name the same peer, as they stand in the file.
    pub(super) fn same_peers(&self, key: &str) -> &[String] {
        if !is_peer_key(key) {
            return &[];
        }
        let folded = self.folded.get_or_init(|| {
            let mut folded = HashMap::<String, Vec<String>>::new();
            for key in self.marks.keys().filter(|key| is_peer_key(key)) {
                folded
                    .entry(key.to_ascii_lowercase())
                    .or_default()
                    .push(key.to_owned());
            }
            folded
        });
        folded
            .get(&key.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    fn has_python_records(&self) -> bool {
        !self.marks.is_empty() || self.snapshot.is_some()
    }
}

pub(super) fn is_peer_key(key: &str) -> bool {
    (key.starts_with("peer_new_") || key.starts_with("peer_granted_")) && key.contains('@')
}

/// Two states are equal when their files hold the same.
impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let value = |state: &Self| {
            serde_json::from_str::<serde_json::Value>(&state.to_text()).expect("we write JSON")
        };
        value(self) == value(other)
    }
}
