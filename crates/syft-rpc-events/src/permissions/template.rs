//! The part of Go's `text/template` that patterns are written in: `{{.UserEmail}}`,
//! `{{ .UserEmail | upper }}`, `{{sha2 .UserEmail 8}}`.

use chrono::Datelike as _;
use sha2::{Digest as _, Sha256};
use syft_state::{Email, Timestamp};

/// A pattern that becomes longer is none.
const MAX_LENGTH: usize = 8 * 1024;

/// What templates are filled with.
#[derive(Clone, Debug)]
pub(super) struct Values {
    email: String,
    year: String,
    month: String,
    day: String,
}

impl Values {
    /// Takes the one who asks, whose address the relay knows in lower case, and the time in UTC.
    pub(super) fn of(user: &Email, now: Timestamp) -> Self {
        let date = now.to_utc();
        Self {
            email: user.key(),
            year: format!("{:04}", date.year()),
            month: format!("{:02}", date.month()),
            day: format!("{:02}", date.day()),
        }
    }

    fn get(&self, field: &str) -> Option<String> {
        match field {
            ".UserEmail" => Some(self.email.clone()),
            ".UserHash" => Some(sha2(&self.email, 16)),
            ".Year" => Some(self.year.clone()),
            ".Month" => Some(self.month.clone()),
            ".Date" => Some(self.day.clone()),
            _ => None,
        }
    }
}

/// Returns whether a pattern is a template.
pub(super) fn is_one(pattern: &str) -> bool {
    pattern.contains("{{") && pattern.contains("}}")
}

/// Returns whether a pattern can be filled in.
pub(super) fn is_sound(pattern: &str) -> bool {
    let somebody = Values {
        email: "a@b.c".to_owned(),
        year: "1970".to_owned(),
        month: "01".to_owned(),
        day: "01".to_owned(),
    };
    fill(pattern, &somebody).is_some()
}

/// Fills in a pattern; `None` if something in it is not known.
pub(super) fn fill(pattern: &str, values: &Values) -> Option<String> {
    if !is_one(pattern) {
        return Some(pattern.to_owned());
    }
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((text, after)) = rest.split_once("{{") {
        let (action, after) = after.split_once("}}")?;
        // A dash with a blank takes away the blanks on its side.
        let (action, trims_before) = match action.strip_prefix("- ") {
            Some(action) => (action, true),
            None => (action, false),
        };
        let (action, trims_after) = match action.strip_suffix(" -") {
            Some(action) => (action, true),
            None => (action, false),
        };
        filled.push_str(if trims_before { text.trim_end() } else { text });
        filled.push_str(&evaluate(action.trim(), values)?);
        rest = if trims_after {
            after.trim_start()
        } else {
            after
        };
        if filled.len() > MAX_LENGTH {
            return None;
        }
    }
    filled.push_str(rest);
    (filled.len() <= MAX_LENGTH).then_some(filled)
}

fn evaluate(action: &str, values: &Values) -> Option<String> {
    if action.starts_with("/*") && action.ends_with("*/") {
        return Some(String::new());
    }
    let mut piped = None;
    for command in words(action)?.split(|word| *word == Word::Pipe) {
        piped = Some(call(command, piped, values)?);
    }
    piped
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Pipe,
    Text(String),
    Name(String),
}

/// Splits an action into its words.
fn words(action: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = action.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '|' => (Word::Pipe, &rest[1..]),
            '"' | '`' => {
                let (text, after) = rest[1..].split_once(first)?;
                // What Go would unescape is not known here.
                if first == '"' && text.contains('\\') {
                    return None;
                }
                (Word::Text(text.to_owned()), after)
            }
            _ => {
                let is_end = |c: char| c.is_whitespace() || matches!(c, '|' | '"' | '`');
                let (name, after) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
                (Word::Name(name.to_owned()), after)
            }
        };
        words.push(word);
        rest = after.trim_start();
    }
    Some(words)
}

/// Calls a function, or returns the value that a command is.
fn call(command: &[Word], piped: Option<String>, values: &Values) -> Option<String> {
    let (first, arguments) = command.split_first()?;
    let value = |word: &Word| match word {
        Word::Text(text) => Some(text.clone()),
        Word::Name(name) if name.starts_with('.') => values.get(name),
        _ => None,
    };
    let function = match first {
        Word::Name(name) if !name.starts_with('.') => name.as_str(),
        word if arguments.is_empty() && piped.is_none() => return value(word),
        _ => return None,
    };
    match (function, arguments, &piped) {
        ("upper", [], Some(text)) => Some(text.to_uppercase()),
        ("upper", [word], None) => Some(value(word)?.to_uppercase()),
        ("lower", [], Some(text)) => Some(text.to_lowercase()),
        ("lower", [word], None) => Some(value(word)?.to_lowercase()),
        ("sha2", [], Some(text)) => Some(sha2(text, 64)),
        ("sha2", [word], None) => Some(sha2(&value(word)?, 64)),
        ("sha2", [word, Word::Name(length)], None) => {
            let length: u8 = length.parse().ok()?;
            let length = if length == 0 { 16 } else { length };
            Some(sha2(&value(word)?, usize::from(length)))
        }
        _ => None,
    }
}

/// Returns the first hexadecimal digits of the SHA-256 of a text, 64 at most.
fn sha2(text: &str, length: usize) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.truncate(length);
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> Values {
        let now = "2026-03-09T23:59:59Z".parse().unwrap();
        Values::of(&"Bob@Example.com".parse().unwrap(), now)
    }

    #[track_caller]
    fn check(pattern: &str, wanted: Option<&str>) {
        assert_eq!(fill(pattern, &values()).as_deref(), wanted, "{pattern}");
        assert_eq!(is_sound(pattern), wanted.is_some(), "{pattern}");
    }

    #[test]
    fn patterns_are_filled_in() {
        // The digest is that of `printf bob@example.com | sha256sum`.
        const HASH: &str = "5ff860bf1190596c7188ab851db691f0f3169c453936e9e1eba2f9a47f7a0018";
        check("a/*.b", Some("a/*.b"));
        check("}}{{", None);
        check("x/{{.UserEmail}}/y", Some("x/bob@example.com/y"));
        check("{{ .UserEmail }}", Some("bob@example.com"));
        check("{{.UserHash}}", Some(&HASH[..16]));
        check("{{.Year}}-{{.Month}}-{{.Date}}", Some("2026-03-09"));
        check("{{upper .UserEmail}}", Some("BOB@EXAMPLE.COM"));
        check("{{.UserEmail | upper | lower}}", Some("bob@example.com"));
        check("{{.UserEmail|upper}}", Some("BOB@EXAMPLE.COM"));
        check("{{sha2 .UserEmail}}", Some(HASH));
        check("{{.UserEmail | sha2}}", Some(HASH));
        check("{{sha2 .UserEmail 8}}", Some(&HASH[..8]));
        check("{{sha2 .UserEmail 0}}", Some(&HASH[..16]));
        check("{{sha2 .UserEmail 200}}", Some(HASH));
        check("{{upper \"a b\"}}", Some("A B"));
        check("a {{- .Year -}} b", Some("a2026b"));
        check("a{{/* nothing */}}b", Some("ab"));
    }

    #[test]
    fn what_is_not_known_is_not_filled_in() {
        for unknown in [
            "{{.Nobody}}",
            "{{UserEmail}}",
            "{{}}",
            "{{.UserEmail .Year}}",
            "{{.Year | .Month}}",
            "{{upper}}",
            "{{upper .Year .Month}}",
            "{{sha2 .UserEmail 300}}",
            "{{sha2 .UserEmail x}}",
            "{{range .Year}}",
            "{{.Year |}}",
            "{{\"a}}",
            "{{\"\\n\"}}",
            "{{.Year}}{{.UserEmail",
        ] {
            check(unknown, None);
        }
    }

    proptest! {
        #[test]
        fn no_pattern_makes_it_panic(pattern in "(\\{\\{|\\}\\}|\\||\"|`|-| |\\.UserEmail|sha2|upper|[0-9a-zé*/]){0,30}") {
            drop(fill(&pattern, &values()));
        }
    }
}
