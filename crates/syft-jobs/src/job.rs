//! What a job is.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Error, Options, Schedule};

/// The name of a job: 1 to 64 letters, digits, dots, underscores and hyphens.
///
/// ```
/// use syft_jobs::JobId;
///
/// assert!("documents".parse::<JobId>().is_ok());
/// assert!("../etc".parse::<JobId>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

/// A tree that is kept in step with another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its name in commands, logs and metrics.
    pub id: JobId,
    /// Its name for people.
    pub name: String,
    /// The tree that is read; an absolute path.
    pub source: PathBuf,
    /// The tree that is written; an absolute path.
    pub destination: PathBuf,
    /// Whether it runs at all, even by hand.
    pub enabled: bool,
    /// When it is due by itself.
    pub schedule: Schedule,
    /// How runs behave in time.
    pub timing: Timing,
    /// Jobs of a higher priority start first.
    pub priority: i32,
    /// Words for people and filters; they change nothing.
    pub tags: Vec<String>,
    /// What a run does.
    pub options: Options,
}

/// How runs of a job behave in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// While it runs, it is due at most once more; otherwise it queues for each time.
    pub skip_if_running: bool,
    /// A run that takes longer is cancelled between two files.
    pub max_run: Option<Duration>,
    /// Whether a run that was missed, as by a suspended machine, is made up for once.
    pub catch_up: bool,
    /// Whether an interval begins with a run at the start.
    pub run_on_start: bool,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            skip_if_running: true,
            max_run: Some(Duration::from_secs(3600)),
            catch_up: true,
            run_on_start: true,
        }
    }
}

impl JobId {
    /// The longest id in bytes.
    pub const MAX_LENGTH: usize = 64;

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::InvalidId(text.to_owned()))
        }
    }
}

impl TryFrom<String> for JobId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_id: bool) {
        assert_eq!(text.parse::<JobId>().is_ok(), is_id, "{text:?}");
    }

    #[test]
    fn ids_are_safe_in_paths_labels_and_commands() {
        check("documents", true);
        check("A-1_b.c", true);
        check(&"x".repeat(64), true);
        check(&"x".repeat(65), false);
        for bad in ["", "a b", "a/b", "ä", "a\n", "a\"b", "a{b}"] {
            check(bad, false);
        }
    }
}
