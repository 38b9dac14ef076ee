//! Accounts, OAuth clients, grants and tokens.

mod accounts;
mod caller;
mod client;
mod consent;
mod grant;
mod info;
mod scope;
mod token;

pub(crate) use accounts::{Accounts, Person, account_key, is_email};
pub(crate) use caller::Caller;
pub(crate) use client::{Client, credentials};
pub(crate) use consent::Pending;
pub(crate) use grant::{Grant, TOKEN_LIFE, authorized_user, random_text};

use axum::{
    Router,
    routing::{any, get, post},
};

use crate::state::App;

/// Routes of `accounts.google.com`, `oauth2.googleapis.com` and the OAuth part of
/// `www.googleapis.com`, which all share one port.
pub(crate) fn routes() -> Router<App> {
    let mut router = Router::new().route("/o/oauth2/consent", post(consent::decide));
    for path in ["/o/oauth2/auth", "/o/oauth2/v2/auth"] {
        router = router.route(path, get(consent::ask));
    }
    for path in [
        "/token",
        "/o/oauth2/token",
        "/oauth2/v3/token",
        "/oauth2/v4/token",
    ] {
        router = router.route(path, post(token::exchange));
    }
    for path in ["/revoke", "/o/oauth2/revoke"] {
        router = router.route(path, any(info::revoke));
    }
    for path in ["/tokeninfo", "/oauth2/v3/tokeninfo"] {
        router = router.route(path, any(info::token_info));
    }
    for path in ["/oauth2/v1/tokeninfo", "/oauth2/v2/tokeninfo"] {
        router = router.route(path, any(info::token_info_v2));
    }
    for path in ["/oauth2/v3/userinfo", "/v1/userinfo"] {
        router = router.route(path, any(info::user_info));
    }
    for path in [
        "/oauth2/v1/userinfo",
        "/oauth2/v2/userinfo",
        "/userinfo/v2/me",
    ] {
        router = router.route(path, any(info::user_info_v2));
    }
    router
}
