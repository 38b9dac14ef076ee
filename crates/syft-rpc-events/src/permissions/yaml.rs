//! Small YAML documents whose author may be hostile.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// The longest document that is looked at, in bytes.
pub(super) const MAX_LENGTH: usize = 64 * 1024;
/// How many nodes a document may have once its aliases are followed, and how much text in bytes.
const MAX_NODES: usize = 10_000;
const MAX_TEXT: usize = 128 * 1024;
const MAX_DEPTH: usize = 16;
/// How many brackets may be open; the parser's time grows with the square of it.
const MAX_BRACKETS: usize = 100;

/// A YAML document; whatever is no list, mapping or null is its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Null,
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Node {
    /// Returns the value of a key of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        let (_, value) = pairs.iter().find(|(name, _)| name == key)?;
        Some(value)
    }
}

/// Reads a document, or says what is wrong with it, without a word of its content.
pub(super) fn parse(bytes: &[u8]) -> Result<Node, String> {
    if bytes.len() > MAX_LENGTH {
        return Err(format!("it is longer than {MAX_LENGTH} bytes"));
    }
    if open_brackets(bytes) > MAX_BRACKETS {
        return Err("it is nested too deeply".to_owned());
    }
    let budget = Budget {
        nodes: Cell::new(MAX_NODES),
        text: Cell::new(MAX_TEXT),
    };
    let seed = Seed {
        budget: &budget,
        depth: 0,
    };
    let node = seed.deserialize(serde_yaml::Deserializer::from_slice(bytes));
    node.map_err(|error| match error.location() {
        Some(at) => format!("it is no YAML (line {}, column {})", at.line(), at.column()),
        None => "it is no YAML, or far too large".to_owned(),
    })
}

/// Returns how many brackets are open at most, those in quoted text included.
fn open_brackets(bytes: &[u8]) -> usize {
    let (mut open, mut most) = (0_usize, 0);
    for byte in bytes {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}

/// What is left of what a document may hold.
struct Budget {
    nodes: Cell<usize>,
    text: Cell<usize>,
}

impl Budget {
    fn take<E: serde::de::Error>(cell: &Cell<usize>, amount: usize) -> Result<(), E> {
        let rest = cell.get().checked_sub(amount);
        cell.set(rest.ok_or_else(|| E::custom("too large"))?);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    budget: &'a Budget,
    depth: usize,
}

impl Seed<'_> {
    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }

    fn text<E: serde::de::Error>(self, text: String) -> Result<Node, E> {
        Budget::take(&self.budget.text, text.len())?;
        Ok(Node::Text(text))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Budget::take(&self.budget.nodes, 1)?;
        if self.depth > MAX_DEPTH {
            return Err(D::Error::custom("too deep"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Node, E> {
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

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        self.text(value.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.text(value.to_owned())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.deeper())? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut pairs: Vec<(String, Node)> = Vec::new();
        while let Some((key, value)) = map.next_entry_seed(self.deeper(), self.deeper())? {
            let Node::Text(key) = key else {
                return Err(A::Error::custom("a key is no text"));
            };
            // Go's reader refuses such a document, too.
            if pairs.iter().any(|(name, _)| *name == key) {
                return Err(A::Error::custom("a key is given twice"));
            }
            pairs.push((key, value));
        }
        Ok(Node::Map(pairs))
    }
}
