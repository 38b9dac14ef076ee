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

impl Place {
    /// Returns where in a text so many bytes are.
    pub(crate) fn of(text: &str, start: usize, end: usize) -> Self {
        let start = text.floor_char_boundary(start.min(text.len()));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            start,
            end: text.floor_char_boundary(end.clamp(start, text.len())),
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
        let place = Place::of(text, start, start + 1);
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
