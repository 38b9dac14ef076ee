//! Which request files to look at, and when: decided without a clock and without a disk.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use super::queue::FairQueue;
use crate::{claims::Claims, tree::Fingerprint};

/// The waits between two looks at a file that is not whole yet; the last one repeats.
const WAITS: [u64; 6] = [5, 20, 50, 100, 200, 400];
/// A file that does not change for so long is as whole as it will ever be.
const PATIENCE: Duration = Duration::from_secs(2);

/// What became of a look at a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It is not there any more, or is none of ours.
    Gone,
    /// It has an answer that is not older than itself.
    Answered(Fingerprint),
    /// It is no message, or not yet.
    Unreadable(Fingerprint),
    /// It is a request that waits for an answer.
    Taken(Fingerprint),
}

/// What to do after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing, or nothing yet.
    Nothing,
    /// Answer it.
    Answer,
    /// Answer that it cannot be read: nobody is writing it any more.
    GiveUp,
}

/// The request files that are known, by their path below `rpc/`.
#[derive(Debug)]
pub(super) struct Inbox {
    files: HashMap<Arc<str>, File>,
    /// Files to look at later, by when.
    later: BTreeSet<(Instant, Arc<str>)>,
    /// Files to look at now: nobody's flood of files delays anybody else.
    ready: FairQueue<String, Arc<str>>,
    /// When files were last handed out.
    polled: Option<Instant>,
    /// The files that are busy, for others to know.
    claims: Claims,
}

#[derive(Clone, Copy, Debug)]
enum File {
    /// It is looked at then.
    Waiting { at: Instant, past: Past },
    /// It is looked at now, or its handler runs. Hints meanwhile are remembered.
    Busy { again: bool, past: Past },
    /// Nothing is to be done until it changes.
    Done(Fingerprint),
}

/// What is known of a file from earlier looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    Unknown,
    Unreadable(Trouble),
    /// It was answered as it was then. Its caller may take the answer away before the request.
    Done(Fingerprint),
}

/// A file that could not be read so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Trouble {
    print: Fingerprint,
    since: Instant,
    looks: usize,
}

impl Inbox {
    /// Makes one that knows no file, and claims those that are busy.
    pub(super) fn new(claims: Claims) -> Self {
        Self {
            files: HashMap::new(),
            later: BTreeSet::new(),
            // There are not more of them than files.
            ready: FairQueue::new(usize::MAX, usize::MAX),
            polled: None,
            claims,
        }
    }

    /// Notes that a file may have news: an event, or a sweep that found it.
    pub(super) fn hint(&mut self, path: &str, now: Instant) {
        match self.files.get_mut(path) {
            Some(File::Busy { again, .. }) => *again = true,
            Some(File::Waiting { at, past }) if *at > now => {
                let (at, past) = (*at, *past);
                let path: Arc<str> = path.into();
                self.later.remove(&(at, Arc::clone(&path)));
                self.wait(path, now, past);
            }
            Some(File::Waiting { .. }) => {}
            Some(File::Done(print)) => {
                let past = Past::Done(*print);
                self.wait(path.into(), now, past);
            }
            None => self.wait(path.into(), now, Past::Unknown),
        }
    }

    /// Notes what a sweep saw: a file that is as it was needs no look.
    pub(super) fn saw(&mut self, path: &str, print: Fingerprint, now: Instant) {
        let is_known = match self.files.get(path) {
            Some(File::Done(known)) => *known == print,
            Some(File::Waiting { .. } | File::Busy { .. }) => true,
            None => false,
        };
        if !is_known {
            self.hint(path, now);
        }
    }

    /// Returns the files to look at now; each is busy until [`Self::looked`].
    pub(super) fn poll(&mut self, now: Instant, most: usize) -> Vec<Arc<str>> {
        self.polled = Some(now);
        while let Some((at, _)) = self.later.first()
            && *at <= now
            && let Some((_, path)) = self.later.pop_first()
        {
            let pushed = self.ready.push(&whose(&path).to_owned(), path);
            pushed.expect("it has no limits");
        }
        let mut paths = Vec::new();
        while paths.len() < most
            && let Some(path) = self.ready.pop()
        {
            if let Some(file) = self.files.get_mut(&path)
                && let File::Waiting { past, .. } = *file
            {
                *file = File::Busy { again: false, past };
                self.claims.take(&path);
                paths.push(path);
            }
        }
        paths
    }

    /// Returns when to poll next, if anything waits.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.ready.len() > 0 {
            return self.polled;
        }
        self.later.first().map(|(at, _)| *at)
    }

    /// Takes the outcome of a look; after [`Next::Answer`] and [`Next::GiveUp`] the file is busy
    /// until [`Self::finished`].
    pub(super) fn looked(&mut self, path: &str, look: Look, now: Instant) -> Next {
        let Some(File::Busy { again, past }) = self.files.get(path).copied() else {
            return Next::Nothing;
        };
        match look {
            Look::Taken(print) if past == Past::Done(print) => {
                self.settle(path, Some(print), again, now);
                Next::Nothing
            }
            Look::Taken(_) => Next::Answer,
            Look::Gone => {
                self.settle(path, None, again, now);
                Next::Nothing
            }
            Look::Answered(print) => {
                self.settle(path, Some(print), again, now);
                Next::Nothing
            }
            Look::Unreadable(print) => self.unreadable(path, print, past, now),
        }
    }

    /// Notes that a file was answered; `None` if nothing is to be remembered of it.
    pub(super) fn finished(&mut self, path: &str, print: Option<Fingerprint>, now: Instant) {
        if let Some(File::Busy { again, .. }) = self.files.get(path).copied() {
            self.settle(path, print, again, now);
        }
    }

    /// Forgets files that are done and not among those that are there.
    pub(super) fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        self.files
            .retain(|path, file| !matches!(file, File::Done(_)) || is_there(path));
    }

    /// Returns how many files wait for a look.
    pub(super) fn waiting(&self) -> usize {
        self.later.len() + self.ready.len()
    }

    fn unreadable(&mut self, path: &str, print: Fingerprint, before: Past, now: Instant) -> Next {
        let trouble = match before {
            Past::Unreadable(before) if before.print == print => Trouble {
                looks: before.looks + 1,
                ..before
            },
            _ => Trouble {
                print,
                since: now,
                looks: 0,
            },
        };
        if now.saturating_duration_since(trouble.since) >= PATIENCE {
            return Next::GiveUp;
        }
        let wait = WAITS[trouble.looks.min(WAITS.len() - 1)];
        let at = now + Duration::from_millis(wait);
        self.claims.release(path);
        self.wait(path.into(), at, Past::Unreadable(trouble));
        Next::Nothing
    }

    fn settle(&mut self, path: &str, print: Option<Fingerprint>, again: bool, now: Instant) {
        self.claims.release(path);
        match (again, print) {
            (true, print) => {
                self.wait(path.into(), now, print.map_or(Past::Unknown, Past::Done));
            }
            (false, Some(print)) => {
                if let Some(file) = self.files.get_mut(path) {
                    *file = File::Done(print);
                }
            }
            (false, None) => {
                self.files.remove(path);
            }
        }
    }

    fn wait(&mut self, path: Arc<str>, at: Instant, past: Past) {
        let file = File::Waiting { at, past };
        match self.files.entry(Arc::clone(&path)) {
            Entry::Occupied(mut known) => drop(known.insert(file)),
            Entry::Vacant(place) => drop(place.insert(file)),
        }
        self.later.insert((at, path));
    }
}

/// Returns the directory that a file is in by its own name, which is the sender.
pub(super) fn whose(path: &str) -> &str {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    directory.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
