//! Conditions on records, in which no value can become a part of the condition.

use std::fmt;

use serde_json::Value;

use crate::error::{Error, Result};

/// A condition in PocketBase's language of filters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(String);

impl Filter {
    /// Accepts records whose field has this value: a text, a number or a truth value.
    ///
    /// # Errors
    /// [`Error::Rejected`] for a value that cannot be written for both generations: a text with a
    /// backslash.
    pub fn is(field: &'static str, value: impl Into<Value>) -> Result<Self> {
        Self::compare(field, "=", value)
    }

    /// Accepts records whose field has another value.
    ///
    /// # Errors
    /// As for [`Self::is`].
    pub fn is_not(field: &'static str, value: impl Into<Value>) -> Result<Self> {
        Self::compare(field, "!=", value)
    }

    /// Accepts records whose field is greater, as a later id or date.
    ///
    /// # Errors
    /// As for [`Self::is`].
    pub fn is_after(field: &'static str, value: impl Into<Value>) -> Result<Self> {
        Self::compare(field, ">", value)
    }

    /// Accepts records that both conditions accept.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.join("&&", other)
    }

    /// Accepts records that one of the conditions accepts.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.join("||", other)
    }

    /// Returns the text, empty if everything is accepted.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn compare(field: &'static str, sign: &str, value: impl Into<Value>) -> Result<Self> {
        let value = literal(&value.into()).ok_or_else(|| Error::Rejected {
            what: format!("a filter on {field}"),
            reason: "its value cannot be written in a filter".to_owned(),
        })?;
        Ok(Self(format!("({field}{sign}{value})")))
    }

    fn join(self, sign: &str, other: Self) -> Self {
        match (self.0.is_empty(), other.0.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => Self(format!("({}{sign}{})", self.0, other.0)),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(text) => quoted(text),
        _ => None,
    }
}

/// What a backslash means differs: in 0.22 it escapes quotation marks alone and is itself
/// everywhere else, later it escapes itself, too. So a text that has one is not written at all.
fn quoted(text: &str) -> Option<String> {
    let is_plain = !text.contains(['\\', '\0']);
    is_plain.then(|| format!("'{}'", text.replace('\'', "\\'")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(filter: Result<Filter>, expected: &str) {
        assert_eq!(filter.unwrap().as_str(), expected);
    }

    #[test]
    fn conditions() {
        check(Filter::is("a", "b"), "(a='b')");
        check(Filter::is("a", true), "(a=true)");
        check(Filter::is_not("a", 1.5), "(a!=1.5)");
        let is = |field, value: &str| Filter::is(field, value).unwrap();
        check(Ok(is("a", "").or(is("a", "x"))), "((a='')||(a='x'))");
        check(Ok(Filter::default().and(is("a", "x"))), "(a='x')");
        check(Ok(is("a", "x").and(Filter::default())), "(a='x')");
    }

    #[test]
    fn a_value_cannot_leave_its_quotation_marks() {
        check(Filter::is("a", "x' || 1=1"), r"(a='x\' || 1=1')");
        Filter::is("a", r"x\' || 1=1").unwrap_err();
        Filter::is("a", r"x\").unwrap_err();
        Filter::is("a", Value::Null).unwrap_err();
    }

    /// Reads a text as the scanners of 0.22 do, or those of later versions.
    fn scan(literal: &str, is_later: bool) -> Option<String> {
        let mut text = String::new();
        let mut rest = literal.strip_prefix('\'')?.chars();
        while let Some(c) = rest.next() {
            match c {
                '\'' => return rest.next().is_none().then_some(text),
                '\\' => match rest.next()? {
                    '\'' => text.push('\''),
                    escaped if is_later => text.push(escaped),
                    other => text.extend(['\\', other]),
                },
                c => text.push(c),
            }
        }
        None
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in r#"[ab'"\\&| ]{0,12}"#) {
            if let Some(literal) = quoted(&text) {
                let text = Some(text);
                prop_assert_eq!(&scan(&literal, false), &text);
                prop_assert_eq!(&scan(&literal, true), &text);
            } else {
                prop_assert!(text.contains('\\'));
            }
        }
    }
}
