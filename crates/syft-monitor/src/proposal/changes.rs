use std::{fmt, io::Read};

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use syft_state::{RelPath, yaml};

use super::{Change, Limits, Proposal, ProposalError};
use crate::{layout::job_in_path, text::cut};

/// Parses the JSON of a proposal, of the releases that have `content_type` and of those
/// before. Unknown keys are ignored, and of two equal keys the last counts, as in Python.
pub(super) fn parse_changes(json: impl Read, limits: &Limits) -> Result<Proposal, ProposalError> {
    let mut reader = serde_json::Deserializer::from_reader(json);
    let proposal = ProposalSeed { limits }.deserialize(&mut reader);
    let proposal = proposal.and_then(|proposal| reader.end().map(|()| proposal));
    proposal.map_err(ProposalError::Content)?
}

/// A value, or the limit that it goes beyond.
type Bounded<T> = Result<T, ProposalError>;

fn too_many<T>(what: &'static str, limit: usize) -> Bounded<T> {
    Err(ProposalError::TooLarge {
        what,
        limit: limit as u64,
    })
}

struct ProposalSeed<'a> {
    limits: &'a Limits,
}

impl<'de> DeserializeSeed<'de> for ProposalSeed<'_> {
    type Value = Bounded<Proposal>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ProposalSeed<'_> {
    type Value = Bounded<Proposal>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a proposal")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut sender, mut changes) = (None, None);
        while let Some(key) = map.next_key::<Key>()? {
            match key.0.as_str() {
                "sender_email" => sender = Some(cut(&map.next_value::<String>()?)),
                "proposed_file_changes" => {
                    changes = Some(map.next_value_seed(ChangesSeed {
                        limits: self.limits,
                    })?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let sender = sender.ok_or_else(|| A::Error::missing_field("sender_email"))?;
        let changes = changes.ok_or_else(|| A::Error::missing_field("proposed_file_changes"))?;
        Ok(changes.map(|changes| Proposal { sender, changes }))
    }
}

/// A key, of which only the known ones are kept.
struct Key(String);

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Key, E> {
        Ok(Key(if text.len() < 40 {
            text.to_owned()
        } else {
            String::new()
        }))
    }
}

struct ChangesSeed<'a> {
    limits: &'a Limits,
}

impl<'de> DeserializeSeed<'de> for ChangesSeed<'_> {
    type Value = Bounded<Vec<Change>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ChangesSeed<'_> {
    type Value = Bounded<Vec<Change>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of file changes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let (mut changes, mut jobs, mut count) = (Vec::new(), 0, 0);
        // After the first broken limit the rest is only skipped, without being kept.
        let mut broken = None;
        while broken.is_none() {
            let Some(change) = items.next_element_seed(ChangeSeed)? else {
                return Ok(Ok(changes));
            };
            count += 1;
            jobs += usize::from(change.as_ref().is_some_and(is_submission));
            if count > self.limits.changes {
                broken = Some(too_many("file changes", self.limits.changes));
            } else if jobs > self.limits.jobs {
                broken = Some(too_many("jobs", self.limits.jobs));
            }
            changes.extend(change);
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(broken.unwrap_or(Ok(changes)))
    }
}

/// Returns whether a change puts the `config.yaml` of a job in place (T11).
pub(super) fn is_submission(change: &Change) -> bool {
    !change.is_deleted && job_in_path(&change.path).is_some()
}

struct ChangeSeed;

impl<'de> DeserializeSeed<'de> for ChangeSeed {
    type Value = Option<Change>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ChangeSeed {
    type Value = Option<Change>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file change")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut path, mut content, mut is_binary, mut is_deleted) =
            (None, Content::default(), false, false);
        while let Some(key) = map.next_key::<Key>()? {
            match key.0.as_str() {
                "path_in_datasite" => path = Some(map.next_value::<String>()?),
                "content" => content = map.next_value::<Option<Content>>()?.unwrap_or_default(),
                "content_type" => {
                    is_binary = map
                        .next_value::<Option<Content>>()?
                        .is_some_and(|kind| kind.is("binary"));
                }
                "is_deleted" => is_deleted = map.next_value::<Option<bool>>()?.unwrap_or(false),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let path = path.ok_or_else(|| A::Error::missing_field("path_in_datasite"))?;
        // A path that leaves the datasite is refused by every client, so it is no job.
        Ok(clean_path(&path).map(|path| {
            let mut change = Change {
                path,
                length: content.length(is_binary),
                is_deleted,
                config: None,
            };
            change.config = content
                .text
                .filter(|_| !is_binary && is_submission(&change));
            change
        }))
    }
}

/// Parses a path as Python's `pathlib` reads it: empty parts and `.` count for nothing.
fn clean_path(path: &str) -> Option<RelPath> {
    if let Ok(path) = RelPath::from_peer(path) {
        return Some(path);
    }
    let parts = path
        .split(['/', '\\'])
        .filter(|part| !matches!(*part, "" | "."));
    let is_relative = !path.starts_with(['/', '\\']);
    let cleaned = parts.collect::<Vec<_>>().join("/");
    is_relative.then(|| cleaned.parse().ok()).flatten()
}

/// The content of a file, of which only what may be a `config.yaml` is kept.
#[derive(Default)]
struct Content {
    characters: u64,
    padding: u64,
    text: Option<String>,
}

impl Content {
    fn is(&self, text: &str) -> bool {
        self.text.as_deref() == Some(text)
    }

    /// Returns the length in bytes; binary content comes in Base64.
    fn length(&self, is_binary: bool) -> u64 {
        if is_binary {
            (self.characters / 4 * 3).saturating_sub(self.padding)
        } else {
            self.characters
        }
    }
}

impl<'de> serde::Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ContentVisitor)
    }
}

struct ContentVisitor;

impl Visitor<'_> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the content of a file")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Content, E> {
        let padding = text.len() - text.trim_end_matches('=').len();
        Ok(Content {
            characters: text.len() as u64,
            padding: padding.min(2) as u64,
            text: (text.len() <= yaml::MAX_LENGTH).then(|| text.to_owned()),
        })
    }
}
