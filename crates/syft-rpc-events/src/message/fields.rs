//! The fields that requests and responses share.

use std::time::Duration;

use serde_json::{Map, Value};
use syft_state::Timestamp;
use uuid::Uuid;

use super::{Headers, MessageError, body, time};
use crate::url::SyftUrl;

/// How long a message without `expires` is valid.
const DEFAULT_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// A message's JSON object, from which fields are taken one by one.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(MessageError::NotJson("another kind of value".to_owned())),
            Err(error) => Err(MessageError::NotJson(place(&error))),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns the id, if the message tells one; Python also reads other spellings of it.
    pub(super) fn id(&self) -> Result<Option<Uuid>, MessageError> {
        let id = match self.get("id") {
            None => return Ok(None),
            Some(Value::String(text)) => Uuid::parse_str(text.trim()).ok(),
            Some(_) => None,
        };
        id.map(Some)
            .ok_or(MessageError::invalid("id", "is no UUID"))
    }

    pub(super) fn text(&self, name: &'static str) -> Result<&str, MessageError> {
        match self.get(name) {
            None => Err(MessageError::Missing(name)),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(MessageError::invalid(name, "is no text")),
        }
    }

    pub(super) fn url(&self) -> Result<SyftUrl, MessageError> {
        let text = self.text("url")?;
        text.parse()
            .map_err(|_| MessageError::invalid("url", "is no syft:// URL"))
    }

    pub(super) fn body(&self) -> Result<Option<Vec<u8>>, MessageError> {
        match self.get("body") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => body::decode(text)
                .map(Some)
                .ok_or(MessageError::invalid("body", "is no base64")),
            Some(_) => Err(MessageError::invalid("body", "is neither text nor null")),
        }
    }

    pub(super) fn headers(&self) -> Result<Headers, MessageError> {
        let entries = match self.get("headers") {
            None => return Ok(Headers::default()),
            Some(Value::Object(entries)) => entries,
            Some(_) => return Err(MessageError::invalid("headers", "is no object")),
        };
        let mut headers = Headers::default();
        for (name, value) in entries {
            let Value::String(value) = value else {
                let reason = "holds a value that is no text";
                return Err(MessageError::invalid("headers", reason));
            };
            headers.push(name.clone(), value.clone());
        }
        Ok(headers)
    }

    /// Returns `created` and `expires`; what is absent counts from `now`.
    pub(super) fn times(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), MessageError> {
        let created = self.time("created")?.unwrap_or(now);
        let expires = self.time("expires")?;
        Ok((created, expires.unwrap_or_else(|| now.after(DEFAULT_LIFE))))
    }

    fn time(&self, name: &'static str) -> Result<Option<Timestamp>, MessageError> {
        let decode = |value| time::decode(value).ok_or(MessageError::invalid(name, "is no time"));
        self.get(name).map(decode).transpose()
    }
}

/// Where the JSON breaks off, without a word of the content (row 25 of the weaknesses).
fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}
