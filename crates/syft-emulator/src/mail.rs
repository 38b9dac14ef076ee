//! The mail part.

use axum::Router;
use serde::{Deserialize, Serialize};

use crate::state::App;

/// What the emulated service remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Store {}

/// Routes of the service.
pub(crate) fn routes() -> Router<App> {
    Router::new()
}
