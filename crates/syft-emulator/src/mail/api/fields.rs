//! The `fields` parameter: which members of an answer are wanted.

use std::{iter::Peekable, str::Chars};

use serde_json::{Map, Value};

use super::table::Shape;
use crate::error::ApiError;

/// Masks nested deeper than any answer are refused.
const MAX_DEPTH: usize = 20;

/// Wanted members, each with the mask of its own members; an empty mask wants all of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mask(Vec<(String, Self)>);

impl Mask {
    /// Parses a mask such as `id,payload(headers/name)`; a name that the answer cannot have is
    /// refused.
    pub(super) fn parse(text: &str, shape: Shape) -> Result<Self, ApiError> {
        let mut signs = text.chars().peekable();
        let mask = list(&mut signs, shape, 0)?;
        match signs.next() {
            None => Ok(mask),
            Some(sign) => Err(invalid(&format!("unexpected '{sign}'"))),
        }
    }

    /// Removes what is not wanted; lists are cut item by item.
    pub(super) fn apply(&self, value: Value) -> Value {
        match value {
            _ if self.0.is_empty() => value,
            Value::Array(items) => items.into_iter().map(|item| self.apply(item)).collect(),
            Value::Object(members) => {
                let wanted = members.into_iter().filter_map(|(name, value)| {
                    let mask = self.member(&name)?;
                    Some((name, mask.apply(value)))
                });
                wanted.collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }

    fn member(&self, name: &str) -> Option<&Self> {
        let wanted = |wanted: &str| wanted == name || wanted == "*";
        let found = self.0.iter().find(|(member, _)| wanted(member));
        found.map(|(_, mask)| mask)
    }
}

type Signs<'a> = Peekable<Chars<'a>>;

fn list(signs: &mut Signs<'_>, shape: Shape, depth: usize) -> Result<Mask, ApiError> {
    let mut mask = Mask(vec![member(signs, shape, depth)?]);
    while signs.next_if_eq(&',').is_some() {
        mask.0.push(member(signs, shape, depth)?);
    }
    Ok(mask)
}

/// `name`, `name/member` or `name(list)`
fn member(signs: &mut Signs<'_>, shape: Shape, depth: usize) -> Result<(String, Mask), ApiError> {
    if depth > MAX_DEPTH {
        return Err(invalid("nested too deeply"));
    }
    if signs.next_if_eq(&'*').is_some() {
        return Ok(("*".to_owned(), Mask::default()));
    }
    let mut name = String::new();
    while let Some(sign) = signs.next_if(char::is_ascii_alphanumeric) {
        name.push(sign);
    }
    let Some(shape) = shape.member(&name) else {
        return Err(invalid(&format!("the answer has no member '{name}'")));
    };
    if signs.next_if_eq(&'/').is_some() {
        return Ok((name, Mask(vec![member(signs, shape, depth + 1)?])));
    }
    if signs.next_if_eq(&'(').is_none() {
        return Ok((name, Mask::default()));
    }
    let inner = list(signs, shape, depth + 1)?;
    match signs.next() {
        Some(')') => Ok((name, inner)),
        _ => Err(invalid("a ')' is missing")),
    }
}

fn invalid(problem: &str) -> ApiError {
    ApiError::parameter("fields", problem)
}
