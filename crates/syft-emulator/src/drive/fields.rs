//! Field masks: the `fields` parameter, such as `files(id,owners/me),nextPageToken`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::discovery::Shape;
use crate::error::ApiError;

/// Masks nested deeper than any answer are refused.
const MAX_DEPTH: usize = 20;

/// Which parts of an answer the caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mask {
    All,
    Some(BTreeMap<String, Self>),
}

impl Mask {
    /// Parses `fields`; a name that the answer cannot have is a 400 `invalidParameter`.
    pub(crate) fn parse(text: &str, shape: Shape) -> Result<Self, ApiError> {
        let mut parser = Parser { text, at: 0 };
        let mask = parser.list(shape, 0).map_err(Problem::into_error)?;
        match parser.peek() {
            None => Ok(mask),
            Some(found) => Err(Problem::Unexpected(found).into_error()),
        }
    }

    /// Returns what is wanted of the member `name`, or `None` if nothing is.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::All => Some(self),
            Self::Some(members) => members.get(name),
        }
    }

    /// Removes from `value` what is not wanted; lists are filtered item by item.
    pub(crate) fn apply(&self, value: Value) -> Value {
        match (self, value) {
            (Self::Some(_), Value::Array(items)) => {
                items.into_iter().map(|item| self.apply(item)).collect()
            }
            (Self::Some(_), Value::Object(members)) => {
                let kept = members.into_iter().filter_map(|(name, value)| {
                    let mask = self.member(&name)?;
                    Some((name, mask.apply(value)))
                });
                Value::Object(kept.collect())
            }
            (_, value) => value,
        }
    }

    fn add(&mut self, name: String, mask: Self) {
        let Self::Some(members) = self else { return };
        if name == "*" {
            *self = Self::All;
            return;
        }
        match members.get_mut(&name) {
            None => {
                members.insert(name, mask);
            }
            Some(known) => known.merge(mask),
        }
    }

    fn merge(&mut self, other: Self) {
        match other {
            Self::All => *self = Self::All,
            Self::Some(members) => {
                for (name, mask) in members {
                    self.add(name, mask);
                }
            }
        }
    }
}

enum Problem {
    Unknown(String),
    Unexpected(char),
    Unfinished,
    TooDeep,
}

impl Problem {
    fn into_error(self) -> ApiError {
        let message = match self {
            Self::Unknown(name) => format!("Invalid field selection {name}"),
            Self::Unexpected(found) => format!("Invalid field selection: unexpected '{found}'"),
            Self::Unfinished => "Invalid field selection: a field name is missing".to_owned(),
            Self::TooDeep => "Invalid field selection: nested too deeply".to_owned(),
        };
        let status = http::StatusCode::BAD_REQUEST;
        ApiError::new(status, "invalidParameter", message).at("fields")
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn skip(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    fn list(&mut self, shape: Shape, depth: usize) -> Result<Mask, Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        let mut mask = Mask::Some(BTreeMap::new());
        loop {
            let (name, inner) = self.item(shape, depth)?;
            mask.add(name, inner);
            if !self.skip(',') {
                return Ok(mask);
            }
        }
    }

    /// `name`, `name/rest` or `name(list)`
    fn item(&mut self, shape: Shape, depth: usize) -> Result<(String, Mask), Problem> {
        if depth > MAX_DEPTH {
            return Err(Problem::TooDeep);
        }
        let name = self.name()?;
        if name == "*" {
            return Ok((name, Mask::All));
        }
        let Some(member) = shape.member(&name) else {
            return Err(Problem::Unknown(name));
        };
        if self.skip('/') {
            let (inner_name, inner) = self.item(member, depth + 1)?;
            return Ok((name, Mask::Some(BTreeMap::from([(inner_name, inner)]))));
        }
        if self.skip('(') {
            let inner = self.list(member, depth + 1)?;
            return match self.peek() {
                Some(')') => {
                    self.at += 1;
                    Ok((name, inner))
                }
                Some(found) => Err(Problem::Unexpected(found)),
                None => Err(Problem::Unfinished),
            };
        }
        Ok((name, Mask::All))
    }

    fn name(&mut self) -> Result<String, Problem> {
        match self.peek() {
            None => return Err(Problem::Unfinished),
            Some('*') => {
                self.at += 1;
                return Ok("*".to_owned());
            }
            Some(_) => {}
        }
        let rest = &self.text[self.at..];
        let end = rest
            .find(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '-' | '.'))
            .unwrap_or(rest.len());
        if end == 0 {
            return Err(self.peek().map_or(Problem::Unfinished, Problem::Unexpected));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }
}

#[cfg(test)]
mod tests;
