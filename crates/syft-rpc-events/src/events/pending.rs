//! Events that a handler has not heard of yet: at most one for each file.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use super::FileChange;

/// Events by the file's path, in the order in which they are due.
///
/// Events of one file become one, which tells the difference between what the handler knows and
/// what is there. So a handler that hangs costs no more memory than there are files.
#[derive(Debug)]
pub(super) struct Pending {
    quiet: Duration,
    events: HashMap<String, (FileChange, (Instant, u64))>,
    due: BTreeMap<(Instant, u64), String>,
    counter: u64,
}

impl Pending {
    pub(super) fn new(quiet: Duration) -> Self {
        Self {
            quiet,
            events: HashMap::new(),
            due: BTreeMap::new(),
            counter: 0,
        }
    }

    pub(super) fn push(&mut self, path: &str, change: FileChange, now: Instant) {
        let change = match self.events.remove(path) {
            None => Some(change),
            Some((before, key)) => {
                self.due.remove(&key);
                joined(before, change)
            }
        };
        let Some(change) = change else { return };
        self.counter += 1;
        let key = (now + self.quiet, self.counter);
        self.due.insert(key, path.to_owned());
        self.events.insert(path.to_owned(), (change, key));
    }

    /// Takes the next event that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(String, FileChange)> {
        let entry = self.due.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let path = entry.remove();
        let (change, _) = self.events.remove(&path)?;
        Some((path, change))
    }

    /// Returns when the next event is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.keys().next().map(|(at, _)| *at)
    }
}

/// Returns what two changes of a file come to; `None` is nothing at all.
fn joined(before: FileChange, after: FileChange) -> Option<FileChange> {
    use FileChange::{Created, Modified, Moved, Removed};
    match (before, after) {
        (Created, Modified) => Some(Created),
        (Created, Removed) => None,
        (Moved { from }, Modified) => Some(Moved { from }),
        (Removed, Created | Modified | Moved { .. }) => Some(Modified),
        (_, after) => Some(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_secs(1);

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn a_file_is_told_when_it_is_quiet_and_once() {
        let start = Instant::now();
        let mut pending = Pending::new(QUIET);
        pending.push("a", FileChange::Created, start);
        pending.push("b", FileChange::Created, at(start, 100));
        for millis in [300, 600, 900] {
            pending.push("a", FileChange::Modified, at(start, millis));
        }
        assert_eq!(pending.pop(at(start, 1099)), None);
        assert_eq!(
            pending.pop(at(start, 1100)),
            Some(("b".to_owned(), FileChange::Created))
        );
        assert_eq!(pending.deadline(), Some(at(start, 1900)));
        assert_eq!(
            pending.pop(at(start, 1900)),
            Some(("a".to_owned(), FileChange::Created))
        );
        assert_eq!(pending.deadline(), None);
    }

    #[test]
    fn what_came_and_went_is_not_told() {
        let now = Instant::now();
        let mut pending = Pending::new(QUIET);
        pending.push("a", FileChange::Created, now);
        pending.push("a", FileChange::Removed, now);
        assert_eq!((pending.deadline(), pending.events.len()), (None, 0));
        pending.push("a", FileChange::Removed, now);
        pending.push("a", FileChange::Created, now);
        let told = pending.pop(now + QUIET);
        assert_eq!(told, Some(("a".to_owned(), FileChange::Modified)));
    }
}
