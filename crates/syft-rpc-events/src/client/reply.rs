use std::{borrow::Cow, io, time::Duration};

use serde::de::DeserializeOwned;
use syft_state::Timestamp;
use uuid::Uuid;

use super::{CallError, Desk, Pending};
use crate::{
    layout::{REQUEST, RESPONSE},
    message::{self, Headers, MessageError, Status},
};

/// The longest response that is read, in bytes of the file.
const LIMIT: u64 = 64 * 1024 * 1024;

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// How it went.
    pub status: Status,
    /// Headers.
    pub headers: Headers,
    /// The body; `None` is not the same as an empty one.
    pub body: Option<Vec<u8>>,
}

impl Reply {
    /// Returns the body as text; what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body.as_deref().unwrap_or_default())
    }

    /// Reads the body as JSON; no body is `null`.
    ///
    /// # Errors
    /// [`CallError::Unexpected`].
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        let body = self.body.as_deref().unwrap_or(b"null");
        serde_json::from_slice(body).map_err(CallError::Unexpected)
    }

    /// Returns the answer if it is a success.
    ///
    /// # Errors
    /// [`CallError::Refused`].
    pub fn success(self) -> Result<Self, CallError> {
        if self.status.is_success() {
            Ok(self)
        } else {
            Err(CallError::Refused(Box::new(self)))
        }
    }
}

/// What the files of a call say.
pub(super) enum State {
    Pending,
    Unreadable(MessageError),
    Answered(Reply),
}

impl Desk {
    /// Looks for the answer, and takes it if it is there.
    pub(super) fn look(&self, pending: &Pending, now: Timestamp) -> Result<State, CallError> {
        let id = pending.id;
        if let Some(marker) = self.rejection(id) {
            self.forget(&marker);
            self.forget(&self.name(id, REQUEST));
            return Err(CallError::Rejected);
        }
        let response = self.name(id, RESPONSE);
        match self.tree.read(&response, LIMIT) {
            Ok(content) => {
                let bytes = content.bytes.unwrap_or_default();
                return Ok(match message::Response::parse(&bytes, id, now) {
                    Ok(response) => return self.take(id, response, now),
                    Err(error) => State::Unreadable(error),
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                let path = self.tree.root().join(response);
                return Err(CallError::Files { path, source });
            }
        }
        match self.tree.look(&self.name(id, REQUEST)) {
            Ok(_) if now > pending.expires => {
                self.forget(&self.name(id, REQUEST));
                Err(CallError::Expired)
            }
            Ok(_) => Ok(State::Pending),
            // It may have been taken away just after an answer came.
            Err(_) if self.tree.look(&response).is_ok() => Ok(State::Pending),
            Err(_) => Err(CallError::Gone),
        }
    }

    fn take(
        &self,
        id: Uuid,
        response: message::Response,
        now: Timestamp,
    ) -> Result<State, CallError> {
        self.forget(&self.name(id, REQUEST));
        self.forget(&self.name(id, RESPONSE));
        if now > response.expires.after(Duration::ZERO) {
            return Err(CallError::Expired);
        }
        Ok(State::Answered(Reply {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }))
    }

    /// Returns the file that says that the relay has refused the request: the name has changed
    /// once, and gets a time when there is one already.
    fn rejection(&self, id: Uuid) -> Option<String> {
        let direct = [".syftrejected.request", ".rejected.request"];
        let direct = direct.map(|extension| self.name(id, extension));
        let found = direct.into_iter().find(|name| self.tree.look(name).is_ok());
        found.or_else(|| {
            // Only then is the request itself gone.
            self.tree.look(&self.name(id, REQUEST)).err()?;
            let prefix = format!("{id}.rejected.");
            let entries = self.tree.list(&self.directory).ok()?;
            let mut entries = entries.into_iter().filter(|entry| !entry.is_directory);
            let entry = entries.find(|entry| entry.name.starts_with(&prefix))?;
            Some(crate::tree::join(&self.directory, &entry.name))
        })
    }

    /// Removes a file; what cannot be removed now is removed by cleanup.
    fn forget(&self, name: &str) {
        if let Err(error) = self.tree.remove(name)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("cannot remove {name}: {error}");
        }
    }
}
