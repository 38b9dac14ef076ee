//! The value of one field, as far as any message needs it; the rest is read past and not kept.
//!
//! A file full of `[0,0,0,…` takes sixteen times its size as a tree of values, and a peer may send
//! many of them.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// More entries than any honest message has.
const ENTRIES: usize = 1_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Field<'a> {
    /// The message does not have it.
    #[default]
    Missing,
    Null,
    Number(f64),
    Text(Cow<'a, str>),
    /// An object whose values are all text, of names that differ.
    Texts(Vec<(String, String)>),
    /// An object with other values, or with too many.
    Object,
    /// Anything else.
    Other,
}

impl<'de> Deserialize<'de> for Field<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Field::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Field::Other)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "so large a number is neither a time nor a status"
    )]
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Field::Number(number as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "so large a number is neither a time nor a status"
    )]
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Field::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Field::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Field::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut texts: Vec<(String, String)> = Vec::new();
        while let Some(entry) = map.next_entry::<Field<'de>, Field<'de>>()? {
            let (Field::Text(name), Field::Text(value)) = entry else {
                return ignore(map);
            };
            // As for Python, the last of several values counts.
            if let Some(known) = texts.iter_mut().find(|(known, _)| *known == name) {
                known.1 = value.into_owned();
            } else if texts.len() == ENTRIES {
                return ignore(map);
            } else {
                texts.push((name.into_owned(), value.into_owned()));
            }
        }
        Ok(Field::Texts(texts))
    }
}

fn ignore<'de, A: MapAccess<'de>>(mut map: A) -> Result<Field<'de>, A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(Field::Object)
}
