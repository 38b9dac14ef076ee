//! Query parameters, checked against the list that a method knows.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::error::ApiError;

/// Parameters that Google accepts on every method.
const STANDARD: [&str; 13] = [
    "$.xgafv",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "userIp",
    "uploadType",
    "upload_protocol",
    "upload_id",
];

/// The decoded query string, in order, repeated names kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes a query string such as `pageSize=10&q=trashed%3Dfalse`.
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Refuses every parameter that is neither in `allowed` nor one of Google's standard ones.
    pub(crate) fn only(&self, allowed: &[&str]) -> Result<&Self, ApiError> {
        let unknown = self
            .0
            .iter()
            .find(|(name, _)| !allowed.contains(&&**name) && !STANDARD.contains(&&**name));
        match unknown {
            None => Ok(self),
            Some((name, _)) => Err(ApiError::parameter(
                name,
                "the method has no such parameter",
            )),
        }
    }

    /// Returns the last value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| &**value)
    }

    /// Returns every value of `name`, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| &**value)
    }

    /// Returns a boolean; only `true` and `false` in any case are understood.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name).map(str::to_ascii_lowercase).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(ApiError::parameter(name, "expected true or false")),
        }
    }

    /// Returns a number within `range`.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let (low, high) = (range.start(), range.end());
                Err(ApiError::parameter(
                    name,
                    &format!("expected a number from {low} to {high}"),
                ))
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}
