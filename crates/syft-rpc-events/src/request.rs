//! A request as handlers see it.

use std::time::Duration;

use bytes::Bytes;
use syft_state::{Email, Timestamp};
use uuid::Uuid;

use crate::{
    message::{self, Headers, Method},
    url::SyftUrl,
};

/// A request whose place in the tree has been checked against what it says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its lasting identity; the same for every delivery of the same request.
    pub id: Uuid,
    /// Who sent it.
    pub sender: Caller,
    /// What was called, with its query.
    pub url: SyftUrl,
    /// The body; `None` is not the same as an empty one.
    pub body: Option<Bytes>,
    /// Headers in the order and case of the sender.
    pub headers: Headers,
    /// The method; nothing is routed by it.
    pub method: Method,
    /// When it was made, by the sender's clock.
    pub created: Timestamp,
    /// From when on nobody waits for an answer.
    pub expires: Timestamp,
}

/// Who sent a request, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The request lies in the directory of this sender, where the relay lets only them write.
    ///
    /// That is worth what the relay is worth: its HTTP bridge takes the sender's word for it.
    Directory(Email),
    /// The request lies where anybody may have put it, and says that this is its sender.
    Claimed(Email),
}

impl Caller {
    /// Returns the address, known or claimed.
    #[must_use]
    pub fn email(&self) -> &Email {
        match self {
            Self::Directory(email) | Self::Claimed(email) => email,
        }
    }
}

impl Request {
    /// Makes a request from nowhere, for dispatching without files; it expires in a day.
    #[must_use]
    pub fn new(sender: Email, url: SyftUrl, now: Timestamp) -> Self {
        Self {
            id: Uuid::new_v4(),
            sender: Caller::Directory(sender),
            url,
            body: None,
            headers: Headers::default(),
            method: Method::Post,
            created: now,
            expires: now.after(Duration::from_secs(24 * 60 * 60)),
        }
    }

    /// Gives it a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Takes a message whose sender has been established.
    pub(crate) fn from_message(message: message::Request, sender: Caller) -> Self {
        Self {
            id: message.id,
            sender,
            url: message.url,
            body: message.body.map(Bytes::from),
            headers: message.headers,
            method: message.method,
            created: message.created,
            expires: message.expires,
        }
    }

    /// Returns the endpoint that it names, without slashes around it.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.url.endpoint().map(|(_, endpoint)| endpoint)
    }
}
