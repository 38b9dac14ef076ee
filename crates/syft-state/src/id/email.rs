use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::InvalidId;

const EXPECTED: &str = "an e-mail address";
/// RFC 5321 §4.5.3.1.3, less the angle brackets.
const MAX_LENGTH: usize = 254;
/// RFC 5321 §4.5.3.1.1.
const MAX_LOCAL_LENGTH: usize = 64;

/// An e-mail address that is safe in a header, a file name and a Drive query once escaped.
///
/// It compares, hashes and sorts without case (T3) and shows as it was typed. Only the
/// unquoted ASCII form of RFC 5321 is accepted, because that is what Google accounts use.
#[derive(Clone)]
pub struct Email {
    typed: String,
}

impl Email {
    /// Returns the address as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// Returns the address in lower case, for keys and comparisons.
    #[must_use]
    pub fn key(&self) -> String {
        self.typed.to_ascii_lowercase()
    }

    /// Returns the part after the `@`, as typed.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.typed.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Returns whether `text` is this address, without regard to case.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.typed.eq_ignore_ascii_case(text)
    }
}

impl FromStr for Email {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match broken_rule(text) {
            Some(reason) => Err(InvalidId::new(text, EXPECTED, reason)),
            None => Ok(Self {
                typed: text.to_owned(),
            }),
        }
    }
}

fn broken_rule(text: &str) -> Option<&'static str> {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Some("it has no @");
    };
    if text.len() > MAX_LENGTH {
        return Some("it is longer than 254 characters");
    }
    if local.is_empty() || local.len() > MAX_LOCAL_LENGTH {
        return Some("the part before the @ must have 1 to 64 characters");
    }
    if local.split('.').any(str::is_empty) {
        return Some("a dot must stand between other characters");
    }
    if !local.bytes().all(is_local_byte) {
        return Some("the part before the @ holds a character that is not allowed");
    }
    if domain.split('.').any(|label| !is_domain_label(label)) {
        return Some("the part after the @ is not a domain name");
    }
    None
}

/// RFC 5322 `atext` and the dot, less `/`, which must not reach a path, and `#`, which
/// separates the fields of SyftBox folder names.
fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$%&'*+-=?^_`{|}~.".contains(&byte)
}

fn is_domain_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.typed)
    }
}

impl Eq for Email {}

impl PartialOrd for Email {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Email {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Email {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.typed)
    }
}

impl Serialize for Email {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.typed)
    }
}

impl<'de> Deserialize<'de> for Email {
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
        assert_eq!(text.parse::<Email>().is_ok(), valid, "{text:?}");
    }

    #[test]
    fn accepts_what_people_have() {
        // T2, T5: underscores and apostrophes are ordinary.
        for text in [
            "a@b.c",
            "john_doe@x.org",
            "o'brien@x.org",
            "A.B+tag@Example.ORG",
            "x@localhost",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn refuses_what_could_harm() {
        for text in [
            "",
            "@",
            "a",
            "a@",
            "@b",
            "a@b@",
            "a b@c",
            "a@b c",
            "a@-b.c",
            "a@b..c",
            ".a@b.c",
            "a..b@c.d",
            "a@b.c\r\nBcc: x@y.z",
            "a/../b@c.d",
            "a\\b@c.d",
            "a#b@c.d",
            "<a@b.c>",
            "a,b@c.d",
            "ä@b.c",
            "a@b\0.c",
        ] {
            check(text, false);
        }
        check(&format!("{}@b.c", "a".repeat(65)), false);
    }

    #[test]
    fn t3_compares_without_case_and_shows_as_typed() {
        let typed: Email = "Alice@X.com".parse().unwrap();
        assert_eq!(typed, "alice@x.COM".parse().unwrap());
        assert_eq!(typed.to_string(), "Alice@X.com");
        assert_eq!(typed.key(), "alice@x.com");
        assert_eq!(typed.domain(), "X.com");
    }

    proptest! {
        #[test]
        fn a_valid_address_has_no_character_that_breaks_out(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert!(!email.as_str().contains(['/', '\\', '#', '"', '<', '>', ' ', '\r', '\n', ',', ';']));
                prop_assert!(email.as_str().is_ascii());
            }
        }
    }
}
