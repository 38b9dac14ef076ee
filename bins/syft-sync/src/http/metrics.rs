//! The port that monitors know: numbers and health, and nothing that changes anything.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{
        HeaderMap, Method, StatusCode,
        header::{ACCEPT, ALLOW, CONTENT_TYPE},
    },
    middleware,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{
    backend::Backend,
    guard::{self, Visitors},
};
use crate::telemetry::Metrics;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";

#[derive(Clone, Debug)]
struct Pages {
    path: Arc<str>,
    backend: Arc<dyn Backend>,
    numbers: Arc<Metrics>,
}

pub(super) fn router(
    path: &str,
    backend: Arc<dyn Backend>,
    numbers: Arc<Metrics>,
    visitors: Visitors,
) -> Router {
    let pages = Pages {
        path: path.into(),
        backend,
        numbers,
    };
    // The path is the user's: it is compared, and never a pattern.
    Router::new()
        .fallback(answer)
        .with_state(pages)
        .layer(middleware::from_fn_with_state(
            Arc::new(visitors),
            guard::check,
        ))
}

async fn answer(State(pages): State<Pages>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let why = "this only shows";
        let mut refusal = guard::error(StatusCode::METHOD_NOT_ALLOWED, why);
        let allowed = axum::http::HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(ALLOW, allowed);
        return refusal;
    }
    match request.uri().path() {
        path if path == &*pages.path => {
            pages.backend.count();
            numbers(&pages.numbers, request.headers())
        }
        "/health" => health(&*pages.backend),
        "/ready" => readiness(&*pages.backend),
        _ => {
            let why = format!("here are {}, /health and /ready", pages.path);
            guard::error(StatusCode::NOT_FOUND, why)
        }
    }
}

/// Answers in the format that was asked for, which is Prometheus's own without a wish.
pub(super) fn numbers(numbers: &Metrics, headers: &HeaderMap) -> Response {
    let wants_openmetrics = headers.get_all(ACCEPT).iter().any(|accepted| {
        let accepted = accepted.to_str().unwrap_or_default();
        accepted.contains("application/openmetrics-text")
    });
    if wants_openmetrics {
        return ([(CONTENT_TYPE, OPENMETRICS)], numbers.openmetrics()).into_response();
    }
    ([(CONTENT_TYPE, CLASSIC)], numbers.classic()).into_response()
}

/// Says whether the daemon gets on; a superset of what servers of syft-serve say.
pub(super) fn health(backend: &dyn Backend) -> Response {
    state("ok", "ill", &backend.ills())
}

/// Says whether the daemon has all that it needs.
pub(super) fn readiness(backend: &dyn Backend) -> Response {
    state("ready", "not ready", &backend.lacks())
}

fn state(well: &str, ill: &str, reasons: &[String]) -> Response {
    let (status, word) = if reasons.is_empty() {
        (StatusCode::OK, well)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, ill)
    };
    let content = json!({
        "status": word,
        "service": super::SERVICE,
        "name": super::SERVICE,
        "version": env!("CARGO_PKG_VERSION"),
        "reasons": reasons,
    });
    (status, Json(content)).into_response()
}
