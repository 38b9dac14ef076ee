//! What a run did.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

/// What a run did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub status: Status,
    /// Whether nothing was changed on purpose; then the counts are those of the plan.
    pub dry_run: bool,
    /// What was done.
    pub counts: Counts,
    /// What was copied from source to destination, in bytes.
    pub bytes: u64,
    /// What was copied from destination to source, in bytes.
    pub bytes_back: u64,
    /// How many entries of the source were looked at.
    pub looked_at: u64,
    /// What went wrong with single files: the first [`Report::MOST_ERRORS`] of them.
    pub errors: Vec<FileError>,
    /// How many things of each kind went wrong, all of them.
    #[serde(default)]
    pub failures: BTreeMap<ErrorKind, u64>,
    /// Paths that both sides changed and that somebody has to look at, as many as errors at most.
    pub conflicts: Vec<PathBuf>,
    /// Why the whole run ended early or did nothing, for people.
    pub reason: Option<String>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything is in step.
    #[default]
    Success,
    /// Some files could not be synchronised.
    Partial,
    /// It ended early, or could not begin.
    Failed,
    /// It was refused before it began.
    Skipped,
    /// Somebody or its time limit ended it.
    Cancelled,
}

/// How many entries were treated how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counts {
    /// Files and links that are new.
    pub copied: u64,
    /// Files and links that took the place of older ones, or whose attributes were brought in step.
    pub updated: u64,
    /// Entries that are gone.
    pub deleted: u64,
    /// Entries that were in step already, or take no part.
    pub skipped: u64,
    /// Directories that are new.
    pub created_dirs: u64,
    /// Paths that both sides changed.
    pub conflicts: u64,
    /// Entries that went wrong.
    pub failed: u64,
}

/// Something that went wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileError {
    /// Where, relative to the tree; what is not UTF-8 is written with replacement characters.
    pub path: PathBuf,
    /// What kind of thing.
    pub kind: ErrorKind,
    /// In words.
    pub message: String,
}

/// The kinds of errors, which are the values of a metric's label and thus few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The rights do not suffice.
    PermissionDenied,
    /// It is gone.
    NotFound,
    /// The disk or the quota is full.
    NoSpace,
    /// The destination cannot be written at all.
    ReadOnly,
    /// It changed each time while it was copied.
    ChangedDuringCopy,
    /// What was written is not what was read.
    VerifyFailed,
    /// A fifo, a socket or a device.
    SpecialFile,
    /// A name that the destination cannot have, or that clashes with another there.
    BadName,
    /// A file is where a directory should be, or the other way round.
    TypeClash,
    /// A link that leads nowhere, out of bounds or round and round.
    BadLink,
    /// A tree that is missing, empty or not the one it was.
    Guard,
    /// A run that took too long.
    TimedOut,
    /// Any other fault of the system.
    Io,
    /// A fault of this program.
    Internal,
}

impl Report {
    /// No more errors are kept; they are all counted.
    pub const MOST_ERRORS: usize = 100;

    /// Makes the report of a run that could not begin.
    #[must_use]
    pub fn of_failure(status: Status, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: Some(reason.into()),
            ..Self::default()
        }
    }

    /// Notes what kind of thing ended the whole run, or kept it from beginning.
    #[must_use]
    pub fn because_of(mut self, kind: ErrorKind) -> Self {
        *self.failures.entry(kind).or_default() += 1;
        self
    }

    /// Notes what went wrong with an entry.
    pub fn fail(&mut self, error: FileError) {
        self.counts.failed += 1;
        *self.failures.entry(error.kind).or_default() += 1;
        if self.errors.len() < Self::MOST_ERRORS {
            let path = readable(error.path);
            self.errors.push(FileError { path, ..error });
        }
    }

    /// Notes a path that somebody has to look at.
    pub(super) fn note_conflict(&mut self, path: PathBuf) {
        if self.conflicts.len() < Self::MOST_ERRORS {
            self.conflicts.push(readable(path));
        }
    }

    /// Adds what another thread did for the same run.
    pub(super) fn absorb(&mut self, part: Self) {
        self.counts.add(&part.counts);
        self.bytes += part.bytes;
        self.bytes_back += part.bytes_back;
        for (kind, count) in part.failures {
            *self.failures.entry(kind).or_default() += count;
        }
        let room = Self::MOST_ERRORS.saturating_sub(self.errors.len());
        self.errors.extend(part.errors.into_iter().take(room));
        for path in part.conflicts {
            self.note_conflict(path);
        }
    }

    /// Says how a run ended that came to its end.
    pub(super) fn settled(mut self, is_undecided: bool) -> Self {
        let is_whole = self.counts.failed == 0 && !is_undecided;
        self.status = if is_whole {
            Status::Success
        } else {
            Status::Partial
        };
        self
    }

    /// Says how a run ended that did not.
    pub(super) fn ended(self, status: Status, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: Some(reason.into()),
            ..self
        }
    }
}

/// A report is sent as JSON, which has no other names than those in UTF-8.
fn readable(path: PathBuf) -> PathBuf {
    match path.into_os_string().into_string() {
        Ok(text) => text.into(),
        Err(path) => path.to_string_lossy().into_owned().into(),
    }
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.copied += other.copied;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.skipped += other.skipped;
        self.created_dirs += other.created_dirs;
        self.conflicts += other.conflicts;
        self.failed += other.failed;
    }
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Success,
        Self::Partial,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
    ];

    /// Returns its name in metrics and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::PermissionDenied,
        Self::NotFound,
        Self::NoSpace,
        Self::ReadOnly,
        Self::ChangedDuringCopy,
        Self::VerifyFailed,
        Self::SpecialFile,
        Self::BadName,
        Self::TypeClash,
        Self::BadLink,
        Self::Guard,
        Self::TimedOut,
        Self::Io,
        Self::Internal,
    ];

    /// Returns its name in metrics and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::NoSpace => "no_space",
            Self::ReadOnly => "read_only",
            Self::ChangedDuringCopy => "changed_during_copy",
            Self::VerifyFailed => "verify_failed",
            Self::SpecialFile => "special_file",
            Self::BadName => "bad_name",
            Self::TypeClash => "type_clash",
            Self::BadLink => "bad_link",
            Self::Guard => "guard",
            Self::TimedOut => "timed_out",
            Self::Io => "io",
            Self::Internal => "internal",
        }
    }
}
