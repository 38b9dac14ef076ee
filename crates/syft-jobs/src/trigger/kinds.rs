//! Kinds of changes.

use std::{fmt, str::FromStr};

use crate::Error;

/// What happened to a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// It is new.
    Create,
    /// Its content changed.
    Write,
    /// It is gone.
    Remove,
    /// It has another name, came from where nobody watches or went there.
    Rename,
    /// Its permissions, owner or times changed.
    Chmod,
}

/// A set of kinds.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventKinds(u8);

impl EventKinds {
    /// Every kind.
    pub const ALL: Self = Self(0b1_1111);

    /// Reads names of kinds, of which `all` is every one; no name at all means all but `chmod`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidEvent`].
    pub fn parse<S: AsRef<str>>(names: &[S]) -> Result<Self, Error> {
        if names.is_empty() {
            return Ok(Self::default());
        }
        names.iter().try_fold(Self(0), |kinds, name| {
            Ok(Self(
                kinds.0
                    | match name.as_ref() {
                        "all" => Self::ALL.0,
                        name => Self::from(name.parse::<EventKind>()?).0,
                    },
            ))
        })
    }

    /// Returns whether a kind is in it.
    #[must_use]
    pub fn contains(self, kind: EventKind) -> bool {
        self.0 & Self::from(kind).0 != 0
    }

    /// Iterates over the kinds in it.
    pub fn iter(self) -> impl Iterator<Item = EventKind> {
        EventKind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Write,
        Self::Remove,
        Self::Rename,
        Self::Chmod,
    ];

    /// Returns its name in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Write => "write",
            Self::Remove => "remove",
            Self::Rename => "rename",
            Self::Chmod => "chmod",
        }
    }
}

impl From<EventKind> for EventKinds {
    fn from(kind: EventKind) -> Self {
        Self(1 << kind as u8)
    }
}

impl Default for EventKinds {
    fn default() -> Self {
        Self(Self::ALL.0 & !Self::from(EventKind::Chmod).0)
    }
}

impl FromStr for EventKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        kind.ok_or_else(|| Error::InvalidEvent(name.chars().take(64).collect()))
    }
}

impl fmt::Debug for EventKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], expected: Option<&[EventKind]>) {
        let kinds = EventKinds::parse(names).ok();
        let kinds: Option<Vec<EventKind>> = kinds.map(|kinds| kinds.iter().collect());
        assert_eq!(kinds.as_deref(), expected, "{names:?}");
    }

    #[test]
    fn nothing_is_everything_but_chmod() {
        use EventKind::{Chmod, Create, Remove, Rename, Write};

        check(&[], Some(&[Create, Write, Remove, Rename]));
        check(&["all"], Some(&EventKind::ALL));
        check(&["write", "create", "write"], Some(&[Create, Write]));
        check(&["chmod"], Some(&[Chmod]));
        check(&["Write"], None);
        check(&["modify"], None);
        check(&["write", ""], None);
    }

    #[test]
    fn an_unknown_kind_is_told_what_there_is() {
        let error = EventKinds::parse(&["modify"]).unwrap_err().to_string();
        assert!(
            error.contains("modify") && error.contains("rename"),
            "{error}"
        );
    }
}
