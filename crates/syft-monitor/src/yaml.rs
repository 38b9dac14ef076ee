//! Small YAML documents whose author may be hostile: `config.yaml` and `state.yaml`.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// The longest document in bytes that is looked at.
pub(crate) const MAX_LENGTH: usize = 64 << 10;
/// How many nodes a document may have once its aliases are followed.
const MAX_NODES: usize = 10_000;
/// How many bytes of text, likewise.
const MAX_TEXT: usize = 256 << 10;
const MAX_DEPTH: usize = 16;
/// How many brackets may be open; the parser's time grows with the square of it.
const MAX_BRACKETS: usize = 100;

/// A YAML document; whatever is no list, mapping or null is its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Null,
    Text(String),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
}

/// Says that a document is cut off, malformed or too large.
#[derive(Debug, thiserror::Error)]
pub(crate) enum YamlError {
    #[error("longer than {MAX_LENGTH} bytes")]
    TooLong,
    #[error("nested too deeply")]
    TooDeep,
    #[error("empty")]
    Empty,
    #[error("not a mapping")]
    NoMapping,
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
pub(crate) fn parse_mapping(text: &[u8]) -> Result<Node, YamlError> {
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
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        let is_key = |node: &Self| matches!(node, Self::Text(text) if text == key);
        pairs
            .iter()
            .rev()
            .find(|(name, _)| is_key(name))
            .map(|(_, value)| value)
    }

    /// Returns the text of a key of a mapping; `name: 123` is the text `123`.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::as_text)
    }

    /// Returns the text that this node is.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns every text below this node, without the keys.
    pub(crate) fn texts(&self) -> Vec<&str> {
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
            map.push((key, pairs.next_value_seed(self.deeper())?));
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_python_writes() {
        let text = "code_path: /tmp/a.py\ndatasets:\n  do@x.org:\n  - one\n  - two\ndependencies: [numpy, 3]\n\
                    is_folder_submission: false\nname: 123\nsubmitted_at: '2025-12-10T10:26:53.445376+00:00'\n\
                    empty: null\nname2: 99999999999999999999\n";
        let node = parse_mapping(text.as_bytes()).unwrap();
        assert_eq!(node.text("name"), Some("123"));
        assert_eq!(node.text("name2"), Some("99999999999999999999"));
        assert_eq!(node.text("is_folder_submission"), Some("false"));
        assert_eq!(
            node.text("submitted_at"),
            Some("2025-12-10T10:26:53.445376+00:00")
        );
        assert_eq!(node.get("dependencies").unwrap().texts(), ["numpy", "3"]);
        assert_eq!(node.get("datasets").unwrap().texts(), ["one", "two"]);
        assert_eq!(node.get("empty"), Some(&Node::Null));
        assert_eq!(node.text("empty"), None);
        assert_eq!(node.get("missing"), None);
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        for text in [
            "",
            "# nothing\n",
            "name: 'a",
            "name",
            "- a\n",
            "a: [b",
            "a: !tag b",
            "a: 1\n---\nb: 2\n",
        ] {
            assert!(parse_mapping(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(parse_mapping(b"name: \xff\n").is_err());
        assert!(matches!(
            parse_mapping(&vec![b' '; MAX_LENGTH + 1]),
            Err(YamlError::TooLong)
        ));
    }

    #[test]
    fn t6_aliases_and_depth_are_bounded() {
        let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = level - 1;
            laughs.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                vec![format!("*a{before}"); 10].join(", ")
            ));
        }
        let wide = format!(
            "a: &a [{}]\nb: [{}]\n",
            "x, ".repeat(9_000),
            "*a, ".repeat(7_000)
        );
        let long = format!(
            "a: &a {}\nb: [{}]\n",
            "x".repeat(30_000),
            "*a, ".repeat(8_000)
        );
        let deep = format!("a: {}", "[".repeat(60_000));
        let flow = format!("a: {}", "{a: ".repeat(15_000));
        let itself = "a: &a [*a]\n".to_owned();
        let dashes = format!("a:\n {}", "- ".repeat(30_000));
        let question_marks = "? ".repeat(30_000);
        for bomb in [
            laughs,
            wide,
            long,
            deep,
            flow,
            itself,
            dashes,
            question_marks,
        ] {
            let started = Instant::now();
            assert!(
                parse_mapping(bomb.as_bytes()).is_err(),
                "{}",
                &bomb[..40.min(bomb.len())]
            );
            assert!(
                started.elapsed() < Duration::from_secs(5),
                "{}",
                &bomb[..10]
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _node = parse_mapping(&text);
        }

        #[test]
        fn never_panics_on_what_looks_like_yaml(text in "[-a:,&*!|>{}\\[\\]'\"\\n #?%]{0,80}") {
            let _node = parse_mapping(text.as_bytes());
        }
    }
}
