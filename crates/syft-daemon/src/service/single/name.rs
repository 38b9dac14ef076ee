//! Names of services.

use std::{fmt, str::FromStr};

use crate::service::Error;

/// The name of a service: 1 to 64 letters, digits, `_`, `.`, `@` and `-`.
///
/// It stands in paths and commands, so it begins with none of `.`, `@` and `-`, and does not end
/// with `@`, which would make a template of it.
///
/// ```
/// use syft_daemon::service::Name;
///
/// assert!("sync-daemon".parse::<Name>().is_ok());
/// assert!("--now".parse::<Name>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    const MAX_LENGTH: usize = 64;

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte);
        let is_name = (1..=Self::MAX_LENGTH).contains(&text.len())
            && text.bytes().all(is_allowed)
            && !text.starts_with(['.', '@', '-'])
            && !text.ends_with('@');
        if is_name {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::Name(text.chars().take(80).collect()))
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_name: bool) {
        assert_eq!(text.parse::<Name>().is_ok(), is_name, "{text:?}");
    }

    #[test]
    fn names_are_safe_in_paths_and_commands() {
        for good in ["sync-daemon", "SyncDaemon", "my_sync.2", "sync@home", "_x"] {
            check(good, true);
        }
        check(&"x".repeat(64), true);
        check(&"x".repeat(65), false);
        for bad in [
            "", ".", "..", "-x", "--now", "@x", "x@", "a/b", "a b", "a\n", "a;b", "$(x)", "ä",
            "a\"b",
        ] {
            check(bad, false);
        }
    }
}
