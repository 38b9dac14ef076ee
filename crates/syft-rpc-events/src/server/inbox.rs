//! Which request files to look at, and when: decided without a clock and without a disk.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::tree::Fingerprint;

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
    /// It is a request and its handler is called.
    Taken,
}

/// What to do after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing, or nothing yet.
    Nothing,
    /// Answer that it cannot be read: nobody is writing it any more.
    GiveUp,
}

/// The request files that are known, by their path below `rpc/`.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    files: HashMap<Arc<str>, File>,
    /// Files to look at, by when.
    due: BTreeSet<(Instant, Arc<str>)>,
}

#[derive(Clone, Copy, Debug)]
enum File {
    /// It is looked at then.
    Waiting {
        at: Instant,
        trouble: Option<Trouble>,
    },
    /// It is looked at now, or its handler runs. Hints meanwhile are remembered.
    Busy {
        again: bool,
        trouble: Option<Trouble>,
    },
    /// Nothing is to be done until it changes.
    Done(Fingerprint),
}

/// A file that could not be read so far.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    print: Fingerprint,
    since: Instant,
    looks: usize,
}

impl Inbox {
    /// Notes that a file may have news: an event, or a sweep that found it.
    pub(super) fn hint(&mut self, path: &str, now: Instant) {
        match self.files.get_mut(path) {
            Some(File::Busy { again, .. }) => *again = true,
            Some(File::Waiting { at, trouble }) if *at > now => {
                let (at, trouble) = (*at, *trouble);
                let path: Arc<str> = path.into();
                self.due.remove(&(at, Arc::clone(&path)));
                self.wait(path, now, trouble);
            }
            Some(File::Waiting { .. }) => {}
            Some(File::Done(_)) | None => self.wait(path.into(), now, None),
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
        let mut paths = Vec::new();
        while paths.len() < most {
            match self.due.first() {
                Some((at, _)) if *at <= now => {}
                _ => break,
            }
            let Some((_, path)) = self.due.pop_first() else {
                break;
            };
            if let Some(file @ File::Waiting { .. }) = self.files.get_mut(&path) {
                let trouble = match file {
                    File::Waiting { trouble, .. } => *trouble,
                    _ => None,
                };
                *file = File::Busy {
                    again: false,
                    trouble,
                };
                paths.push(path);
            }
        }
        paths
    }

    /// Returns when to poll next, if anything waits.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes the outcome of a look; after [`Look::Taken`] the file is busy until
    /// [`Self::finished`].
    pub(super) fn looked(&mut self, path: &str, look: Look, now: Instant) -> Next {
        let Some(File::Busy { again, trouble }) = self.files.get(path).copied() else {
            return Next::Nothing;
        };
        match look {
            Look::Taken => Next::Nothing,
            Look::Gone => {
                self.settle(path, None, again, now);
                Next::Nothing
            }
            Look::Answered(print) => {
                self.settle(path, Some(print), again, now);
                Next::Nothing
            }
            Look::Unreadable(print) => self.unreadable(path, print, trouble, now),
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
        self.due.len()
    }

    fn unreadable(
        &mut self,
        path: &str,
        print: Fingerprint,
        before: Option<Trouble>,
        now: Instant,
    ) -> Next {
        let trouble = match before {
            Some(before) if before.print == print => Trouble {
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
        self.wait(path.into(), at, Some(trouble));
        Next::Nothing
    }

    fn settle(&mut self, path: &str, print: Option<Fingerprint>, again: bool, now: Instant) {
        match (again, print) {
            (true, _) => self.wait(path.into(), now, None),
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

    fn wait(&mut self, path: Arc<str>, at: Instant, trouble: Option<Trouble>) {
        let file = File::Waiting { at, trouble };
        match self.files.entry(Arc::clone(&path)) {
            Entry::Occupied(mut known) => drop(known.insert(file)),
            Entry::Vacant(place) => drop(place.insert(file)),
        }
        self.due.insert((at, path));
    }
}

#[cfg(test)]
mod tests;
