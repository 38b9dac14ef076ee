//! Opens messages: streams them from Drive into the parser, with limits on everything.

use std::io;

use futures_util::{StreamExt, stream};
use syft_state::Email;
use syft_transport::{Drive, Error, FileId};
use tokio::io::AsyncWriteExt;
use tokio_util::io::SyncIoBridge;

use crate::{
    proposal::{self, Limits, Parsed, ProposalError, Submission},
    sight::SeenMessage,
};

/// How many messages are read at once.
const PARALLEL: usize = 8;
/// How much of a message waits between the network and the parser, in bytes.
const PIPE: usize = 64 * 1024;

/// What is in a message.
#[derive(Clone, Debug)]
pub enum Content {
    /// Jobs, or none: then it changes other files only.
    Jobs(Vec<Submission>),
    /// Something that only the data owner's client can open.
    Encrypted,
    /// Something that cannot be read, however often it is tried.
    Unreadable(String),
}

/// A message and what came of opening it.
#[derive(Debug)]
pub struct Opened {
    /// Which message.
    pub message: SeenMessage,
    /// Its content, or why it could not be looked at this time (T20).
    pub content: Result<Content, Error>,
}

/// Opens all messages, several at once, and returns them in their order.
pub async fn open_all(
    drive: &dyn Drive,
    messages: Vec<SeenMessage>,
    limits: &Limits,
) -> Vec<Opened> {
    stream::iter(messages)
        .map(|message| async move {
            let content = open(drive, &message, limits).await;
            Opened { message, content }
        })
        .buffered(PARALLEL)
        .collect()
        .await
}

async fn open(drive: &dyn Drive, message: &SeenMessage, limits: &Limits) -> Result<Content, Error> {
    let limit = limits.compressed;
    if message.size.is_some_and(|size| size > limit) {
        return Ok(Content::Unreadable(format!(
            "it is larger than {limit} bytes"
        )));
    }
    let (mut writer, reader) = tokio::io::duplex(PIPE);
    let peer = message.peer.clone();
    let limits = limits.clone();
    let reader = SyncIoBridge::new(reader);
    let parser = tokio::task::spawn_blocking(move || parse(reader, &peer, &limits));
    let read = read(drive, message, limit, &mut writer).await;
    drop(writer);
    let parsed = parser.await.map_err(|error| Error::Unavailable {
        what: format!("message {}", message.id),
        reason: "its reader stopped".to_owned(),
        source: Some(error.into()),
    })?;
    judge(parsed, read)
}

async fn read(
    drive: &dyn Drive,
    message: &SeenMessage,
    limit: u64,
    writer: &mut tokio::io::DuplexStream,
) -> Result<u64, Error> {
    let read = drive.read(&message.id, limit, writer).await;
    // The other end reads until the end, so closing can only fail when its thread died.
    writer
        .shutdown()
        .await
        .map_err(|source| Error::Unavailable {
            what: format!("message {}", message.id),
            reason: "its reader stopped".to_owned(),
            source: Some(source.into()),
        })?;
    whole(read?, message.size, &message.id)
}

/// Returns the length of what was read, if it is the length that Drive lists.
///
/// A proxy or a login page may answer with a text of its own, which would pass for an encrypted
/// submission.
pub(crate) fn whole(length: u64, listed: Option<u64>, id: &FileId) -> Result<u64, Error> {
    match listed {
        Some(listed) if listed != length => Err(Error::Unavailable {
            what: format!("file {id}"),
            reason: format!("{length} bytes came instead of {listed}"),
            source: None,
        }),
        _ => Ok(length),
    }
}

fn parse(
    mut reader: SyncIoBridge<tokio::io::DuplexStream>,
    peer: &Email,
    limits: &Limits,
) -> Result<Content, ProposalError> {
    let parsed = proposal::parse(&mut reader, limits);
    // Reading to the end tells a broken archive from a broken connection; an error here is
    // the connection's, which the other end reports.
    let _rest = io::copy(&mut reader, &mut io::sink());
    Ok(match parsed? {
        Parsed::Encrypted => Content::Encrypted,
        Parsed::Proposal(proposal) => Content::Jobs(proposal::submissions(&proposal, peer)),
    })
}

/// T20: what the archive holds counts only when all of it arrived.
fn judge(
    parsed: Result<Content, ProposalError>,
    read: Result<u64, Error>,
) -> Result<Content, Error> {
    match (parsed, read) {
        (_, Err(Error::TooLarge { limit, .. })) => Ok(Content::Unreadable(format!(
            "it is larger than {limit} bytes"
        ))),
        (_, Err(error)) => Err(error),
        (Ok(content), Ok(_)) => Ok(content),
        (Err(error), Ok(_)) if error.is_permanent() => Ok(Content::Unreadable(error.to_string())),
        (Err(error), Ok(_)) => Err(Error::Unavailable {
            what: "a message".to_owned(),
            reason: "it ended too early".to_owned(),
            source: Some(error.into()),
        }),
    }
}
