//! The search language of `files.list`.

mod lexer;
mod matching;
mod parser;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub(crate) use parser::parse;

/// A parsed `q`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Query {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Term(Term),
}

impl Query {
    /// Returns every file id (or `root`) that the query names as a parent.
    pub(crate) fn parents(&self) -> Vec<&str> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                let mut parents = left.parents();
                parents.extend(right.parents());
                parents
            }
            Self::Not(inner) => inner.parents(),
            Self::Term(Term::Member(Set::Parents, id)) => vec![id],
            Self::Term(_) => Vec::new(),
        }
    }

    /// Returns whether the query searches contents, which rules out `orderBy`.
    pub(crate) fn searches_text(&self) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.searches_text() || right.searches_text()
            }
            Self::Not(inner) => inner.searches_text(),
            Self::Term(term) => matches!(term, Term::Text(TextField::FullText, ..)),
        }
    }
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    Text(TextField, TextOperator, String),
    Time(TimeField, Comparison, DateTime<Utc>),
    /// `field = value`; `!=` is parsed into the opposite value.
    Flag(FlagField, bool),
    Member(Set, String),
    Property {
        private: bool,
        key: String,
        value: String,
    },
    /// True when equality is wanted, false for `!=`.
    Visibility(Visibility, bool),
    ShortcutTarget(String, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextField {
    Name,
    FullText,
    MimeType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextOperator {
    Is,
    IsNot,
    Contains,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeField {
    Created,
    Modified,
    ViewedByMe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    AtMost,
    Equal,
    NotEqual,
    AtLeast,
    Greater,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagField {
    Trashed,
    Starred,
    SharedWithMe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    Parents,
    Owners,
    Writers,
    Readers,
}

/// How far a file can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visibility {
    AnyoneCanFind,
    AnyoneWithLink,
    DomainCanFind,
    DomainWithLink,
    Limited,
}

/// What is wrong with a `q`, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {}", .position + 1)]
pub(crate) struct Mistake {
    /// Characters before the place, from 0.
    pub(crate) position: usize,
    pub(crate) problem: String,
}
