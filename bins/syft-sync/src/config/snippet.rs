//! The line of a config file that a finding is about.

use super::{Config, error::Invalid, finding::Finding, place::Place};

/// The most characters of a line that are shown.
const WIDEST: usize = 120;
/// What tells that a line may hold a secret, however its key is misspelt.
const SECRETIVE: [&str; 7] = ["pass", "pasw", "psw", "pwd", "secret", "token", "admin_p"];

/// A line, and what of it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snippet {
    /// Printable, cut to a width that fits, and without secrets.
    pub(crate) text: String,
    /// How many characters stand before what is meant.
    pub(crate) indent: usize,
    /// How many characters are meant, at least one.
    pub(crate) width: usize,
}

impl Invalid {
    pub(crate) fn snippet(&self, finding: &Finding) -> Option<Snippet> {
        Snippet::of(&self.text, finding.origin.place()?)
    }
}

impl Config {
    pub(crate) fn snippet(&self, finding: &Finding) -> Option<Snippet> {
        Snippet::of(&self.source.text, finding.origin.place()?)
    }
}

impl Snippet {
    fn of(text: &str, place: Place) -> Option<Self> {
        let line = text.split('\n').nth(place.line - 1)?.trim_end();
        let shown: Vec<char> = if may_hold_secret(text, place.line) {
            masked(line)
        } else {
            line.chars().map(printable).collect()
        };
        let before = place.column - 1;
        let meant = text.get(place.start..place.end).unwrap_or_default();
        let width = meant.lines().next().unwrap_or_default().chars().count();
        let width = width.min(shown.len().saturating_sub(before)).max(1);
        // What is meant stays in sight, with some of what stands before it.
        let skipped = if before < WIDEST - 40 { 0 } else { before - 40 };
        let shown = shown.iter().skip(skipped).take(WIDEST);
        Some(Self {
            text: shown.collect(),
            indent: before - skipped,
            width: width.min(WIDEST - (before - skipped)),
        })
    }
}

/// Returns whether a line, or the key whose value it goes on with, may hold a secret.
fn may_hold_secret(text: &str, line: usize) -> bool {
    let lines: Vec<_> = text.split('\n').take(line).collect();
    // Within a text of several lines anything may look like a key.
    let is_within = |quotes: &str| {
        let before = lines[..lines.len() - 1].iter();
        before
            .map(|line| line.matches(quotes).count())
            .sum::<usize>()
            % 2
            == 1
    };
    if is_within("\"\"\"") || is_within("'''") {
        return true;
    }
    for line in lines.iter().rev() {
        let lower = line.to_lowercase();
        if SECRETIVE.iter().any(|word| lower.contains(word)) {
            return true;
        }
        if begins_something(line) {
            return false;
        }
    }
    false
}

/// Returns whether a line begins a key or a table, so that no value of an earlier line goes on.
fn begins_something(line: &str) -> bool {
    let line = line.trim_start();
    let key = line.split_once('=').map_or("", |(key, _)| key.trim_end());
    let is_of_key =
        |character: char| character.is_ascii_alphanumeric() || "._-\"'".contains(character);
    line.starts_with('[') || (!key.is_empty() && key.chars().all(is_of_key))
}

/// Returns a line with stars for everything behind its first key.
fn masked(line: &str) -> Vec<char> {
    let shown = line.find('=').map_or(0, |equals| equals + 1);
    let shown = if begins_something(line) { shown } else { 0 };
    let mask = |(index, character): (usize, char)| match character {
        character if index < shown => printable(character),
        ' ' => ' ',
        _ => '*',
    };
    line.char_indices().map(mask).collect()
}

/// A config may come from anybody, and a terminal obeys control characters.
fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        character if character.is_control() => '\u{fffd}',
        character => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::place::Lines;

    #[track_caller]
    fn check(text: &str, meant: &str, expected: (&str, usize, usize)) {
        let start = text.find(meant).expect("it is there");
        let snippet =
            Snippet::of(text, Lines::new(text).place(start, start + meant.len())).unwrap();
        assert_eq!(
            (snippet.text.as_str(), snippet.indent, snippet.width),
            expected
        );
    }

    #[test]
    fn the_line_is_shown_and_what_is_meant_in_it() {
        check("a = 1\nbc = 2\n", "bc", ("bc = 2", 0, 2));
        check("a = 1\nbc = 2\n", "2", ("bc = 2", 5, 1));
        check("ä = 1", "1", ("ä = 1", 4, 1));
        check("\ta = 1\r\n", "1", (" a = 1", 5, 1));
        check("a = \"\u{1b}[2J\"", "a", ("a = \"\u{fffd}[2J\"", 0, 1));
        check("a = [\n1,\n]", "[\n1,\n]", ("a = [", 4, 1));
        check("a = ", " ", ("a =", 1, 1));
    }

    #[test]
    fn of_a_long_line_what_is_meant_is_shown() {
        let text = format!("{} = 1", "x".repeat(500));
        check(&text, "1", (&format!("{} = 1", "x".repeat(37)), 40, 1));
        check(&text, &"x".repeat(500), (&"x".repeat(120), 0, 120));
    }

    #[test]
    fn secrets_are_hidden_however_their_keys_are_misspelt() {
        check(
            "admin_password = \"abc\"",
            "\"abc\"",
            ("admin_password = *****", 17, 5),
        );
        check(
            "admin_pasword = \"abc\"",
            "admin",
            ("admin_pasword = *****", 0, 5),
        );
        check(
            "pb = { admin_password = \"abc\" }",
            "pb",
            ("pb = * ************** * ***** *", 0, 2),
        );
        check(
            "password = \"\"\"\nab = c\n\"\"\"",
            "password",
            ("password = ***", 0, 8),
        );
        check("password = \"\"\"\na b\n\"\"\"", "a b", ("* *", 0, 3));
        check("password = \"\"\"\nab = c\n\"\"\"", "ab", ("ab = *", 0, 2));
        check("password = 1\n\n# note\nb = 2", "b =", ("b = 2", 0, 3));
    }
}
