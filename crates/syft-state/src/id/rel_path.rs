use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::InvalidId;

const EXPECTED: &str = "a relative path";
/// Linux's `PATH_MAX`, less the terminating zero.
const MAX_LENGTH: usize = 4095;
/// Linux's `NAME_MAX`.
const MAX_NAME_LENGTH: usize = 255;

/// A path below some root that cannot leave it: parts separated by `/`, none of them
/// empty, `.` or `..`, without NUL and backslash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelPath {
    text: String,
}

impl RelPath {
    /// Parses a path that a peer wrote, on whose Windows machine `\` may separate (T10).
    ///
    /// # Errors
    /// The same as [`str::parse`].
    pub fn from_peer(text: &str) -> Result<Self, InvalidId> {
        text.replace('\\', "/").parse()
    }

    /// Returns the path with `/` between its parts.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the parts, of which there is at least one.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.text.split('/')
    }

    /// Returns the path below `root`.
    #[must_use]
    pub fn below(&self, root: &Path) -> PathBuf {
        self.parts()
            .fold(root.to_owned(), |path, part| path.join(part))
    }
}

impl FromStr for RelPath {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match broken_rule(text) {
            Some(reason) => Err(InvalidId::new(text, EXPECTED, reason)),
            None => Ok(Self {
                text: text.to_owned(),
            }),
        }
    }
}

fn broken_rule(text: &str) -> Option<&'static str> {
    if text.len() > MAX_LENGTH {
        return Some("it is longer than 4095 bytes");
    }
    if text.contains(['\0', '\\']) {
        return Some("it holds a backslash or a zero byte");
    }
    text.split('/').find_map(|part| match part {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("`.` and `..` are not allowed"),
        part if part.len() > MAX_NAME_LENGTH => Some("a part of it is longer than 255 bytes"),
        _ => None,
    })
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for RelPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, valid: bool) {
        assert_eq!(text.parse::<RelPath>().is_ok(), valid, "{text:?}");
    }

    #[test]
    fn tells_paths_that_stay_from_paths_that_leave() {
        for text in [
            "a",
            "a/b.txt",
            "app_data/job/my job/config.yaml",
            "..a/b..",
            "-",
            "a\nb",
        ] {
            check(text, true);
        }
        for text in [
            "", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a\\b", "a\0b",
        ] {
            check(text, false);
        }
        check(&"x".repeat(256), false);
    }

    #[test]
    fn t10_a_windows_peer_separates_with_backslashes() {
        assert_eq!(RelPath::from_peer("a\\b\\c").unwrap().as_str(), "a/b/c");
        assert!(RelPath::from_peer("..\\a").is_err());
    }

    proptest! {
        #[test]
        fn nothing_below_a_root_leaves_it(text in ".{0,60}") {
            if let Ok(path) = RelPath::from_peer(&text) {
                let full = path.below(Path::new("/root-dir"));
                prop_assert!(full.starts_with("/root-dir"));
                prop_assert!(full.components().all(|part| part != std::path::Component::ParentDir));
            }
        }
    }
}
