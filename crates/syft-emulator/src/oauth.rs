//! Accounts, OAuth clients, grants and tokens.

mod accounts;
mod caller;

pub(crate) use accounts::{Accounts, Person, account_key};
pub(crate) use caller::Caller;

use axum::Router;

use crate::state::App;

/// Routes of the authorisation server.
pub(crate) fn routes() -> Router<App> {
    Router::new()
}
