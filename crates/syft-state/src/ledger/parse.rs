//! From the text of the file to a [`State`]; whatever is not as it should be is an error.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Bookkeeping, Finished, JobRecord, State, Table,
    records::{self, Name},
    render::{Lines, OwnKey, TopKey, VERSION, to_line},
};

/// Says why a text is not a ledger.
#[derive(Debug, thiserror::Error)]
pub(super) enum Mistake {
    #[error("{0}")]
    Text(String),
    #[error("format {0} is newer than this program")]
    Newer(u64),
}

impl State {
    /// Reads the content of a file.
    ///
    /// # Errors
    ///
    /// Says what is wrong in which line and column.
    pub fn from_text(bytes: &[u8]) -> Result<Self, impl std::error::Error + Send + Sync + use<>> {
        parse(bytes)
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<State, Mistake> {
    if bytes.is_empty() {
        return Err(Mistake::Text("it is empty".to_owned()));
    }
    let mut newer = None;
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let state = TopVisitor { newer: &mut newer }
        .deserialize(&mut deserializer)
        .and_then(|state| deserializer.end().map(|()| state));
    match (state, newer) {
        (_, Some(version)) => Err(Mistake::Newer(version)),
        (Err(error), None) => Err(Mistake::Text(error.to_string())),
        (Ok(mut state), None) => {
            state.add_caches();
            Ok(state)
        }
    }
}

impl State {
    fn add_caches(&mut self) {
        let own = &self.own;
        self.lines = Lines {
            folders: own
                .folders
                .iter()
                .map(|(key, record)| (key.clone(), to_line(record)))
                .collect(),
            peers: own
                .peers
                .iter()
                .map(|(key, record)| (key.clone(), to_line(record)))
                .collect(),
            outbox: own
                .outbox
                .iter()
                .map(|(key, record)| (key.clone(), to_line(record)))
                .collect(),
            dead: own
                .dead
                .iter()
                .map(|(key, record)| (key.clone(), to_line(record)))
                .collect(),
        };
        let open = own.jobs.keys().filter_map(|key| key.split_once('/'));
        let names: Vec<String> = open
            .chain(own.finished.iter())
            .map(|(_, name)| name.to_owned())
            .collect();
        for name in names {
            self.count_name(&name, 1);
        }
    }
}

struct TopVisitor<'v> {
    newer: &'v mut Option<u64>,
}

impl<'de> DeserializeSeed<'de> for TopVisitor<'_> {
    type Value = State;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<State, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TopVisitor<'_> {
    type Value = State;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with \"notified_jobs\"")
    }

    /// Of a key that comes twice the last value counts, as in Python.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<State, A::Error> {
        let mut state = State::default();
        while let Some(key) = map.next_key::<String>()? {
            let place = TopKey::of(&key);
            match &place {
                TopKey::Marks => state.marks = map.next_value_seed(TableSeed(marks))?,
                TopKey::Snapshot => state.snapshot = Some(map.next_value()?),
                TopKey::Own => {
                    state.own = Bookkeeping::default();
                    let section = OwnVisitor {
                        state: &mut state,
                        newer: &mut *self.newer,
                    };
                    map.next_value_seed(section)?;
                    state.has_own = true;
                }
                TopKey::Unknown(key) => {
                    state.unknown.insert(key.clone(), map.next_value()?);
                }
            }
            if !state.order.contains(&place) {
                state.order.push(place);
            }
        }
        Ok(state)
    }
}

struct OwnVisitor<'v> {
    state: &'v mut State,
    newer: &'v mut Option<u64>,
}

impl<'de> DeserializeSeed<'de> for OwnVisitor<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OwnVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let own = &mut self.state.own;
        while let Some(key) = map.next_key::<String>()? {
            match &*key {
                "version" => {
                    let version: u64 = map.next_value()?;
                    if version > VERSION {
                        *self.newer = Some(version);
                        return Err(A::Error::custom("newer"));
                    }
                }
                "account" => own.account = map.next_value()?,
                "cursor" => own.cursor = map.next_value()?,
                "reconciled_at" => own.reconciled_at = map.next_value()?,
                "heartbeat" => own.heartbeat = map.next_value()?,
                "sent_total" => own.sent_total = map.next_value()?,
                "last_sent" => own.last_sent = map.next_value()?,
                "folders" => own.folders = map.next_value()?,
                "peers" => own.peers = map.next_value()?,
                "outbox" => own.outbox = map.next_value()?,
                "dead" => own.dead = map.next_value()?,
                "finished" => {
                    let all: BTreeMap<String, Vec<String>> = map.next_value()?;
                    own.finished = Finished::default();
                    for (ds, names) in &all {
                        names
                            .iter()
                            .for_each(|name| _ = own.finished.set(ds, name, true));
                    }
                }
                "jobs" => own.jobs = map.next_value_seed(TableSeed(job))?,
                unknown => {
                    let raw: Box<RawValue> = map.next_value()?;
                    own.unknown.insert(unknown.to_owned(), raw);
                }
            }
            let place = OwnKey::of(&key);
            if !self.state.own_order.contains(&place) {
                self.state.own_order.push(place);
            }
        }
        Ok(())
    }
}

/// A table whose values are read as `W` and kept as `V`.
struct TableSeed<V, W>(fn(W) -> V);

impl<'de, V, W: Deserialize<'de>> DeserializeSeed<'de> for TableSeed<V, W> {
    type Value = Table<V>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Table<V>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, V, W: Deserialize<'de>> Visitor<'de> for TableSeed<V, W> {
    type Value = Table<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table<V>, A::Error> {
        let mut table = Table::default();
        while let Some((key, value)) = map.next_entry::<String, W>()? {
            table.insert(&key, self.0(value));
        }
        Ok(table)
    }
}

fn marks(list: Vec<String>) -> Vec<Name> {
    list.iter().map(|mark| records::name(mark)).collect()
}

fn job(record: JobRecord) -> JobRecord {
    record
}
