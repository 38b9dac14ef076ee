//! The names of those who lost a conflict.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
};

use chrono::{DateTime, Utc};

use crate::mirror::Time;

const MARK: &[u8] = b" (conflict ";

/// Returns the name under which an entry is kept that lost a conflict, by when it last changed:
/// `name (conflict 2026-01-31 235959).ext`, in UTC, with a number after the time from the second
/// attempt on.
#[must_use]
pub(crate) fn aside_name(name: &OsStr, mtime: Time, attempt: u32) -> OsString {
    let time = DateTime::<Utc>::from_timestamp(mtime.seconds, 0).unwrap_or_default();
    let mut mark = time.format(" (conflict %Y-%m-%d %H%M%S").to_string();
    if attempt > 1 {
        mark.push_str(&format!(" {attempt}"));
    }
    mark.push(')');
    let bytes = name.as_bytes();
    // A leading dot begins no extension.
    let dot = bytes.iter().rposition(|&byte| byte == b'.');
    let (stem, extension) = bytes.split_at(dot.filter(|&dot| dot > 0).unwrap_or(bytes.len()));
    // Names of more than 255 bytes cannot be.
    let room = 255_usize.saturating_sub(mark.len() + extension.len());
    let stem = &stem[..stem.len().min(room)];
    OsString::from_vec([stem, mark.as_bytes(), extension].concat())
}

/// Returns whether a name is one of those.
pub(crate) fn is_aside(name: &OsStr) -> bool {
    let bytes = name.as_bytes();
    let Some(at) = bytes.windows(MARK.len()).rposition(|part| part == MARK) else {
        return false;
    };
    let rest = &bytes[at + MARK.len()..];
    let shape = b"0000-00-00 000000";
    rest.len() > shape.len()
        && shape.iter().zip(rest).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        })
        && rest[shape.len()..].contains(&b')')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, attempt: u32, expected: &str) {
        let mtime = Time {
            seconds: 1_769_903_999,
            nanos: 5,
        };
        let aside = aside_name(OsStr::new(name), mtime, attempt);
        assert_eq!(aside, expected);
        assert!(is_aside(&aside));
    }

    #[test]
    fn a_loser_keeps_its_extension() {
        check("a.txt", 1, "a (conflict 2026-01-31 235959).txt");
        check("a.txt", 2, "a (conflict 2026-01-31 235959 2).txt");
        check(".profile", 1, ".profile (conflict 2026-01-31 235959)");
        check("none", 1, "none (conflict 2026-01-31 235959)");
        let long = format!("{}.txt", "x".repeat(250));
        let expected = format!("{} (conflict 2026-01-31 235959).txt", "x".repeat(222));
        check(&long, 1, &expected);
    }

    #[test]
    fn other_names_are_no_losers() {
        for name in [
            "a.txt",
            "a (conflict).txt",
            "a (conflict 2026-01-31 23595x).txt",
        ] {
            assert!(!is_aside(OsStr::new(name)), "{name}");
        }
    }
}
