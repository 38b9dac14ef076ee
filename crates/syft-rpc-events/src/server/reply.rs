//! Writes responses beside their requests.

use std::io;

use rustix::io::Errno;
use syft_state::{Email, Timestamp};
use tokio::task::spawn_blocking;

use super::{
    look::{Letter, SMALL, answer, directory_of, name_of},
    recent::Recent,
};
use crate::{
    layout::response_to,
    response::Response,
    tree::{Directory, Fingerprint, Replace, Tree},
};

/// What the relay and the Go client carry in one message, in bytes of the file.
const CARRIED: usize = 3_000_000;

/// Whoever writes responses.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) tree: Tree,
    pub(super) recent: Recent,
    pub(super) me: Email,
    pub(super) app: String,
}

impl Writer {
    /// Writes a response, and returns what the request looked like that it answers, or the
    /// response if it has to be written again later.
    pub(super) async fn deliver(
        &self,
        letter: &Letter,
        response: Response,
    ) -> Result<Option<Fingerprint>, Response> {
        match self.try_deliver(letter, response.clone()).await {
            Ok(print) => Ok(print),
            Err(error) if is_taken(&error) => {
                let path = &letter.path;
                tracing::warn!("{path} is left alone: no answer can take its place: {error}");
                Ok(Some(letter.print))
            }
            Err(error) => {
                tracing::error!("cannot answer {}: {error}", letter.path);
                Err(response)
            }
        }
    }

    async fn try_deliver(
        &self,
        letter: &Letter,
        response: Response,
    ) -> io::Result<Option<Fingerprint>> {
        let length = response.body.as_ref().map_or(0, bytes::Bytes::len);
        if length as u64 <= SMALL {
            return self.write(letter, response, now());
        }
        let (writer, letter) = (self.clone(), letter.clone());
        let write = spawn_blocking(move || writer.write(&letter, response, now()));
        write
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// A sender's directory that is gone has nobody who waits.
    fn write(
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
        let Some(name) = response_to(name_of(&letter.path)) else {
            return Ok(None);
        };
        let write = |directory: &Directory| {
            let replace = Replace::Yes;
            self.tree.write_in(directory, &name, &bytes, replace)
        };
        match self.recent.with(directory_of(&letter.path), write) {
            Ok(_) => Ok(Some(letter.print)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns whether something stands where a response or its directory should be, which only its
/// owner can change.
fn is_taken(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(
        errno,
        Some(Errno::ISDIR | Errno::NOTDIR | Errno::LOOP | Errno::NOTEMPTY | Errno::EXIST)
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "the writer is the shell that reads the clock"
)]
fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}
