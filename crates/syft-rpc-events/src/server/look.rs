//! One look at a request file: what it is, and what is to be done with it.

use std::{io, time::Duration};

use syft_state::{Email, Timestamp};
use uuid::Uuid;

use super::{
    inbox::Look,
    journal::{Key, key_of},
    recent::Recent,
};
use crate::{
    layout::{Place, response_to},
    message::{self, MessageError, Status},
    request::{Caller, Request},
    response::{IntoResponse as _, Response},
    tree::{Content, Directory, Fingerprint},
};

/// A response that is longer is taken for one without a look into it.
const RESPONSE_LIMIT: u64 = 64 * 1024 * 1024;
/// Files up to this size are read and written at once, others on threads of their own.
pub(super) const SMALL: u64 = 64 * 1024;

/// What a look came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// There is nothing to answer, or not yet.
    Nothing(Look),
    /// It has an answer that is not older than itself; with what the journal knows it by.
    Answered(Fingerprint, Option<Key>),
    /// It is answered without a handler.
    Refuse(Letter, Response),
    /// It is to be handled.
    Handle(Letter, Request),
    /// It is no message, or not yet.
    Unreadable(Letter, MessageError),
    /// It is too large for a quick look.
    TooLong,
}

/// How much a look may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// Files up to [`SMALL`] are read, others are [`Outcome::TooLong`].
    Quick,
    /// Everything that may be read is read.
    Thorough,
}

/// What a response needs to know of its request.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) print: Fingerprint,
    /// How many bytes it keeps in memory, for one that took a thorough look.
    pub(super) held: u64,
    /// URL and times as the request tells them; none if it cannot be read.
    pub(super) told: Option<Told>,
}

/// What goes from a request into its response.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) url: crate::url::SyftUrl,
    pub(super) created: Timestamp,
    pub(super) expires: Timestamp,
}

/// What a look is made with.
#[derive(Clone, Debug)]
pub(super) struct Looker {
    pub(super) recent: Recent,
    pub(super) me: Email,
    pub(super) app: String,
    pub(super) limit: u64,
    pub(super) leeway: Duration,
}

impl Looker {
    /// Looks at a file; nothing that is in it or in its way makes this fail.
    pub(super) fn look(&self, path: &str, effort: Effort, now: Timestamp) -> Outcome {
        let Some(place) = Place::of(path) else {
            return Outcome::Nothing(Look::Gone);
        };
        let limit = match effort {
            Effort::Quick => SMALL.min(self.limit),
            Effort::Thorough => self.limit,
        };
        // The response comes first: a caller may take both away meanwhile, the request before the
        // response, and what is without an answer would be handled again.
        let both = self.recent.with(directory_of(path), |directory| {
            match answered_at(directory, path, place.id, effort) {
                Ok(answered) => Ok(Some((answered, directory.read(name_of(path), limit)?))),
                Err(TooLong) => Ok(None),
            }
        });
        let (answered, Content { print, bytes }) = match both {
            Ok(Some(found)) => found,
            Ok(None) => return Outcome::TooLong,
            Err(error) => return Outcome::Nothing(unreachable(path, &error)),
        };
        let mut letter = Letter {
            path: path.to_owned(),
            place,
            print,
            held: 0,
            told: None,
        };
        let Some(bytes) = bytes else {
            return match answered {
                _ if print.length() <= self.limit => Outcome::TooLong,
                Some(_) => Outcome::Answered(print, None),
                None => refuse(
                    letter,
                    Status::PAYLOAD_TOO_LARGE,
                    "The request is too large.",
                ),
            };
        };
        if effort == Effort::Thorough {
            letter.held = print.length();
        }
        match message::Request::parse(&bytes, letter.place.id, now) {
            // Row 19: an answer that is older than the request belongs to an earlier one.
            Ok(request) if answered.is_some_and(|at| at >= request.created) => {
                Outcome::Answered(print, Some(key_of(request.id, request.created)))
            }
            Ok(request) => self.judge(letter, request, now),
            Err(_) if answered.is_some() => Outcome::Answered(print, None),
            Err(error) => Outcome::Unreadable(letter, error),
        }
    }

    /// Decides about a request that can be read: the place counts, not what the request says.
    fn judge(&self, mut letter: Letter, message: message::Request, now: Timestamp) -> Outcome {
        letter.told = Some(Told {
            url: message.url.clone(),
            created: message.created,
            expires: message.expires,
        });
        if let Err(reason) = self.check(&letter.place, &message) {
            tracing::warn!("{} is refused: {reason}", letter.path);
            let text = format!("Error loading request: {reason}");
            return refuse(letter, Status::BAD_REQUEST, &text);
        }
        if message.is_expired(now, self.leeway) {
            return refuse(letter, Status::EXPIRED, "Request expired");
        }
        let sender = match &letter.place.sender {
            Some(email) => Caller::Directory(email.clone()),
            None => match message.sender.parse() {
                Ok(email) => Caller::Claimed(email),
                Err(_) => {
                    let text = "Error loading request: `sender` is no e-mail address";
                    return refuse(letter, Status::BAD_REQUEST, text);
                }
            },
        };
        Outcome::Handle(letter, Request::from_message(message, sender))
    }

    /// Rows 5 to 8: what a request says of itself must be what its place says.
    fn check(&self, place: &Place, message: &message::Request) -> Result<(), &'static str> {
        if message.id != place.id {
            return Err("`id` is not that of the file");
        }
        let is_sender = |email: &Email| email.is(&message.sender);
        if !place.sender.as_ref().is_none_or(is_sender) {
            return Err("`sender` is not the one whose directory it is in");
        }
        if !self.me.is(message.url.host()) {
            return Err("`url` is of another datasite");
        }
        match message.url.endpoint() {
            Some((app, endpoint)) if app == self.app && endpoint == place.endpoint.as_str() => {
                Ok(())
            }
            _ => Err("`url` is not that of the endpoint"),
        }
    }
}

fn unreachable(path: &str, error: &io::Error) -> Look {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
        // Rows 4 and 29: a link or a directory with the name of a request.
        _ => tracing::debug!("{path} is left alone: {error}"),
    }
    Look::Gone
}

/// Says that a response is too long for a quick look.
struct TooLong;

/// Returns when the response beside a request was made; one that cannot be read is none (row 13).
fn answered_at(
    directory: &Directory,
    path: &str,
    id: Uuid,
    effort: Effort,
) -> Result<Option<Timestamp>, TooLong> {
    let Some(name) = response_to(name_of(path)) else {
        return Ok(None);
    };
    let limit = match effort {
        Effort::Quick => SMALL,
        Effort::Thorough => RESPONSE_LIMIT,
    };
    let Ok(content) = directory.read(&name, limit) else {
        return Ok(None);
    };
    match content.bytes {
        Some(bytes) => {
            let response = message::Response::parse(&bytes, id, Timestamp::EPOCH);
            Ok(response.ok().map(|response| response.created))
        }
        None if content.print.length() <= RESPONSE_LIMIT => Err(TooLong),
        None => Ok(Some(Timestamp::from_micros(i64::MAX))),
    }
}

/// Returns the directory that a file is in.
pub(super) fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

pub(super) fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn refuse(letter: Letter, status: Status, text: &str) -> Outcome {
    Outcome::Refuse(letter, (status, text.to_owned()).into_response())
}

/// Answers a file that nobody is writing any more and that is no request; the beginning is what
/// Python writes, too.
pub(super) fn unreadable(error: &MessageError) -> Response {
    let text = format!("Error loading request: {error}");
    (Status::BAD_REQUEST, text).into_response()
}

/// Makes the message that answers a request.
pub(super) fn answer(
    letter: &Letter,
    response: Response,
    me: &Email,
    app: &str,
    now: Timestamp,
) -> message::Response {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let told = letter.told.as_ref();
    let url = told.map_or_else(|| url_of(letter, me, app), |told| told.url.clone());
    message::Response {
        id: letter.place.id,
        sender: me.to_string(),
        url,
        body: response.body.map(Vec::from),
        headers: response.headers,
        // A caller whose clock is ahead must not make its answer look older than its request.
        created: told.map_or(now, |told| now.max(told.created)),
        expires: told.map_or_else(|| now.after(DAY), |told| told.expires),
        status: response.status,
    }
}

/// Returns the address of a request's directory, for one that tells none.
fn url_of(letter: &Letter, me: &Email, app: &str) -> crate::url::SyftUrl {
    let url = crate::url::SyftUrl::of_endpoint(me.as_str(), app, directory_of(&letter.path));
    url.unwrap_or_else(|_| crate::url::SyftUrl::nowhere())
}
