//! The fields that requests and responses share.

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use syft_state::Timestamp;
use uuid::Uuid;

use super::{Headers, MessageError, body, field::Field, time};
use crate::url::SyftUrl;

/// How long a message without `expires` is valid.
const DEFAULT_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// The fields that messages have.
const NAMES: [&str; 9] = [
    "id",
    "sender",
    "url",
    "body",
    "headers",
    "created",
    "expires",
    "method",
    "status_code",
];

/// A message's JSON object, from which fields are taken one by one.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>([Field<'a>; NAMES.len()]);

impl<'a> Fields<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, MessageError> {
        let text =
            std::str::from_utf8(bytes).map_err(|_| MessageError::NotJson("no UTF-8".to_owned()))?;
        serde_json::from_str(text).map_err(|error| MessageError::NotJson(place(&error)))
    }

    /// Returns one of [`NAMES`].
    pub(super) fn get(&self, name: &str) -> &Field<'a> {
        let index = NAMES.iter().position(|known| *known == name);
        index.map_or(&Field::Missing, |index| &self.0[index])
    }

    /// Returns the id, if the message tells one; Python also reads other spellings of it.
    pub(super) fn id(&self) -> Result<Option<Uuid>, MessageError> {
        let id = match self.get("id") {
            Field::Missing => return Ok(None),
            Field::Text(text) => Uuid::parse_str(text.trim()).ok(),
            _ => None,
        };
        id.map(Some)
            .ok_or(MessageError::invalid("id", "is no UUID"))
    }

    pub(super) fn text(&self, name: &'static str) -> Result<&str, MessageError> {
        match self.get(name) {
            Field::Missing => Err(MessageError::Missing(name)),
            Field::Text(text) => Ok(text),
            _ => Err(MessageError::invalid(name, "is no text")),
        }
    }

    pub(super) fn url(&self) -> Result<SyftUrl, MessageError> {
        let text = self.text("url")?;
        text.parse()
            .map_err(|_| MessageError::invalid("url", "is no syft:// URL"))
    }

    pub(super) fn body(&self) -> Result<Option<Vec<u8>>, MessageError> {
        match self.get("body") {
            Field::Missing | Field::Null => Ok(None),
            Field::Text(text) => body::decode(text)
                .map(Some)
                .ok_or(MessageError::invalid("body", "is no base64")),
            _ => Err(MessageError::invalid("body", "is neither text nor null")),
        }
    }

    pub(super) fn headers(&self) -> Result<Headers, MessageError> {
        let invalid = |reason| Err(MessageError::invalid("headers", reason));
        match self.get("headers") {
            Field::Missing => Ok(Headers::default()),
            Field::Texts(entries) => Ok(Headers::received(entries.clone())),
            Field::Object => invalid("holds a value that is no text, or too many"),
            _ => invalid("is no object"),
        }
    }

    /// Returns `created` and `expires`; what is absent counts from `now`.
    pub(super) fn times(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), MessageError> {
        let created = self.time("created")?.unwrap_or(now);
        let expires = self.time("expires")?;
        Ok((created, expires.unwrap_or_else(|| now.after(DEFAULT_LIFE))))
    }

    fn time(&self, name: &'static str) -> Result<Option<Timestamp>, MessageError> {
        match self.get(name) {
            Field::Missing => Ok(None),
            field => match time::decode(field) {
                Some(time) => Ok(Some(time)),
                None => Err(MessageError::invalid(name, "is no time")),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<Field<'de>>()? {
            let is_name = |known: &&str| matches!(&name, Field::Text(name) if name == known);
            match NAMES.iter().position(is_name) {
                Some(index) => fields.0[index] = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields)
    }
}

/// Where the JSON breaks off, without a word of the content (row 25 of the weaknesses).
fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}
