use std::{collections::BTreeMap, fmt, path::PathBuf};

use syft_state::{Email, Timestamp};

/// Senders beyond so many are counted together with the others only.
const SENDERS: usize = 10_000;

/// What a file is to the cleanup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A request, whether it can be read or not.
    Request,
    /// A response, with its request or without.
    Response,
    /// A message that the Go client has put aside as rejected or conflicting.
    Marker,
    /// A file that was being written by a process that is gone.
    Temporary,
    /// The empty directory of a sender.
    Directory,
}

/// A file that was deleted, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removal {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Whose directory it is in.
    pub sender: Option<Email>,
    /// Its length.
    pub bytes: u64,
}

/// How much was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Requests.
    pub requests_deleted: u64,
    /// Responses.
    pub responses_deleted: u64,
    /// Messages that the Go client had put aside.
    pub markers_deleted: u64,
    /// Files that nobody was writing any more.
    pub temporaries_deleted: u64,
    /// Empty directories of senders.
    pub directories_deleted: u64,
    /// The lengths of all files together.
    pub bytes_freed: u64,
    /// Files and directories that could not be looked at or deleted.
    pub errors: u64,
}

/// What cleanups have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CleanupStats {
    /// What the last one has deleted, or would have in a dry run.
    pub last: Counts,
    /// What all have deleted; a dry run adds nothing.
    pub total: Counts,
    /// What all have deleted in the directories of each sender, as far as it can be told.
    pub senders: BTreeMap<Email, Counts>,
    /// How many there were.
    pub runs: u64,
    /// When the last one began.
    pub last_cleanup: Option<Timestamp>,
    /// What the last one would have deleted, if it was a dry run.
    pub dry_run: Option<Vec<Removal>>,
}

impl Counts {
    pub(super) fn add(&mut self, kind: Kind, bytes: u64) {
        let count = match kind {
            Kind::Request => &mut self.requests_deleted,
            Kind::Response => &mut self.responses_deleted,
            Kind::Marker => &mut self.markers_deleted,
            Kind::Temporary => &mut self.temporaries_deleted,
            Kind::Directory => &mut self.directories_deleted,
        };
        *count += 1;
        self.bytes_freed += bytes;
    }

    fn merge(&mut self, other: &Self) {
        self.requests_deleted += other.requests_deleted;
        self.responses_deleted += other.responses_deleted;
        self.markers_deleted += other.markers_deleted;
        self.temporaries_deleted += other.temporaries_deleted;
        self.directories_deleted += other.directories_deleted;
        self.bytes_freed += other.bytes_freed;
        self.errors += other.errors;
    }
}

/// What one run has done.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) removed: Vec<Removal>,
    pub(super) errors: u64,
    pub(super) is_dry: bool,
}

impl CleanupStats {
    pub(super) fn note(&mut self, run: Run, began: Timestamp) {
        self.runs += 1;
        self.last_cleanup = Some(began);
        self.last = Counts {
            errors: run.errors,
            ..Counts::default()
        };
        for removal in &run.removed {
            self.last.add(removal.kind, removal.bytes);
        }
        self.dry_run = None;
        if run.is_dry {
            self.dry_run = Some(run.removed);
            return;
        }
        self.total.merge(&self.last);
        for removal in run.removed {
            if let Some(sender) = removal.sender
                && (self.senders.len() < SENDERS || self.senders.contains_key(&sender))
            {
                let counts = self.senders.entry(sender).or_default();
                counts.add(removal.kind, removal.bytes);
            }
        }
    }
}

/// Shows the last run as Python does.
impl fmt::Display for CleanupStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (last, when) = (&self.last, self.last_cleanup);
        write!(
            f,
            "CleanupStats(requests={}, responses={}, errors={}, last_cleanup={})",
            last.requests_deleted,
            last.responses_deleted,
            last.errors,
            when.map_or_else(|| "None".to_owned(), |when| when.to_string()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removal(kind: Kind, sender: &str, bytes: u64) -> Removal {
        Removal {
            path: PathBuf::from("x"),
            kind,
            sender: sender.parse().ok(),
            bytes,
        }
    }

    #[test]
    fn the_last_run_and_all_runs_are_counted() {
        let mut stats = CleanupStats::default();
        assert_eq!(
            stats.to_string(),
            "CleanupStats(requests=0, responses=0, errors=0, last_cleanup=None)"
        );
        for run in 1..=2 {
            let removed = vec![
                removal(Kind::Request, "bob@x.org", 10),
                removal(Kind::Response, "bob@x.org", 5),
                removal(Kind::Request, "", 1),
            ];
            let run_of = Run {
                removed,
                errors: 1,
                is_dry: false,
            };
            stats.note(run_of, Timestamp::from_seconds(run));
        }
        assert_eq!(
            (stats.last.requests_deleted, stats.total.requests_deleted),
            (2, 4)
        );
        assert_eq!((stats.last.bytes_freed, stats.total.errors), (16, 2));
        let bob = &stats.senders[&"Bob@x.org".parse().unwrap()];
        assert_eq!((bob.requests_deleted, bob.bytes_freed), (2, 30));
        assert_eq!(
            stats.to_string(),
            "CleanupStats(requests=2, responses=1, errors=1, last_cleanup=1970-01-01T00:00:02Z)"
        );

        let dry = Run {
            removed: vec![removal(Kind::Directory, "bob@x.org", 0)],
            errors: 0,
            is_dry: true,
        };
        stats.note(dry, Timestamp::EPOCH);
        assert_eq!(
            (
                stats.last.directories_deleted,
                stats.total.directories_deleted
            ),
            (1, 0)
        );
        assert_eq!((stats.dry_run.unwrap().len(), stats.runs), (1, 3));
    }
}
