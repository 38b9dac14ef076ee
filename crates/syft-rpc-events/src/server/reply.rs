//! Writes responses beside their requests.

use std::io;

use syft_state::{Email, Timestamp};

use super::look::{Letter, answer};
use crate::{
    layout::response_to,
    response::Response,
    tree::{Fingerprint, Replace, Tree},
};

/// What the relay and the Go client carry in one message, in bytes of the file.
const CARRIED: usize = 3_000_000;

/// Whoever writes responses.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) tree: Tree,
    pub(super) me: Email,
    pub(super) app: String,
}

impl Writer {
    /// Writes a response, and returns what the request looked like that it answers.
    ///
    /// A sender's directory that is gone has nobody who waits.
    pub(super) fn write(
        &self,
        letter: &Letter,
        response: Response,
        now: Timestamp,
    ) -> io::Result<Option<Fingerprint>> {
        let message = answer(letter, response, &self.me, &self.app, now);
        let bytes = message.encode();
        if bytes.len() > CARRIED {
            tracing::warn!(
                "the response to {} has {} bytes: a peer gets it late or never",
                letter.path,
                bytes.len()
            );
        }
        let Some(path) = response_to(&letter.path) else {
            return Ok(None);
        };
        match self.tree.write(&path, &bytes, Replace::Yes) {
            Ok(_) => Ok(Some(letter.print)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
