//! Which lines of a log are wanted.

use std::{
    collections::VecDeque,
    io::{self, Write},
};

use serde_json::Value;
use syft_daemon::logs::level_of;
use tracing::Level;

/// Which lines of a log are wanted; by default all are.
///
/// ```
/// use syft_terminal::log::Only;
///
/// let only = Only { level: Some(tracing::Level::WARN), field: None };
/// assert!(!only.wants(b"2026-01-31 12:00:00 - a - INFO - one\n"));
/// assert!(only.wants(b"2026-01-31 12:00:00 - a - ERROR - two\n"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// Those of this level and above.
    pub level: Option<Level>,
    /// Those with this field, by its name and its value.
    pub field: Option<(&'static str, String)>,
}

impl Only {
    /// Returns whether all lines are wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether a line is wanted; one that is no log line has no level and no fields.
    #[must_use]
    pub fn wants(&self, line: &[u8]) -> bool {
        let of_level = |wanted| level_of(line).is_some_and(|level| level <= wanted);
        let with_field = |(name, value): &(&str, String)| has_field(line, name, value);
        self.level.is_none_or(of_level) && self.field.as_ref().is_none_or(with_field)
    }
}

/// Fields are members of JSON, or follow a text as ` name=value`.
fn has_field(line: &[u8], name: &str, value: &str) -> bool {
    if line.starts_with(b"{") {
        let line: Value = serde_json::from_slice(line).unwrap_or_default();
        return line[name] == value;
    }
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_whitespace();
    words.any(|word| word.split_once('=') == Some((name, value)))
}

/// Keeps the last wanted lines of what is written.
#[derive(Debug)]
pub(super) struct Last<'a> {
    only: &'a Only,
    most: usize,
    kept: VecDeque<Vec<u8>>,
    /// The beginning of a line whose end is still to come.
    rest: Vec<u8>,
}

impl<'a> Last<'a> {
    pub(super) fn new(most: usize, only: &'a Only) -> Self {
        Self {
            only,
            most,
            kept: VecDeque::new(),
            rest: Vec::new(),
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.kept.into_iter().flatten().collect()
    }
}

impl Write for Last<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if !piece.ends_with(b"\n") {
                continue;
            }
            let line = std::mem::take(&mut self.rest);
            if self.most > 0 && self.only.wants(&line) {
                if self.kept.len() == self.most {
                    self.kept.pop_front();
                }
                self.kept.push_back(line);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"2026-01-31 12:00:00 - a - WARNING - x job=documents run_id=7\n";
    const JSON: &[u8] = br#"{"time":"2026-01-31T12:00:00Z","name":"a","level":"WARNING","message":"x","job":"documents"}"#;

    #[track_caller]
    fn check(level: Option<Level>, job: Option<&str>, is_wanted: bool) {
        let only = Only {
            level,
            field: job.map(|job| ("job", job.to_owned())),
        };
        for line in [TEXT, JSON] {
            assert_eq!(only.wants(line), is_wanted, "{only:?}");
        }
    }

    #[test]
    fn level_and_field_decide() {
        check(None, None, true);
        check(Some(Level::WARN), None, true);
        check(Some(Level::INFO), Some("documents"), true);
        check(Some(Level::ERROR), None, false);
        check(None, Some("documents"), true);
        check(None, Some("document"), false);
        check(Some(Level::ERROR), Some("documents"), false);
    }

    #[test]
    fn the_last_wanted_lines_are_kept_however_they_come() {
        let only = Only {
            level: Some(Level::ERROR),
            field: None,
        };
        let line = |level: &str, number: u8| {
            format!("2026-01-31 12:00:00 - a - {level} - {number}\n").into_bytes()
        };
        let log: Vec<u8> = (0..9)
            .flat_map(|number| [line("ERROR", number), line("INFO", number)].concat())
            .collect();
        for size in [1, 7, log.len()] {
            let mut last = Last::new(2, &only);
            for piece in log.chunks(size) {
                last.write_all(piece).unwrap();
            }
            let expected = [line("ERROR", 7), line("ERROR", 8)].concat();
            assert_eq!(last.into_bytes(), expected);
        }
    }
}
