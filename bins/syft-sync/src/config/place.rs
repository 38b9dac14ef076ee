//! Where a value of the config comes from.

use std::{fmt, sync::Arc};

/// A stretch of the config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    /// In bytes of the whole text.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Default,
    File(Place),
    /// The environment variable of this name.
    Environment(&'static str),
    /// The option of this name on the command line.
    Flag(&'static str),
    /// A record of PocketBase, as `sync_jobs "documents"`.
    Remote(Arc<str>),
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let newlines = text.match_indices('\n').map(|(newline, _)| newline + 1);
        Self {
            text,
            starts: [0].into_iter().chain(newlines).collect(),
        }
    }

    /// Returns a stretch of bytes as a place.
    pub(crate) fn place(&self, start: usize, end: usize) -> Place {
        let start = self.text.floor_char_boundary(start);
        let line = self.starts.partition_point(|line| *line <= start);
        let before = &self.text[self.starts[line - 1]..start];
        Place {
            line,
            column: before.chars().count() + 1,
            start,
            end: self.text.floor_char_boundary(end.max(start)),
        }
    }
}

impl Origin {
    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Self::File(place) => Some(*place),
            _ => None,
        }
    }

    pub(crate) fn is_remote(&self) -> bool {
        matches!(self, Self::Remote(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) => write!(f, "line {}", place.line),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Flag(name) => f.write_str(name),
            Self::Remote(record) => write!(f, "PocketBase {record}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, start: usize, line: usize, column: usize) {
        let place = Lines::new(text).place(start, start + 1);
        assert_eq!(
            (place.line, place.column),
            (line, column),
            "{text:?} {start}"
        );
    }

    #[test]
    fn lines_and_columns_count_from_one_and_by_characters() {
        check("a = 1", 0, 1, 1);
        check("a = 1\nb = 2", 6, 2, 1);
        check("ä = 1", 3, 1, 3);
        check("a\n", 2, 2, 1);
        check("a", 99, 1, 2);
        check("", 0, 1, 1);
    }
}
