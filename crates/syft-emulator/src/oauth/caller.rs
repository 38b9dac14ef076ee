//! Who makes a call.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};

use crate::{error::ApiError, params::Params, state::App};

/// The account behind a request's access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The account's key: lower case.
    pub(crate) email: String,
    pub(crate) scopes: Vec<String>,
}

impl Caller {
    /// Refuses with 403 `insufficientPermissions` unless one of the scopes was granted.
    pub(crate) fn require(&self, any_of: &[&str]) -> Result<(), ApiError> {
        if self.scopes.iter().any(|scope| any_of.contains(&&**scope)) {
            return Ok(());
        }
        Err(ApiError::forbidden(
            "insufficientPermissions",
            "Request had insufficient authentication scopes.",
        ))
    }

    /// Returns who calls, or `None` without a living token.
    pub(crate) fn find(app: &App, headers: &HeaderMap, query: &str) -> Option<Self> {
        let token = bearer(headers).or_else(|| {
            let params = Params::parse(query);
            let token = params
                .get("access_token")
                .or_else(|| params.get("oauth_token"));
            token.map(str::to_owned)
        })?;
        let now = app.now();
        let found = app.read(|world| world.accounts.grants.access(&token, now).cloned())?;
        Some(Self {
            email: found.account,
            scopes: found.scopes,
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        Self::find(app, &parts.headers, query).ok_or_else(ApiError::unauthenticated)
    }
}
