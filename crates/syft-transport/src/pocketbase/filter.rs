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
    /// [`Error::Rejected`] for a value that the language cannot write, such as a text that ends
    /// in a backslash: there is no way to escape it.
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

/// A text ends at the first quotation mark of its kind without a backslash before it, and a
/// backslash is itself everywhere else; so one before the end, or before a mark, has no spelling.
fn quoted(text: &str) -> Option<String> {
    if text.ends_with('\\') || text.contains('\0') {
        return None;
    }
    ['\'', '"'].into_iter().find_map(|mark| {
        let is_clear = !text.contains(&format!("\\{mark}"));
        is_clear.then(|| format!("{mark}{}{mark}", text.replace(mark, &format!("\\{mark}"))))
    })
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
        check(Filter::is("a", r"x\' || 1=1"), r#"(a="x\' || 1=1")"#);
        Filter::is("a", r"x\").unwrap_err();
        Filter::is("a", r#"x\'\""#).unwrap_err();
        Filter::is("a", Value::Null).unwrap_err();
    }

    /// Reads a text as PocketBase's scanner does: returns it, and what is left behind it.
    fn scan(literal: &str) -> Option<(String, &str)> {
        let mark = literal.chars().next()?;
        let mut before = None;
        for (index, c) in literal.char_indices().skip(1) {
            if c == mark && before != Some('\\') {
                let text = literal[1..index].replace(&format!("\\{mark}"), &mark.to_string());
                return Some((text, &literal[index + 1..]));
            }
            before = Some(c);
        }
        None
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in r#"[ab'"\\&| ]{0,12}"#) {
            if let Some(literal) = quoted(&text) {
                prop_assert_eq!(scan(&literal), Some((text, "")));
            } else {
                prop_assert!(text.contains('\\'));
            }
        }
    }
}
