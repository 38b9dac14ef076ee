//! What a token is, whose it is, and its end.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Caller, Person, account_key, grant::AccessToken, scope};
use crate::{error::ApiError, params::Params, state::App};

/// Beyond Google's standard ones, from the discovery document of `oauth2` v2.
const USER_INFO_PARAMETERS: [&str; 4] = ["pp", "strict", "trace", "userip"];
const TOKEN_INFO_PARAMETERS: [&str; 5] = ["id_token", "pp", "strict", "trace", "userip"];

/// `/revoke?token=…`, also as a form: ends the whole grant behind an access or refresh token.
pub(crate) async fn revoke(State(app): State<App>, query: Params, body: Bytes) -> Response {
    let form = Params::parse(&String::from_utf8_lossy(&body));
    let token = query
        .get("token")
        .or_else(|| form.get("token"))
        .unwrap_or_default()
        .to_owned();
    if app.write(|world| world.accounts.grants.revoke(&token)) {
        return Json(json!({})).into_response();
    }
    let body = json!({ "error": "invalid_token", "error_description": "Token expired or revoked" });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// `/tokeninfo` and `/oauth2/v3/tokeninfo`: numbers are text here.
pub(crate) async fn token_info(State(app): State<App>, query: Params, body: Bytes) -> Response {
    let describe = |token: &AccessToken, person: &Person, seconds: i64| {
        let mut info = json!({
            "azp": token.client_id,
            "aud": token.client_id,
            "sub": person.permission_id,
            "scope": token.scopes.join(" "),
            "exp": token.expires.timestamp().to_string(),
            "expires_in": seconds.to_string(),
            "access_type": "offline",
        });
        if shows_email(&token.scopes) {
            info["email"] = json!(person.email);
            info["email_verified"] = json!("true");
        }
        info
    };
    look_up(&app, &query, &body, describe)
}

/// `/oauth2/v2/tokeninfo`, as in Google's discovery document of `oauth2` v2.
pub(crate) async fn token_info_v2(State(app): State<App>, query: Params, body: Bytes) -> Response {
    if let Err(error) = query.only(&TOKEN_INFO_PARAMETERS) {
        return error.into_response();
    }
    let describe = |token: &AccessToken, person: &Person, seconds: i64| {
        let mut info = json!({
            "issued_to": token.client_id,
            "audience": token.client_id,
            "user_id": person.permission_id,
            "scope": token.scopes.join(" "),
            "expires_in": seconds,
        });
        if shows_email(&token.scopes) {
            info["email"] = json!(person.email);
            info["verified_email"] = json!(true);
        }
        info
    };
    look_up(&app, &query, &body, describe)
}

fn look_up(
    app: &App,
    query: &Params,
    body: &[u8],
    describe: impl Fn(&AccessToken, &Person, i64) -> Value,
) -> Response {
    let form = Params::parse(&String::from_utf8_lossy(body));
    let given = query
        .get("access_token")
        .or_else(|| form.get("access_token"));
    let now = app.now();
    let info = app.read(|world| {
        let token = world.accounts.grants.access(given?, now)?;
        let person = world.accounts.person(&token.account);
        Some(describe(
            token,
            &person,
            (token.expires - now).num_seconds(),
        ))
    });
    match info {
        Some(info) => Json(info).into_response(),
        None => {
            let body = json!({ "error": "invalid_token", "error_description": "Invalid Value" });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    }
}

fn shows_email(scopes: &[String]) -> bool {
    scopes
        .iter()
        .any(|granted| scope::EMAIL.contains(&&**granted))
}

/// `/oauth2/v3/userinfo` and `openidconnect.googleapis.com/v1/userinfo`.
pub(crate) async fn user_info(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<Value>, ApiError> {
    caller.require(&scope::IDENTITY)?;
    let person = person(&app, &caller);
    let mut info = json!({ "sub": person.permission_id, "name": person.display_name });
    if shows_email(&caller.scopes) {
        info["email"] = json!(person.email);
        info["email_verified"] = json!(true);
    }
    Ok(Json(info))
}

/// `/oauth2/v2/userinfo`, as in Google's discovery document of `oauth2` v2.
pub(crate) async fn user_info_v2(
    State(app): State<App>,
    caller: Caller,
    query: Params,
) -> Result<Json<Value>, ApiError> {
    query.only(&USER_INFO_PARAMETERS)?;
    caller.require(&scope::IDENTITY)?;
    let person = person(&app, &caller);
    let mut info = json!({ "id": person.permission_id, "name": person.display_name });
    if shows_email(&caller.scopes) {
        info["email"] = json!(person.email);
        info["verified_email"] = json!(true);
    }
    Ok(Json(info))
}

fn person(app: &App, caller: &Caller) -> Person {
    app.read(|world| world.accounts.person(&account_key(&caller.email)))
}
