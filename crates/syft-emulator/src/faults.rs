//! Faults that a test or a user injects.

use std::{convert::Infallible, time::Duration};

use axum::extract::FromRequestParts;
use http::request::Parts;

/// What a fault rule asks of the handler itself; the rest happens around it.
///
/// Handlers take it as an extractor: `async fn create(effects: Effects, …)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// On `drive.files.create`: lists miss the new file for this long; a get by id finds it.
    pub(crate) hide_for: Option<Duration>,
    /// On `drive.files.create`: this many lists miss the new file.
    pub(crate) hide_lists: u32,
    /// On `drive.files.create`: the file is made without its `parents`.
    pub(crate) drop_parents: bool,
}

impl<S: Sync> FromRequestParts<S> for Effects {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
