use std::time::Duration;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use syft_state::Timestamp;
use uuid::{Builder, Uuid};

use super::{Headers, MessageError, Method, body, field::Field, fields::Fields, time};
use crate::url::SyftUrl;

/// A request as it stands in a `.request` file.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its lasting identity: the stem of its file and of its response's.
    pub id: Uuid,
    /// Who says to have sent it. Only the directory tells who has.
    pub sender: String,
    /// What is called.
    pub url: SyftUrl,
    /// The body; `None` is not the same as an empty one.
    pub body: Option<Vec<u8>>,
    /// Headers in the order and case of the sender.
    pub headers: Headers,
    /// When it was made, by the sender's clock.
    pub created: Timestamp,
    /// From when on nobody waits for an answer.
    pub expires: Timestamp,
    /// The method.
    pub method: Method,
}

#[derive(Serialize)]
struct Wire<'a> {
    id: Uuid,
    sender: &'a str,
    url: &'a str,
    body: Option<String>,
    headers: &'a Headers,
    created: String,
    expires: String,
    method: &'a str,
}

/// What makes two requests the same call, in the order that Python hashes.
#[derive(Serialize)]
struct Canonical<'a> {
    sender: &'a str,
    url: &'a str,
    body: Option<String>,
    headers: &'a Headers,
    method: &'a str,
}

impl Request {
    /// Reads a request; `id` is the stem of its file, for requests that tell none.
    ///
    /// # Errors
    /// [`MessageError`], which names the field and quotes nothing.
    pub fn parse(bytes: &[u8], id: Uuid, now: Timestamp) -> Result<Self, MessageError> {
        let fields = Fields::parse(bytes)?;
        let (created, expires) = fields.times(now)?;
        let method = match fields.get("method") {
            Field::Missing => Some(Method::default()),
            Field::Text(name) => Method::from_name(name),
            _ => None,
        };
        let method = method.ok_or(MessageError::invalid("method", "is no known method"))?;
        Ok(Self {
            id: fields.id()?.unwrap_or(id),
            sender: fields.text("sender")?.to_owned(),
            url: fields.url()?,
            body: fields.body()?,
            headers: fields.headers()?,
            created,
            expires,
            method,
        })
    }

    /// Returns the content of its file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let wire = Wire {
            id: self.id,
            sender: &self.sender,
            url: self.url.as_str(),
            body: self.body.as_deref().map(body::encode),
            headers: &self.headers,
            created: time::encode(self.created),
            expires: time::encode(self.expires),
            method: self.method.as_str(),
        };
        serde_json::to_vec(&wire).expect("a message is plain data")
    }

    /// Returns whether nobody waits for the answer any more, with a leeway for clocks that differ.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp, leeway: Duration) -> bool {
        now > self.expires.after(leeway)
    }

    /// Returns the id that Python's callers give to this call and to every repetition of it.
    #[must_use]
    pub fn coalesced_id(&self) -> Uuid {
        let canonical = Canonical {
            sender: &self.sender,
            url: self.url.as_str(),
            body: self.body.as_deref().map(body::encode),
            headers: &self.headers,
            method: self.method.as_str(),
        };
        let text = serde_json::to_vec(&canonical).expect("a message is plain data");
        let hash = Sha256::digest(&text);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Builder::from_random_bytes(bytes).into_uuid()
    }
}
