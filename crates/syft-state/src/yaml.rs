//! Small YAML documents whose author may be hostile: a job's `config.yaml`, a datasite's `syft.pub.yaml`.
//!
//! ```
//! use syft_state::yaml::{Keys, parse_mapping};
//!
//! let job = parse_mapping(b"name: 123\ntags: [a, b]\n", Keys::LastCounts)?;
//! assert_eq!(job.text("name"), Some("123"));
//! assert_eq!(job.get("tags").map(|tags| tags.texts()), Some(vec!["a", "b"]));
//! # Ok::<(), syft_state::yaml::YamlError>(())
//! ```

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// The longest document in bytes that is looked at.
pub const MAX_LENGTH: usize = 64 << 10;
/// How many nodes a document may have once its aliases are followed.
const MAX_NODES: usize = 10_000;
/// How many bytes of text, likewise.
const MAX_TEXT: usize = 256 << 10;
const MAX_DEPTH: usize = 16;
/// How many brackets may be open; the parser's time grows with the square of it.
const MAX_BRACKETS: usize = 100;

/// A YAML document; whatever is no list, mapping or null is its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Nothing, or `null`.
    Null,
    /// A text, number or truth value, as text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping, in the order of the document.
    Map(Vec<(Self, Self)>),
}

/// Which keys a mapping may have; readers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Any, and the last value of a key counts, as for Python.
    LastCounts,
    /// Texts, each of them once, as for Go's reader of permission files.
    Distinct,
}

/// Says that a document is cut off, malformed or too large, without a word of its content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// It is longer than [`MAX_LENGTH`].
    #[error("longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// It has more brackets within brackets than anybody needs.
    #[error("nested too deeply")]
    TooDeep,
    /// There is nothing in it.
    #[error("empty")]
    Empty,
    /// Its root is something else.
    #[error("not a mapping")]
    NoMapping,
    /// It is no YAML, it is nested too deeply, or it is too large once its aliases are followed.
    #[error("not readable as YAML{}", At(.0))]
    Malformed(#[source] serde_yaml::Error),
}

/// Where an error is, without the text around it.
struct At<'a>(&'a serde_yaml::Error);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.location() {
            Some(at) => write!(f, " (line {}, column {})", at.line(), at.column()),
            None => Ok(()),
        }
    }
}

/// Parses a document whose root is a mapping.
///
/// Aliases are followed, but only as far as the limits of a small document (T6).
///
/// # Errors
///
/// Fails when it is anything else than one such document within the limits.
pub fn parse_mapping(text: &[u8], keys: Keys) -> Result<Node, YamlError> {
    if text.len() > MAX_LENGTH {
        return Err(YamlError::TooLong);
    }
    if text.trim_ascii().is_empty() {
        return Err(YamlError::Empty);
    }
    if bracket_depth(text) > MAX_BRACKETS {
        return Err(YamlError::TooDeep);
    }
    let budget = Budget {
        nodes: Cell::new(MAX_NODES),
        text: Cell::new(MAX_TEXT),
    };
    let seed = NodeSeed {
        budget: &budget,
        keys,
        depth: 0,
    };
    match seed.deserialize(serde_yaml::Deserializer::from_slice(text)) {
        Ok(Node::Null) => Err(YamlError::Empty),
        Ok(map @ Node::Map(_)) => Ok(map),
        Ok(_) => Err(YamlError::NoMapping),
        Err(error) => Err(YamlError::Malformed(error)),
    }
}

/// Returns how many brackets are open at most, those in quoted text included.
fn bracket_depth(text: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in text {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

impl Node {
    /// Returns the value of a key of a mapping, and the last one if there are several.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        let is_key = |node: &Self| matches!(node, Self::Text(text) if text == key);
        pairs
            .iter()
            .rev()
            .find(|(name, _)| is_key(name))
            .map(|(_, value)| value)
    }

    /// Returns the text of a key of a mapping; `name: 123` is the text `123`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::as_text)
    }

    /// Returns the text that this node is.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns every text below this node, without the keys.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Null => Vec::new(),
            Self::Text(text) => vec![text],
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Map(pairs) => pairs.iter().flat_map(|(_, value)| value.texts()).collect(),
        }
    }
}

struct Budget {
    nodes: Cell<usize>,
    text: Cell<usize>,
}

#[derive(Clone, Copy)]
struct NodeSeed<'a> {
    budget: &'a Budget,
    keys: Keys,
    depth: usize,
}

impl NodeSeed<'_> {
    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    fn spend<E: serde::de::Error>(self) -> Result<(), E> {
        let left = self.budget.nodes.get().checked_sub(1);
        self.budget
            .nodes
            .set(left.ok_or_else(|| E::custom("too many nodes"))?);
        if self.depth > MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(())
    }

    fn text<E: serde::de::Error>(self, text: impl Into<String>) -> Result<Node, E> {
        let text = text.into();
        let left = self.budget.text.get().checked_sub(text.len());
        self.budget
            .text
            .set(left.ok_or_else(|| E::custom("too much text"))?);
        Ok(Node::Text(text))
    }
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.spend().map_err(D::Error::custom::<D::Error>)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain YAML value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Node, E> {
        self.text(value.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node, E> {
        self.text(value.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        self.text(value.to_string())
    }

    fn visit_i128<E: serde::de::Error>(self, value: i128) -> Result<Node, E> {
        self.text(value.to_string())
    }

    fn visit_u128<E: serde::de::Error>(self, value: u128) -> Result<Node, E> {
        self.text(value.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        self.text(format!("{value:?}"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.text(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.deeper())? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = pairs.next_key_seed(self.deeper())? {
            if self.keys == Keys::Distinct {
                check_distinct(&map, &key).map_err(A::Error::custom)?;
            }
            map.push((key, pairs.next_value_seed(self.deeper())?));
        }
        Ok(Node::Map(map))
    }
}

/// Checks that a key is a text that the mapping does not have yet.
fn check_distinct(map: &[(Node, Node)], key: &Node) -> Result<(), &'static str> {
    if !matches!(key, Node::Text(_)) {
        return Err("a key is no text");
    }
    if map.iter().any(|(name, _)| name == key) {
        return Err("a key is given twice");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
