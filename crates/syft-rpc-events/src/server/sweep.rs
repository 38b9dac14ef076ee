//! Looks through the whole tree, because events are only a reason to hurry.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use crate::{
    layout::{Place, REQUEST, response_to},
    tree::{Directory, Entry, Fingerprint, Tree, join},
};

/// Nobody nests endpoints deeper, and nobody can make a sweep endless.
pub(super) const DEPTH: usize = 32;

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Requests without a response, with what they look like.
    pub(super) open: HashMap<String, Fingerprint>,
    /// Requests with one.
    pub(super) answered: HashSet<String>,
}

impl Found {
    /// Lists all requests below directories of the tree; `""` is everything.
    pub(super) fn below<'a>(tree: &Tree, directories: impl IntoIterator<Item = &'a str>) -> Self {
        let mut found = Self::default();
        for directory in directories {
            found.visit(tree, directory, DEPTH);
        }
        found
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.open.contains_key(path) || self.answered.contains(path)
    }

    fn visit(&mut self, tree: &Tree, path: &str, depth: usize) {
        // What cannot be listed has vanished, or is a link that nobody follows.
        let Ok(entries) = tree.list(path) else {
            return;
        };
        self.note(tree, path, &entries);
        let directories = entries.iter().filter(|entry| entry.is_directory);
        if depth > 0 {
            for entry in directories {
                self.visit(tree, &join(path, &entry.name), depth - 1);
            }
        }
    }

    fn note(&mut self, tree: &Tree, path: &str, entries: &[Entry]) {
        let files = || entries.iter().filter(|entry| !entry.is_directory);
        let mut requests = files().filter(|entry| entry.name.ends_with(REQUEST));
        let Some(first) = requests.next() else {
            return;
        };
        let Ok(directory) = tree.directory(path) else {
            return;
        };
        let names: HashSet<&str> = files().map(|entry| entry.name.as_str()).collect();
        for entry in std::iter::once(first).chain(requests) {
            self.note_request(&directory, join(path, &entry.name), &entry.name, &names);
        }
    }

    fn note_request(
        &mut self,
        directory: &Directory,
        path: String,
        name: &str,
        names: &HashSet<&str>,
    ) {
        if Place::of(&path).is_none() {
            return;
        }
        let response = response_to(name);
        if response.is_some_and(|name| names.contains(name.as_str())) {
            self.answered.insert(path);
        } else if let Ok(print) = directory.look(name) {
            self.open.insert(path, print);
        }
    }
}

/// Sweeps that somebody asks for take at most half of the time of a thread, others a hundredth.
const URGENT_SHARE: u32 = 1;
const SHARE: u32 = 100;
/// Unless a sweep takes longer than half of this, the next one is due after it: a peer who moves large trees about
/// can keep the watch busy for minutes, and then only sweeps find what others ask.
const LONGEST: Duration = Duration::from_secs(2);

/// When to sweep: one at a time, and never most of the time, decided without a clock.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    next: Instant,
    /// Before this there is no sweep, however urgent.
    earliest: Instant,
    is_running: bool,
    is_urgent: bool,
}

impl Pace {
    pub(super) fn new(every: Duration, now: Instant) -> Self {
        Self {
            every,
            next: now,
            earliest: now,
            is_running: false,
            is_urgent: false,
        }
    }

    /// Notes that there is a reason to sweep soon.
    pub(super) fn urge(&mut self) {
        self.is_urgent = true;
    }

    /// Returns when to sweep next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let due = if self.is_urgent {
            self.earliest
        } else {
            self.next
        };
        (!self.is_running).then_some(due)
    }

    /// Returns whether to sweep now; then [`Self::ended`] has to follow.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        let is_due = self.deadline().is_some_and(|at| at <= now);
        if is_due {
            self.is_running = true;
            // What is urgent from now on may have come too late for this sweep.
            self.is_urgent = false;
        }
        is_due
    }

    pub(super) fn ended(&mut self, now: Instant, took: Duration) {
        self.is_running = false;
        let wait = LONGEST.min(took * SHARE).max(took * 2);
        self.next = now + self.every.max(wait);
        self.earliest = now + took * URGENT_SHARE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_are_seldom_and_one_at_a_time_however_urgent() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut pace = Pace::new(Duration::from_secs(1), start);
        assert!(pace.begin(start));
        pace.urge();
        assert_eq!(pace.deadline(), None);
        assert!(!pace.begin(at(100)));
        pace.ended(at(100), Duration::from_millis(100));
        assert!(!pace.begin(at(199)));
        assert!(pace.begin(at(200)));
        pace.ended(at(300), Duration::from_millis(100));
        assert_eq!(pace.deadline(), Some(at(2_300)));
        pace.urge();
        assert_eq!(pace.deadline(), Some(at(400)));
    }
}
