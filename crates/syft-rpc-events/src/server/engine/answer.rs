//! From a look at a file to its answer.

use std::{
    future::{Future, ready},
    sync::Arc,
    time::Instant,
};

use super::{AGAIN, By, Done, Engine};
use crate::{
    message::Status,
    request::Request,
    response::{IntoResponse as _, Response},
    server::{
        UnknownEndpoint,
        inbox::{Look, Next, whose},
        journal::{Journal, Key, key_of},
        look::{Letter, Outcome, unreadable},
    },
    tree::Fingerprint,
};

impl Engine {
    pub(super) fn looked(&mut self, path: &Arc<str>, outcome: Outcome) {
        let now_here = Instant::now();
        match outcome {
            Outcome::Nothing(look) => drop(self.inbox.looked(path, look, now_here)),
            Outcome::Answered(print, key) => {
                self.inbox.looked(path, Look::Answered(print), now_here);
                if let Some(key) = key {
                    self.has_ended(&key);
                }
            }
            Outcome::TooLong => {
                let pushed = self.large.push(&whose(path).to_owned(), Arc::clone(path));
                pushed.expect("it has no limits");
            }
            Outcome::Unreadable(letter, error) => {
                tracing::debug!("{path} cannot be read yet: {error}");
                let look = Look::Unreadable(letter.print);
                if self.inbox.looked(path, look, now_here) == Next::GiveUp {
                    tracing::warn!("{path} is no request: {error}");
                    self.held += letter.held;
                    self.refuse(letter, unreadable(&error));
                }
            }
            Outcome::Refuse(letter, response) => {
                if self.inbox.looked(path, Look::Taken(letter.print), now_here) == Next::Answer {
                    self.held += letter.held;
                    self.refuse(letter, response);
                }
            }
            Outcome::Handle(letter, request) => {
                if self.inbox.looked(path, Look::Taken(letter.print), now_here) == Next::Answer {
                    self.held += letter.held;
                    self.enqueue(letter, request);
                }
            }
        }
    }

    /// Notes that an interrupted request has its answer: it was killed between the two notes.
    fn has_ended(&mut self, key: &Key) {
        if let Some(journal) = &mut self.journal
            && journal.was_interrupted(key)
            && let Err(error) = journal.end(*key)
        {
            tracing::error!("cannot write the journal: {error}");
        }
    }

    pub(super) fn enqueue(&mut self, letter: Letter, request: Request) {
        let is_known = self.routes.has(&letter.place.endpoint) || self.routes.has_fallback();
        if !is_known && self.options.unknown == UnknownEndpoint::Ignore {
            return self.settle(&letter, Some(letter.print));
        }
        let key = key_of(request.id, request.created);
        let was_interrupted = |journal: &Journal| journal.was_interrupted(&key);
        if self.journal.as_ref().is_some_and(was_interrupted) {
            tracing::warn!("{} was interrupted and is not handled again", letter.path);
            return self.refuse(letter, Response::internal_error());
        }
        let sender = request.sender.email().key();
        if let Err((letter, _)) = self.queue.push(&sender, (letter, request)) {
            tracing::warn!("{}: too many requests of {sender} wait", letter.path);
            let response = (Status::TOO_MANY_REQUESTS, "Too many requests wait.").into_response();
            self.refuse(letter, response);
        }
    }

    pub(super) fn start_handlers(&mut self) {
        while self.running < self.options.concurrency.get() {
            let Some((letter, request)) = self.queue.pop() else {
                break;
            };
            let key = key_of(request.id, request.created);
            if let Some(journal) = &mut self.journal
                && let Err(error) = journal.begin(key)
            {
                // Without a note of the beginning a crash would not be noticed: it waits.
                tracing::error!("cannot write the journal: {error}");
                self.work.spawn(async move {
                    tokio::time::sleep(AGAIN).await;
                    Done::Delayed(letter, request)
                });
                break;
            }
            self.running += 1;
            let routes = self.routes.clone();
            let response = async move { routes.dispatch(request).await };
            self.deliver(letter, By::Handler, response);
        }
    }

    fn refuse(&mut self, letter: Letter, response: Response) {
        self.refusing += 1;
        self.deliver(letter, By::Server, ready(response));
    }

    fn deliver<F>(&mut self, letter: Letter, by: By, response: F)
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let writer = self.writer.clone();
        self.work.spawn(async move {
            let response = response.await;
            let outcome = writer.deliver(&letter, response).await;
            Done::Answered(letter, outcome, by)
        });
    }

    pub(super) fn answered(
        &mut self,
        letter: Letter,
        outcome: Result<Option<Fingerprint>, Response>,
        by: By,
    ) {
        self.running -= usize::from(by == By::Handler);
        self.refusing -= usize::from(by == By::Server);
        self.board.note(|health| match by {
            By::Handler => health.handled += 1,
            By::Server => health.refused += 1,
            By::Retry => {}
        });
        match outcome {
            Ok(print) => self.finish(&letter, print),
            Err(response) => {
                self.board.note(|health| health.unwritten += 1);
                let again = async move {
                    tokio::time::sleep(AGAIN).await;
                    response
                };
                self.deliver(letter, By::Retry, again);
            }
        }
    }

    fn finish(&mut self, letter: &Letter, print: Option<Fingerprint>) {
        let created = letter.told.as_ref().map(|told| told.created);
        if let (Some(journal), Some(created)) = (&mut self.journal, created)
            && let Err(error) = journal.end(key_of(letter.place.id, created))
        {
            tracing::error!("cannot write the journal: {error}");
        }
        self.settle(letter, print);
    }

    fn settle(&mut self, letter: &Letter, print: Option<Fingerprint>) {
        self.held -= letter.held;
        self.inbox.finished(&letter.path, print, Instant::now());
    }
}
