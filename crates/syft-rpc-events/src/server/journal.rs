//! What was begun: by it a request that a crash interrupted is not handled again.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use syft_state::{Timestamp, fs};
use uuid::Uuid;

/// A journal larger than this is damaged.
const LIMIT: u64 = 256 * 1024 * 1024;
/// It is written anew when it has so many lines of requests that are done.
const STALE: usize = 10_000;

/// A request, told from a later one with the same id.
pub(super) type Key = (Uuid, i64);

/// A file of lines: `+ID TIME` before a handler is called, `-ID TIME` after its answer is there.
#[derive(Debug)]
pub(super) struct Journal {
    path: std::path::PathBuf,
    file: File,
    begun: HashSet<Key>,
    /// Requests that were begun when an earlier process ended.
    interrupted: HashSet<Key>,
    stale: usize,
}

impl Journal {
    /// Opens the journal, or makes an empty one.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let text = match fs::read_capped(path, LIMIT) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.is_not_found() => String::new(),
            Err(error) => return Err(io::Error::other(error)),
        };
        let mut interrupted = HashSet::new();
        for line in text.lines() {
            match (line.as_bytes().first(), key(line.get(1..).unwrap_or(""))) {
                (Some(b'+'), Some(key)) => drop(interrupted.insert(key)),
                (Some(b'-'), Some(key)) => drop(interrupted.remove(&key)),
                // The last line may have been cut off; nothing had been begun by it.
                _ => {}
            }
        }
        let mut journal = Self {
            file: create(path)?,
            path: path.to_owned(),
            begun: HashSet::new(),
            interrupted,
            stale: 0,
        };
        journal.compact()?;
        Ok(journal)
    }

    /// Returns whether a request was begun by a process that did not finish it.
    pub(super) fn was_interrupted(&self, key: &Key) -> bool {
        self.interrupted.contains(key)
    }

    /// Notes that a handler is about to be called.
    pub(super) fn begin(&mut self, key: Key) -> io::Result<()> {
        self.line('+', key)?;
        self.begun.insert(key);
        Ok(())
    }

    /// Notes that the answer is written.
    pub(super) fn end(&mut self, key: Key) -> io::Result<()> {
        self.begun.remove(&key);
        self.interrupted.remove(&key);
        self.line('-', key)?;
        self.stale += 1;
        if self.stale >= STALE {
            self.compact()?;
        }
        Ok(())
    }

    fn line(&mut self, sign: char, (id, created): Key) -> io::Result<()> {
        // One write: a line is there or not, whenever the process is killed.
        self.file
            .write_all(format!("{sign}{id} {created}\n").as_bytes())
    }

    fn compact(&mut self) -> io::Result<()> {
        let open = self.begun.iter().chain(&self.interrupted);
        let text: String = open.map(|(id, at)| format!("+{id} {at}\n")).collect();
        fs::write_atomic(&self.path, text.as_bytes(), 0o600).map_err(io::Error::other)?;
        self.file = create(&self.path)?;
        self.stale = 0;
        Ok(())
    }
}

fn create(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        fs::create_private_dir(directory).map_err(io::Error::other)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path)
}

fn key(text: &str) -> Option<Key> {
    let (id, created) = text.split_once(' ')?;
    Some((Uuid::try_parse(id).ok()?, created.parse().ok()?))
}

/// Returns what tells a request from a later one with the same id.
pub(super) fn key_of(id: Uuid, created: Timestamp) -> Key {
    (id, created.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_not_ended_is_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/journal");
        let keys: Vec<Key> = (0..3).map(|at| (Uuid::new_v4(), at)).collect();
        let mut journal = Journal::open(&path).unwrap();
        for key in &keys {
            journal.begin(*key).unwrap();
        }
        journal.end(keys[1]).unwrap();
        drop(journal);
        // The process was killed in the middle of a line.
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"+0000").unwrap();

        let mut journal = Journal::open(&path).unwrap();
        let interrupted: Vec<bool> = keys
            .iter()
            .map(|key| journal.was_interrupted(key))
            .collect();
        assert_eq!(interrupted, [true, false, true]);
        assert!(!journal.was_interrupted(&(keys[0].0, 9)));
        journal.end(keys[0]).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert!(!journal.was_interrupted(&keys[0]));
        assert!(journal.was_interrupted(&keys[2]));
    }
}
