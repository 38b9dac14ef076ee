//! The emulator's own calls below `/emulator`, and its front page.

mod front;

use axum::{
    Json, Router,
    extract::{FromRequest, Path, Request, State},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    error::ApiError,
    faults::Fault,
    oauth::{self, Client, Grant, TOKEN_LIFE, account_key, authorized_user, is_email, random_text},
    params::Params,
    state::{App, Shared},
};

/// The client that token files made by the emulator belong to.
const CLIENT_ID: &str = "emulator.apps.googleusercontent.com";
/// Largest step of the clock: ten years.
pub(crate) const MAX_ADVANCE: u64 = 10 * 366 * 86_400;

/// Routes of the control API and the front page.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(front::page))
        .route("/emulator/status", get(status))
        .route("/emulator/ca.pem", get(ca))
        .route("/emulator/accounts", get(accounts).post(add_account))
        .route("/emulator/tokens", post(make_token))
        .route("/emulator/credentials", post(make_credentials))
        .route("/emulator/revoke", post(revoke))
        .route(
            "/emulator/faults",
            get(faults).post(add_fault).delete(clear_faults),
        )
        .route("/emulator/faults/{id}", delete(clear_fault))
        .route("/emulator/requests", get(requests).delete(clear_requests))
        .route("/emulator/requests/counts", get(counts))
        .route("/emulator/clock", get(clock).post(advance))
        .route("/emulator/mails", get(mails))
}

/// A JSON body; mistakes in it are answered in the shape of every other error.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // The browser lets no foreign page send this type without asking us first.
        let kind = request.headers().get(header::CONTENT_TYPE);
        let json = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !json.starts_with("application/json") {
            return Err(ApiError::bad_request(
                "expected a body of type application/json",
            ));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        let parsed = serde_json::from_slice(&bytes);
        parsed
            .map(Self)
            .map_err(|error| ApiError::bad_request(error.to_string()))
    }
}

async fn status(State(app): State<App>) -> Json<Value> {
    let (people, requests) = (people(&app), app.counts().values().sum::<u64>());
    Json(json!({
        "url": app.url,
        "version": env!("CARGO_PKG_VERSION"),
        "now": app.now(),
        "data": app.data,
        "accounts": people,
        "requests": requests,
        "faults": app.faults(|rules| rules.list().len()),
    }))
}

async fn ca(State(app): State<App>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/x-pem-file")];
    (kind, app.authority.pem().to_owned()).into_response()
}

fn people(app: &Shared) -> Vec<String> {
    app.read(|world| {
        world
            .accounts
            .people()
            .map(|person| person.email.clone())
            .collect()
    })
}

async fn accounts(State(app): State<App>) -> Json<Value> {
    Json(json!({ "accounts": people(&app) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    email: String,
}

async fn add_account(
    State(app): State<App>,
    Body(account): Body<Account>,
) -> Result<Json<Value>, ApiError> {
    check_email(&account.email)?;
    let person = app.write(|world| world.accounts.ensure(&account.email).clone());
    Ok(Json(json!({ "email": person.email })))
}

fn check_email(email: &str) -> Result<(), ApiError> {
    is_email(email)
        .then_some(())
        .ok_or_else(|| ApiError::parameter("email", "expected an e-mail address"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    email: String,
    scopes: Vec<String>,
    /// Seconds after which the refresh token is refused.
    refresh_expires_in: Option<u32>,
}

async fn make_token(
    State(app): State<App>,
    Body(wanted): Body<TokenRequest>,
) -> Result<Json<Value>, ApiError> {
    check_email(&wanted.email)?;
    if wanted.scopes.is_empty() {
        return Err(ApiError::parameter("scopes", "expected at least one scope"));
    }
    let life = wanted
        .refresh_expires_in
        .map(|seconds| TimeDelta::seconds(seconds.into()));
    Ok(Json(token(&app, &wanted.email, wanted.scopes, life)))
}

/// Makes a grant without asking anyone, and returns its `authorized_user` file.
pub(crate) fn token(
    app: &Shared,
    email: &str,
    scopes: Vec<String>,
    refresh_life: Option<TimeDelta>,
) -> Value {
    let now = app.now();
    let grant = Grant {
        account: account_key(email),
        client_id: CLIENT_ID.to_owned(),
        scopes: scopes.clone(),
        issued: now,
        refresh_expires: refresh_life.map(|life| now + life),
    };
    app.write(|world| {
        world.accounts.ensure(email);
        let secret = own_secret(&mut world.accounts);
        let grants = &mut world.accounts.grants;
        let refresh = grants.issue_refresh(grant.clone());
        let access = grants.issue_access(&grant, scopes, Some(&refresh), now);
        authorized_user(&grant, &secret, &access, &refresh, now + TOKEN_LIFE)
    })
}

fn own_secret(accounts: &mut oauth::Accounts) -> String {
    let made = || Client {
        secret: format!("GOCSPX-{}", random_text()),
    };
    accounts
        .clients
        .entry(CLIENT_ID.to_owned())
        .or_insert_with(made)
        .secret
        .clone()
}

async fn make_credentials(State(app): State<App>) -> Json<Value> {
    Json(credentials(&app))
}

/// Returns the `credentials.json` of the emulator's own client.
pub(crate) fn credentials(app: &Shared) -> Value {
    let secret = app.write(|world| own_secret(&mut world.accounts));
    oauth::credentials(CLIENT_ID, &secret)
}

async fn revoke(
    State(app): State<App>,
    Body(account): Body<Account>,
) -> Result<Json<Value>, ApiError> {
    check_email(&account.email)?;
    let key = account_key(&account.email);
    let count = app.write(|world| world.accounts.grants.revoke_account(&key));
    Ok(Json(json!({ "revoked": count })))
}

async fn faults(State(app): State<App>) -> Json<Value> {
    Json(json!({ "faults": app.faults(|rules| rules.list()) }))
}

async fn add_fault(
    State(app): State<App>,
    Body(fault): Body<Fault>,
) -> Result<Json<Value>, ApiError> {
    if let Some(problem) = fault.problem() {
        return Err(ApiError::bad_request(problem));
    }
    Ok(Json(json!({ "id": app.faults(|rules| rules.add(fault)) })))
}

async fn clear_faults(State(app): State<App>) -> StatusCode {
    app.faults(|rules| rules.clear());
    StatusCode::NO_CONTENT
}

async fn clear_fault(State(app): State<App>, Path(id): Path<u64>) -> Result<StatusCode, ApiError> {
    let found = app.faults(|rules| rules.remove(id));
    found
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(|| ApiError::not_found(format!("there is no fault {id}")))
}

/// `?limit=N` asks for the last N, `?api=NAME` for those of one method.
async fn requests(State(app): State<App>, params: Params) -> Result<Json<Value>, ApiError> {
    params.only(&["limit", "api"])?;
    let limit = params.number("limit", 0..=u64::MAX)?.unwrap_or(u64::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut requests = app.log(|log| {
        let wanted = log
            .requests()
            .rev()
            .filter(|request| params.get("api").is_none_or(|api| api == request.api));
        wanted.take(limit).cloned().collect::<Vec<_>>()
    });
    requests.reverse();
    Ok(Json(json!({ "requests": requests })))
}

async fn clear_requests(State(app): State<App>) -> StatusCode {
    app.log(|log| log.clear());
    StatusCode::NO_CONTENT
}

async fn counts(State(app): State<App>) -> Json<Value> {
    Json(json!(app.counts()))
}

async fn clock(State(app): State<App>) -> Json<Value> {
    Json(json!({ "now": app.now(), "ahead_seconds": app.clock_offset().num_seconds() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

async fn advance(
    State(app): State<App>,
    Body(step): Body<Advance>,
) -> Result<Json<Value>, ApiError> {
    let seconds = i64::try_from(step.advance_seconds.min(MAX_ADVANCE))
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let end: Option<DateTime<Utc>> = app.now().checked_add_signed(TimeDelta::seconds(seconds));
    if step.advance_seconds > MAX_ADVANCE || end.is_none() {
        return Err(ApiError::parameter(
            "advance_seconds",
            "expected at most ten years",
        ));
    }
    app.advance(TimeDelta::seconds(seconds));
    Ok(clock(State(app)).await)
}

/// `?to=EMAIL` asks for what was delivered to an address, `?account=EMAIL` for a whole mailbox.
async fn mails(State(app): State<App>, params: Params) -> Result<Json<Value>, ApiError> {
    params.only(&["to", "account"])?;
    let mails = app.read(|world| world.mail.mails(params.get("to"), params.get("account")));
    Ok(Json(json!({ "mails": mails })))
}
