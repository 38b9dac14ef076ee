//! Sessions of resumable uploads.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{
    DEFAULT_TYPE, check_size,
    content_range::{ContentRange, bad_range},
    finish, text,
};
use crate::{
    drive::{
        call::Call,
        fields::Mask,
        file::Content,
        files::{Upload, show},
        metadata::Metadata,
    },
    error::ApiError,
    faults::Effects,
    state::App,
};

/// Google keeps multiples of this many bytes of an unfinished upload.
const GRAIN: u64 = 256 * 1024;
const LIFETIME: TimeDelta = TimeDelta::days(7);
/// The oldest session goes when a new one exceeds this.
const MAX_SESSIONS: usize = 1000;

/// All sessions by upload id; a restart forgets them, as Google's may.
#[derive(Debug, Default)]
pub(crate) struct Sessions(BTreeMap<String, Session>);

/// What an upload makes.
#[derive(Debug, Clone)]
pub(super) enum Target {
    New(Effects),
    Existing(String),
}

/// A resumable upload.
#[derive(Debug)]
pub(super) struct Session {
    call: Call,
    target: Target,
    metadata: Metadata,
    content_type: Option<String>,
    total: Option<u64>,
    opened: DateTime<Utc>,
    state: State,
}

#[derive(Debug)]
enum State {
    Receiving(BytesMut),
    Finishing,
    Done { file_id: String },
}

impl Session {
    pub(super) fn new(
        call: Call,
        target: Target,
        metadata: Metadata,
        content_type: Option<String>,
        total: Option<u64>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            call,
            target,
            metadata,
            content_type,
            total,
            opened: now,
            state: State::Receiving(BytesMut::new()),
        }
    }

    fn received(&self) -> u64 {
        match &self.state {
            State::Receiving(bytes) => bytes.len() as u64,
            _ => 0,
        }
    }
}

impl Sessions {
    pub(super) fn open(&mut self, id: String, session: Session) {
        let now = session.opened;
        self.0.retain(|_, known| now - known.opened < LIFETIME);
        if self.0.len() >= MAX_SESSIONS {
            let oldest = self.0.iter().min_by_key(|(_, known)| known.opened);
            if let Some(oldest) = oldest.map(|(id, _)| id.clone()) {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(id, session);
    }

    fn find(&mut self, id: &str, now: DateTime<Utc>) -> Result<&mut Session, ApiError> {
        let session = self.0.get_mut(id);
        session
            .filter(|session| now - session.opened < LIFETIME)
            .ok_or_else(|| ApiError::not_found("The upload session does not exist or has expired."))
    }
}

/// Ends a session without a file.
pub(super) fn cancel(app: &App, id: &str) -> Result<(), ApiError> {
    let now = app.now();
    app.write(|world| {
        world.drive.sessions.find(id, now)?;
        world.drive.sessions.0.remove(id);
        Ok(())
    })
}

/// Takes a chunk, or tells how much has arrived.
pub(super) async fn receive(
    app: &App,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let range = ContentRange::from_headers(headers)?;
    if let Some(answer) = begin(app, id, range, headers)? {
        return Ok(answer);
    }
    let ended = store_body(app, id, range, body).await?;
    let received = app.write(|world| {
        let now = app.now();
        let session = world.drive.sessions.find(id, now)?;
        if range == ContentRange::Rest && ended {
            session.total = Some(session.received());
        }
        Ok::<_, ApiError>((session.received(), session.total))
    })?;
    match received {
        (received, Some(total)) if received == total => complete(app, id),
        // Whoever only asks must not disturb a chunk that is still on its way.
        (received, _) if !range.carries_bytes() => Ok(incomplete(received / GRAIN * GRAIN)),
        (received, _) => keep(app, id, received / GRAIN * GRAIN),
    }
}

/// Forgets what does not fill a grain, and tells the client where to go on.
fn keep(app: &App, id: &str, kept: u64) -> Result<Response, ApiError> {
    let now = app.now();
    app.write(|world| {
        let session = world.drive.sessions.find(id, now)?;
        if let State::Receiving(bytes) = &mut session.state {
            bytes.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        }
        Ok(incomplete(kept))
    })
}

/// Checks a chunk against the session; returns the answer if there is nothing to store.
fn begin(
    app: &App,
    id: &str,
    range: ContentRange,
    headers: &HeaderMap,
) -> Result<Option<Response>, ApiError> {
    let now = app.now();
    let done = app.write(|world| {
        let session = world.drive.sessions.find(id, now)?;
        if let State::Done { file_id } = &session.state {
            return Ok(Some((session.call.clone(), file_id.clone())));
        }
        if matches!(session.state, State::Finishing) {
            return Err(busy());
        }
        if session.content_type.is_none() {
            let said = text(headers, &header::CONTENT_TYPE).filter(|_| range.carries_bytes());
            session.content_type = said.map(str::to_owned);
        }
        session.agree(range)?;
        Ok(None)
    })?;
    if let Some((call, file_id)) = done {
        let shown = app.read(|world| show(world, &call, &file_id));
        return shown.map(|answer| Some(answer.into_response()));
    }
    Ok(None)
}

impl Session {
    /// Compares what the client says with what has arrived, and forgets what it sends again.
    fn agree(&mut self, range: ContentRange) -> Result<(), ApiError> {
        let kept = match range {
            ContentRange::Ask { .. } => self.received(),
            ContentRange::Rest => 0,
            ContentRange::Chunk { start, .. } => start,
        };
        if let Some(total) = range.total() {
            check_size(total)?;
            if *self.total.get_or_insert(total) != total {
                return Err(bad_range("the total differs from the one announced"));
            }
        }
        let State::Receiving(bytes) = &mut self.state else {
            return Err(busy());
        };
        let known = bytes.len() as u64;
        if kept > known {
            return Err(bad_range("bytes before this chunk are missing"));
        }
        bytes.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        Ok(())
    }
}

/// Appends the body to the session as it arrives, so that a broken connection loses little.
///
/// Returns whether the body came to its end.
async fn store_body(
    app: &App,
    id: &str,
    range: ContentRange,
    body: Body,
) -> Result<bool, ApiError> {
    let mut left = range.length().unwrap_or(super::MAX_UPLOAD);
    let mut at = range.start();
    let mut stream = body.into_data_stream();
    while let Some(piece) = stream.next().await {
        let Ok(piece) = piece else { return Ok(false) };
        left = left
            .checked_sub(piece.len() as u64)
            .ok_or_else(|| bad_range("the body is longer than its Content-Range"))?;
        let now = app.now();
        app.write(|world| {
            let session = world.drive.sessions.find(id, now)?;
            match &mut session.state {
                State::Receiving(bytes) if bytes.len() as u64 == at => {
                    bytes.extend_from_slice(&piece);
                }
                _ => return Err(busy()),
            }
            Ok(())
        })?;
        at += piece.len() as u64;
    }
    Ok(true)
}

/// Turns the received bytes into a file, outside of the lock while hashing.
fn complete(app: &App, id: &str) -> Result<Response, ApiError> {
    let now = app.now();
    let (call, target, metadata, content_type, bytes) = app.write(|world| {
        let session = world.drive.sessions.find(id, now)?;
        let State::Receiving(bytes) = std::mem::replace(&mut session.state, State::Finishing)
        else {
            return Err(busy());
        };
        Ok((
            session.call.clone(),
            session.target.clone(),
            session.metadata.clone(),
            session.content_type.clone(),
            bytes.freeze(),
        ))
    })?;
    let upload = Upload {
        content: Content::new(bytes),
        content_type: Some(content_type.unwrap_or_else(|| DEFAULT_TYPE.to_owned())),
    };
    let whole = Call {
        mask: Mask::All,
        ..call.clone()
    };
    let made = finish(app, &whole, &target, &metadata, upload);
    app.write(|world| match &made {
        Ok(answer) => {
            let file_id = answer["id"].as_str().unwrap_or_default().to_owned();
            if let Ok(session) = world.drive.sessions.find(id, now) {
                session.state = State::Done { file_id };
            }
        }
        Err(_) => drop(world.drive.sessions.0.remove(id)),
    });
    let answer = made?;
    Ok(call.answer(answer.0).into_response())
}

fn incomplete(received: u64) -> Response {
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    if let Some(last) = received.checked_sub(1)
        && let Ok(range) = HeaderValue::from_str(&format!("bytes=0-{last}"))
    {
        response.headers_mut().insert(header::RANGE, range);
    }
    response
}

fn busy() -> ApiError {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    ApiError::new(
        status,
        "backendError",
        "Another request of this upload is under way.",
    )
}
