//! What must not be read by those who read logs.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// What stands in for what is left out.
pub(super) const HIDDEN: &str = "***";
const SECRETS: [&str; 5] = ["password", "token", "secret", "authorization", "cookie"];
/// A word of such a length is no word of a sentence.
const OPAQUE: usize = 16;

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redaction {
    /// Nothing.
    Nothing,
    /// What is called a secret: logs of this machine are read by its operators.
    Secrets,
    /// Also who people are: other logs leave this machine.
    SecretsAndPeople,
}

impl Redaction {
    /// Returns a text without what is left out.
    pub(super) fn text(self, text: &str) -> Cow<'_, str> {
        if self == Self::Nothing {
            return text.into();
        }
        let mut text = each(text, next_secret);
        text = chain(text, next_login);
        if self == Self::SecretsAndPeople {
            text = chain(text, next_address);
        }
        text
    }

    /// Leaves out of the fields of an entry what is to be left out.
    pub(super) fn fields(self, fields: &mut Map<String, Value>) {
        if self == Self::Nothing {
            return;
        }
        for (key, value) in fields {
            if is_secret(key) {
                *value = HIDDEN.into();
            } else {
                self.value(value);
            }
        }
    }

    fn value(self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(redacted) = self.text(text) {
                    *text = redacted;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Object(fields) => self.fields(fields),
            _ => {}
        }
    }
}

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRETS.iter().any(|word| key.contains(word))
}

/// A part of a text that is to be left out, as byte positions.
type Part = Option<(usize, usize)>;

/// Replaces every part that is found, each after the one before it.
fn each(text: &str, find: impl Fn(&str, usize) -> Part) -> Cow<'_, str> {
    let mut result = String::new();
    let mut copied = 0;
    while let Some((start, end)) = find(text, copied) {
        result.push_str(&text[copied..start]);
        result.push_str(HIDDEN);
        copied = end;
    }
    if copied == 0 {
        return text.into();
    }
    result.push_str(&text[copied..]);
    result.into()
}

fn chain<'a>(text: Cow<'a, str>, find: impl Fn(&str, usize) -> Part) -> Cow<'a, str> {
    match each(&text, find) {
        Cow::Owned(changed) => changed.into(),
        Cow::Borrowed(_) => text,
    }
}

/// Finds the value behind the next secret's name: `password=x`, `"token":"x"`, `Cookie: x=y`.
fn next_secret(text: &str, from: usize) -> Part {
    let lower = text.to_ascii_lowercase();
    let mut from = from;
    loop {
        let words = SECRETS.iter().chain(&["bearer"]);
        let found = words.filter_map(|word| Some((lower[from..].find(word)? + from, *word)));
        let (start, word) = found.min()?;
        from = start + word.len();
        if let Some(part) = value_behind(text, from, word) {
            return Some(part);
        }
    }
}

fn value_behind(text: &str, end_of_word: usize, word: &str) -> Part {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut rest = text[end_of_word..].trim_start_matches(is_name);
    let is_quoted_name = rest.starts_with(['"', '\'']);
    rest = rest.trim_start_matches(['"', '\'']);
    let trimmed = rest.trim_start();
    let (after, is_sure) = match trimmed.strip_prefix(['=', ':']) {
        Some(after) => {
            let is_tight = trimmed.starts_with('=') || !after.starts_with(char::is_whitespace);
            let is_header = matches!(word, "authorization" | "cookie");
            (after.trim_start(), is_tight || is_header || is_quoted_name)
        }
        None if word == "bearer" => (trimmed, false),
        None => return None,
    };
    let start = text.len() - after.trim_start_matches(['"', '\'']).len();
    let is_quoted = text.len() - after.len() != start;
    let value = &text[start..];
    let length = if is_quoted {
        value.find(['"', '\'']).unwrap_or(value.len())
    } else {
        length_of_value(value, word)
    };
    let value = &value[..length];
    let looks_opaque = value.len() >= OPAQUE || value.contains(|c: char| c.is_ascii_digit());
    let is_hidden = !value.is_empty() && value != HIDDEN && (is_sure || is_quoted || looks_opaque);
    is_hidden.then_some((start, start + length))
}

/// The value of a header goes to the end of its line, with its scheme.
fn length_of_value(value: &str, word: &str) -> usize {
    let is_end =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '&' | '"' | '\'' | ')' | '}');
    let length = value.find(is_end).unwrap_or(value.len());
    let scheme = &value[..length];
    let has_scheme = ["bearer", "basic", "digest"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    if word == "cookie" {
        return value.find(['\n', '"']).unwrap_or(value.len());
    }
    if !has_scheme {
        return length;
    }
    let token = value[length..].trim_start();
    let gap = value.len() - length - token.len();
    length + gap + token.find(is_end).unwrap_or(token.len())
}

/// Finds what stands before the `@` of the next address of a server: `https://user:word@host`.
fn next_login(text: &str, from: usize) -> Part {
    let mut from = from;
    loop {
        let start = text[from..].find("://")? + from + 3;
        let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'');
        let end = text[start..]
            .find(is_end)
            .map_or(text.len(), |end| start + end);
        if let Some(at) = text[start..end].rfind('@')
            && &text[start..start + at] != HIDDEN
        {
            return Some((start, start + at));
        }
        from = start;
    }
}

/// Finds the part of the next mail address that names a person.
fn next_address(text: &str, from: usize) -> Part {
    let mut search = from;
    loop {
        let at = text[search..].find('@')? + search;
        search = at + 1;
        let is_local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
        let local = &text[from..at];
        let start = from + local.trim_end_matches(is_local).len();
        let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
        let after = &text[at + 1..];
        let length = after.find(|c| !is_domain(c)).unwrap_or(after.len());
        let has_dot = after[..length].trim_matches('.').contains('.');
        if start < at && has_dot {
            return Some((start, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, redacted: &str) {
        assert_eq!(Redaction::SecretsAndPeople.text(text), redacted);
        assert_eq!(Redaction::Nothing.text(text), text);
    }

    #[test]
    fn values_of_secrets_are_left_out() {
        check("password=hunter2 user=ann", "password=*** user=ann");
        check("PASSWORD = x", "PASSWORD = ***");
        check("admin_password: hunter2", "admin_password: ***");
        check(r#"{"password":"a b","x":1}"#, r#"{"password":"***","x":1}"#);
        check(r#"{"access_token": "abc"}"#, r#"{"access_token": "***"}"#);
        check("?token=abc&x=1", "?token=***&x=1");
        check("token:abc, secret='d e f'", "token:***, secret='***'");
        check("client-secret=1;a", "client-secret=***;a");
        check("Authorization: Bearer abc.def x", "Authorization: *** x");
        check("authorization: Basic QWxhZGRpbg==", "authorization: ***");
        check("set-cookie: a=b; c=d", "set-cookie: ***");
        check("sent with Bearer abcdefghijklmnop1", "sent with Bearer ***");
    }

    #[test]
    fn sentences_about_secrets_stay_readable() {
        for text in [
            "the token is missing",
            "cannot read the token: permission denied",
            "password: the server refused it",
            "no password, no token",
            "tokens",
            "token=",
            "bearer of bad news",
            "secretary",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn logins_and_people_are_left_out() {
        check(
            "at https://ann:word@pb.example/api",
            "at https://***@pb.example/api",
        );
        check(
            "http://a@b@host:80 http://host/x@y",
            "http://***@host:80 http://host/x@y",
        );
        check("mail to ann.b+c@example.org.", "mail to ***@example.org.");
        check("<ann@example.org>,bob@x.y", "<***@example.org>,***@x.y");
        check("jürgen@exämple.de", "***@exämple.de");
        for text in ["a @ b", "@example.org", "user@host", "x@", "@"] {
            check(text, text);
        }
    }

    #[test]
    fn logs_of_this_machine_name_people_but_no_secrets() {
        let local = |text: &'static str| Redaction::Secrets.text(text);
        assert_eq!(
            local("ann@example.org token=x"),
            "ann@example.org token=***"
        );
    }

    #[test]
    fn fields_are_left_out_by_their_names_however_deep() {
        let fields = json!({
            "password": "x", "Token_Count": 5, "mail": "ann@example.org",
            "list": ["token=y", { "api_secret": [1], "ok": true }],
        });
        let Value::Object(mut fields) = fields else {
            panic!("it is an object")
        };
        Redaction::SecretsAndPeople.fields(&mut fields);
        let expected = json!({
            "password": "***", "Token_Count": "***", "mail": "***@example.org",
            "list": ["token=***", { "api_secret": "***", "ok": true }],
        });
        assert_eq!(Value::Object(fields), expected);
    }

    proptest! {
        #[test]
        fn whatever_is_said_is_redacted_once_and_for_all(text in "\\PC{0,40}|([a-z]{0,3}(password|token|@|://|=|:|\"|bearer|cookie|ä| ){1,4}[a-z0-9.]{0,5}){0,5}") {
            let once = Redaction::SecretsAndPeople.text(&text).into_owned();
            prop_assert!(once.len() <= text.len() + 3 * text.len());
            drop(Redaction::SecretsAndPeople.text(&once));
        }

        #[test]
        fn a_secret_never_stays(name in "[a-z_]{0,5}(password|token|secret|cookie|authorization)", value in "[A-Za-z0-9]{1,30}") {
            for text in [format!("{name}={value}"), format!("{{\"{name}\": \"{value}\"}}")] {
                let redacted = Redaction::Secrets.text(&text).into_owned();
                let expected = text.replacen(&value, HIDDEN, text.matches(&value).count());
                prop_assert!(redacted.contains(HIDDEN), "{redacted} {expected}");
                prop_assert!(redacted.len() == text.len() - value.len() + HIDDEN.len(), "{redacted}");
            }
        }
    }
}
