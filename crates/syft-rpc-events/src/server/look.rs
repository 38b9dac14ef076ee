//! One look at a request file: what it is, and what is to be done with it.

use std::{io, time::Duration};

use syft_state::{Email, Timestamp};

use super::inbox::Look;
use crate::{
    layout::{Place, response_to},
    message::{self, MessageError, Status},
    request::{Caller, Request},
    response::{IntoResponse as _, Response},
    tree::{Content, Fingerprint, Tree},
};

/// A response is at most so much larger than what is read of requests.
const RESPONSE_LIMIT: u64 = 64 * 1024 * 1024;

/// What a look came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// There is nothing to answer, or not yet.
    Nothing(Look),
    /// It is answered without a handler.
    Refuse(Letter, Response),
    /// It is to be handled.
    Handle(Letter, Request),
}

/// What a response needs to know of its request.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) print: Fingerprint,
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
    pub(super) tree: Tree,
    pub(super) me: Email,
    pub(super) app: String,
    pub(super) limit: u64,
    pub(super) leeway: Duration,
}

impl Looker {
    /// Looks at a file; nothing that is in it or in its way makes this fail.
    pub(super) fn look(&self, path: &str, now: Timestamp) -> Outcome {
        let Some(place) = Place::of(path) else {
            return Outcome::Nothing(Look::Gone);
        };
        let content = match self.tree.read(path, self.limit) {
            Ok(content) => content,
            Err(error) => return Outcome::Nothing(self.unreachable(path, &error)),
        };
        let letter = Letter {
            path: path.to_owned(),
            print: content.print,
            place,
            told: None,
        };
        let answered = self.answered_at(&letter);
        let Content { print, bytes } = content;
        let Some(bytes) = bytes else {
            return match answered {
                Some(_) => Outcome::Nothing(Look::Answered(print)),
                None => refuse(
                    letter,
                    Status::PAYLOAD_TOO_LARGE,
                    "The request is too large.",
                ),
            };
        };
        match message::Request::parse(&bytes, letter.place.id, now) {
            // Row 19: an answer that is older than the request belongs to an earlier one.
            Ok(request) if answered.is_some_and(|at| at >= request.created) => {
                Outcome::Nothing(Look::Answered(print))
            }
            Ok(request) => self.judge(letter, request, now),
            Err(_) if answered.is_some() => Outcome::Nothing(Look::Answered(print)),
            Err(error) => {
                tracing::debug!("{path} cannot be read yet: {error}");
                Outcome::Nothing(Look::Unreadable(print))
            }
        }
    }

    /// Answers a file that nobody is writing any more and that is no request.
    pub(super) fn give_up(&self, path: &str, now: Timestamp) -> Outcome {
        let Some(place) = Place::of(path) else {
            return Outcome::Nothing(Look::Gone);
        };
        let content = match self.tree.read(path, self.limit) {
            Ok(content) => content,
            Err(error) => return Outcome::Nothing(self.unreachable(path, &error)),
        };
        let bytes = content.bytes.unwrap_or_default();
        let Err(error) = message::Request::parse(&bytes, place.id, now) else {
            return self.look(path, now);
        };
        tracing::warn!("{path} is no request: {error}");
        let letter = Letter {
            path: path.to_owned(),
            print: content.print,
            place,
            told: None,
        };
        refuse(letter, Status::BAD_REQUEST, &unreadable(&error))
    }

    fn unreachable(&self, path: &str, error: &io::Error) -> Look {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {}
            // Rows 4 and 29: a link or a directory with the name of a request.
            _ => tracing::debug!("{path} is left alone: {error}"),
        }
        Look::Gone
    }

    /// Returns when the response beside a request was made; one that cannot be read is none
    /// (row 13).
    fn answered_at(&self, letter: &Letter) -> Option<Timestamp> {
        let path = response_to(&letter.path)?;
        let content = self.tree.read(&path, RESPONSE_LIMIT).ok()?;
        let Some(bytes) = content.bytes else {
            return Some(Timestamp::from_micros(i64::MAX));
        };
        let oldest = Timestamp::EPOCH;
        let response = message::Response::parse(&bytes, letter.place.id, oldest).ok()?;
        Some(response.created)
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

fn refuse(letter: Letter, status: Status, text: &str) -> Outcome {
    Outcome::Refuse(letter, (status, text.to_owned()).into_response())
}

/// The beginning is what Python writes, too.
fn unreadable(error: &MessageError) -> String {
    format!("Error loading request: {error}")
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
    let directory = letter.path.rsplit_once('/').map_or("", |(path, _)| path);
    let url = crate::url::SyftUrl::of_endpoint(me.as_str(), app, directory);
    url.unwrap_or_else(|_| crate::url::SyftUrl::nowhere())
}
