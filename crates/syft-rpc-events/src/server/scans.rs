//! Which directories to look into, and when, because they are new: decided without a clock.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::sweep::DEPTH;
use crate::hints::LOOKS_AT_DIRECTORY;

/// With more new directories than this, a sweep is cheaper.
const DIRECTORIES: usize = 4_096;

/// Directories to look into, each a few times.
#[derive(Debug, Default)]
pub(super) struct Scans {
    due: BTreeSet<(Instant, Arc<str>)>,
    /// When each one is due, and how often it was looked into since it was made.
    known: HashMap<Arc<str>, (Instant, usize)>,
}

impl Scans {
    /// Notes a directory that is new; returns whether a sweep has to do instead.
    pub(super) fn push(&mut self, path: &str, now: Instant) -> bool {
        if path.split('/').count() > DEPTH {
            return false;
        }
        if let Some((at, looks)) = self.known.get_mut(path) {
            // It was made anew, or something in it: the looks begin again.
            *looks = 0;
            if *at <= now {
                return false;
            }
            let key = (*at, Arc::from(path));
            self.due.remove(&key);
        } else if self.known.len() >= DIRECTORIES {
            return true;
        }
        self.set(path.into(), now, 0);
        false
    }

    /// Returns the directories to look into now, with everything below them.
    pub(super) fn poll(&mut self, now: Instant) -> Vec<Arc<str>> {
        let mut paths = Vec::new();
        while let Some((at, _)) = self.due.first()
            && *at <= now
            && let Some((_, path)) = self.due.pop_first()
        {
            let looks = self.known.remove(&path).map_or(0, |(_, looks)| looks) + 1;
            if let Some(wait) = LOOKS_AT_DIRECTORY.get(looks) {
                let wait = wait - LOOKS_AT_DIRECTORY[looks - 1];
                self.set(Arc::clone(&path), now + Duration::from_millis(wait), looks);
            }
            paths.push(path);
        }
        without_those_below(paths)
    }

    /// Returns when to poll next, if any directory waits.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    fn set(&mut self, path: Arc<str>, at: Instant, looks: usize) {
        self.known.insert(Arc::clone(&path), (at, looks));
        self.due.insert((at, path));
    }
}

/// Leaves out what is seen by a look into another one of them.
fn without_those_below(mut paths: Vec<Arc<str>>) -> Vec<Arc<str>> {
    let parts = |path: &Arc<str>| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    paths.sort_by_cached_key(parts);
    paths.dedup_by(|below, above| {
        let rest = below.strip_prefix(&**above);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_directory_is_looked_into_a_few_times() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut scans = Scans::default();
        assert!(!scans.push("a/b", start));
        let mut seen = Vec::new();
        for millis in 0..300 {
            for path in scans.poll(at(millis)) {
                assert_eq!(&*path, "a/b");
                seen.push(millis);
            }
        }
        assert_eq!(seen, LOOKS_AT_DIRECTORY);
        assert_eq!(scans.deadline(), None);

        scans.push("a/b", start);
        scans.poll(start);
        // It comes again: at once, and the looks begin anew.
        scans.push("a/b", at(5));
        assert_eq!(scans.poll(at(5)).len(), 1);
        let next = 5 + LOOKS_AT_DIRECTORY[1];
        assert_eq!(scans.deadline(), Some(at(next)));
    }

    #[test]
    fn a_directory_is_seen_with_the_one_that_it_is_in() {
        let now = Instant::now();
        let mut scans = Scans::default();
        for path in ["a/b/c", "a/b", "a/b-c", "a/b-c/d", "a/bc", "e/f", "a/b/c/d"] {
            scans.push(path, now);
        }
        let seen = scans.poll(now);
        let seen: Vec<&str> = seen.iter().map(|path| &**path).collect();
        assert_eq!(seen, ["a/b", "a/b-c", "a/bc", "e/f"]);
    }

    #[test]
    fn neither_depth_nor_number_is_without_limit() {
        let now = Instant::now();
        let mut scans = Scans::default();
        assert!(!scans.push(&["d"; 10_000].join("/"), now));
        assert_eq!(scans.deadline(), None);
        for number in 0..DIRECTORIES {
            assert!(!scans.push(&number.to_string(), now));
        }
        assert!(scans.push("one more", now));
        assert_eq!(scans.poll(now).len(), DIRECTORIES);
    }
}
