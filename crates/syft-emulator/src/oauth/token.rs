//! The token endpoint: codes and refresh tokens against access tokens.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Accounts, Client, TOKEN_LIFE, scope};
use crate::{params::Params, state::App};

/// A refusal in the shape of RFC 6749 section 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    error: &'static str,
    description: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({ "error": self.error, "error_description": self.description });
        (status, Json(body)).into_response()
    }
}

const fn refuse(error: &'static str, description: &'static str) -> Refusal {
    Refusal { error, description }
}

const REVOKED: Refusal = refuse("invalid_grant", "Token has been expired or revoked.");

/// `POST /token`.
pub(crate) async fn exchange(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = Params::parse(&String::from_utf8_lossy(&body));
    let now = app.now();
    let answer = app.write(|world| answer(&mut world.accounts, &headers, &form, now))?;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, Json(answer)).into_response())
}

fn answer(
    accounts: &mut Accounts,
    headers: &HeaderMap,
    form: &Params,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let client_id = authenticate(accounts, headers, form)?;
    match form.get("grant_type") {
        Some("authorization_code") => from_code(accounts, &client_id, form, now),
        Some("refresh_token") => from_refresh_token(accounts, &client_id, form, now),
        Some(_) => Err(refuse("unsupported_grant_type", "Invalid grant_type")),
        None => Err(refuse(
            "invalid_request",
            "Missing required parameter: grant_type",
        )),
    }
}

/// Returns the client's id. A client not seen before is taken at its word and remembered.
fn authenticate(
    accounts: &mut Accounts,
    headers: &HeaderMap,
    form: &Params,
) -> Result<String, Refusal> {
    let given = basic(headers).or_else(|| {
        let id = form.get("client_id")?.to_owned();
        Some((id, form.get("client_secret").unwrap_or_default().to_owned()))
    });
    let Some((id, secret)) = given.filter(|(id, _)| !id.is_empty()) else {
        return Err(refuse(
            "invalid_request",
            "Could not determine client ID from request.",
        ));
    };
    let known = accounts.clients.entry(id.clone()).or_insert(Client {
        secret: secret.clone(),
    });
    if known.secret != secret {
        return Err(refuse(
            "invalid_client",
            "The provided client secret is invalid.",
        ));
    }
    Ok(id)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let pair = scheme
        .eq_ignore_ascii_case("basic")
        .then(|| STANDARD.decode(encoded.trim()))?;
    let pair = String::from_utf8(pair.ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

/// RFC 6749 section 2.3.1 has both halves of the pair form-encoded.
fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced)
        .decode_utf8()
        .ok()?;
    Some(decoded.into_owned())
}

fn from_code(
    accounts: &mut Accounts,
    client_id: &str,
    form: &Params,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let Some(text) = form.get("code") else {
        return Err(refuse(
            "invalid_request",
            "Missing required parameter: code",
        ));
    };
    let Some(code) = accounts.grants.take_code(text, now) else {
        return Err(refuse("invalid_grant", "Malformed auth code."));
    };
    if code.grant.client_id != client_id {
        return Err(refuse(
            "invalid_grant",
            "The code was issued to another client.",
        ));
    }
    if form.get("redirect_uri") != Some(&*code.redirect_uri) {
        return Err(refuse("redirect_uri_mismatch", "Bad Request"));
    }
    check_verifier(code.challenge.as_ref(), form.get("code_verifier"))?;
    let scopes = code.grant.scopes.clone();
    let refresh = code
        .offline
        .then(|| accounts.grants.issue_refresh(code.grant.clone()));
    let access = accounts
        .grants
        .issue_access(&code.grant, scopes.clone(), refresh.as_deref(), now);
    let mut answer = token_answer(&access, &scopes);
    if let Some(refresh) = refresh {
        answer["refresh_token"] = json!(refresh);
    }
    Ok(answer)
}

/// Checks PKCE (RFC 7636).
fn check_verifier(
    challenge: Option<&(String, String)>,
    verifier: Option<&str>,
) -> Result<(), Refusal> {
    let fits = match (challenge, verifier) {
        (None, _) => true,
        (Some(_), None) => {
            return Err(refuse("invalid_grant", "Missing code verifier."));
        }
        (Some((challenge, method)), Some(verifier)) if method == "S256" => {
            URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == *challenge
        }
        (Some((challenge, _)), Some(verifier)) => verifier == challenge,
    };
    fits.then_some(())
        .ok_or(refuse("invalid_grant", "Invalid code verifier."))
}

/// Keeps the scopes of the grant, or narrows them to `scope`; never gives a new refresh token.
fn from_refresh_token(
    accounts: &mut Accounts,
    client_id: &str,
    form: &Params,
    now: DateTime<Utc>,
) -> Result<Value, Refusal> {
    let Some(refresh) = form.get("refresh_token") else {
        return Err(refuse(
            "invalid_request",
            "Missing required parameter: refresh_token",
        ));
    };
    let grant = accounts
        .grants
        .grant(refresh, now)
        .cloned()
        .ok_or(REVOKED)?;
    if grant.client_id != client_id {
        return Err(refuse("unauthorized_client", "Unauthorized"));
    }
    let scopes = match form.get("scope").map(scope::split) {
        None => grant.scopes.clone(),
        // T28: a client that asks for more than was granted gets nothing.
        Some(asked) if asked.iter().any(|scope| !grant.scopes.contains(scope)) => {
            return Err(refuse("invalid_scope", "Bad Request"));
        }
        Some(asked) => asked,
    };
    let access = accounts
        .grants
        .issue_access(&grant, scopes.clone(), Some(refresh), now);
    Ok(token_answer(&access, &scopes))
}

fn token_answer(access: &str, scopes: &[String]) -> Value {
    json!({
        "access_token": access,
        "expires_in": TOKEN_LIFE.num_seconds() - 1,
        "scope": scopes.join(" "),
        "token_type": "Bearer",
    })
}
