//! The port: plain HTTP, and a `CONNECT` proxy that plays Google's hosts.

mod connection;
mod gzip;
mod host;
mod names;
mod observe;

pub(crate) use connection::serve;

use axum::{Router, extract::DefaultBodyLimit, middleware, response::IntoResponse};
use http::StatusCode;

use crate::{control, drive, error::ApiError, mail, oauth, state::App};

/// Largest request body in bytes.
const MAX_BODY: usize = 256 << 20;

/// Returns all routes, with the log and the faults around them.
pub(crate) fn router(app: &App) -> Router {
    Router::new()
        .merge(control::routes())
        .merge(oauth::routes())
        .merge(drive::routes())
        .merge(mail::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(gzip::compress))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            observe::observe,
        ))
        .with_state(app.clone())
}

async fn no_such_path(request: axum::extract::Request) -> impl IntoResponse {
    let (method, path) = (request.method(), request.uri().path());
    ApiError::not_found(format!("The emulator has nothing at {method} {path}"))
}

async fn no_such_method(request: axum::extract::Request) -> impl IntoResponse {
    let (method, path) = (request.method(), request.uri().path());
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "httpMethodNotAllowed",
        format!("{path} does not answer {method}"),
    )
}
