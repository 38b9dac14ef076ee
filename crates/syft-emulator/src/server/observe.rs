//! What happens around every handler: the log, and the faults.

use std::{
    io,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use http_body_util::BodyExt;

use super::{host, names};
use crate::{
    error::ApiError,
    faults::{Effect, Effects, Target},
    log,
    oauth::Caller,
    state::App,
};

/// Longest injected wait.
const MAX_LATENCY: Duration = Duration::from_secs(300);

/// Marks an answer that must not reach the client: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dropped;

/// Logs a request, and lets an injected fault have its way with it.
pub(super) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let host = asked_host(&parts);
    let mut entry = entry(&app, &parts, host.clone());
    let fault = if is_faultable(entry.api) {
        pick(&app, &entry)
    } else {
        None
    };
    entry.fault = fault.as_ref().map(Effect::name);
    let mut response = if host.is_empty() || host::is_ours(&host) {
        if let Some(effect) = &fault {
            parts.extensions.insert(Effects::of(effect));
        }
        act(fault.as_ref(), Request::from_parts(parts, body), next).await
    } else {
        let message = format!("The emulator does not answer for {host}");
        ApiError::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", message).into_response()
    };
    with_charset(response.headers_mut());
    let dropped = response.extensions().get::<Dropped>().is_some();
    entry.status = if dropped {
        0
    } else {
        response.status().as_u16()
    };
    entry.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(
        api = entry.api,
        status = entry.status,
        path = entry.path,
        "request"
    );
    app.log(|log| log.push(entry));
    response
}

/// Google's JSON says its encoding, and some clients compare the whole value.
fn with_charset(headers: &mut HeaderMap) {
    if headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json")
    {
        let kind = HeaderValue::from_static("application/json; charset=UTF-8");
        headers.insert(header::CONTENT_TYPE, kind);
    }
}

fn entry(app: &App, parts: &Parts, host: String) -> log::Request {
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    log::Request {
        time: app.now(),
        method: method.to_owned(),
        host,
        path: path.to_owned(),
        query: log::without_secrets(query),
        status: 0,
        account: Caller::find(app, &parts.headers, query).map(|caller| caller.email),
        api: names::api(method, path, query),
        fault: None,
        millis: 0,
    }
}

/// Returns the host that was asked for; a proxy request has it in its target.
fn asked_host(parts: &Parts) -> String {
    let target = parts
        .uri
        .authority()
        .map(|authority| authority.as_str().to_owned());
    let field = || Some(parts.headers.get(header::HOST)?.to_str().ok()?.to_owned());
    target.or_else(field).unwrap_or_default()
}

/// The emulator's own pages and control calls stay whole, so that faults can always be cleared.
fn is_faultable(api: &str) -> bool {
    !api.starts_with("emulator.")
}

fn pick(app: &App, entry: &log::Request) -> Option<Effect> {
    let target = Target {
        method: &entry.method,
        path: &entry.path,
        api: entry.api,
        account: entry.account.as_deref(),
    };
    app.faults(|rules| rules.pick(target))
}

async fn act(fault: Option<&Effect>, request: Request, next: Next) -> Response {
    match fault {
        None | Some(Effect::IndexLag { .. } | Effect::DropParents) => next.run(request).await,
        Some(Effect::Status {
            code,
            reason,
            retry_after,
        }) => refusal(*code, reason.as_deref(), *retry_after),
        Some(Effect::ExpiredCursor) => {
            let message = "The page token is no longer valid.";
            ApiError::new(StatusCode::GONE, "pageTokenExpired", message).into_response()
        }
        Some(Effect::Latency { millis }) => {
            tokio::time::sleep(Duration::from_millis(*millis).min(MAX_LATENCY)).await;
            next.run(request).await
        }
        Some(Effect::Garbage) => {
            ([(header::CONTENT_TYPE, "text/html")], "<html>Sorry\u{fffd}").into_response()
        }
        Some(Effect::DropBefore) => dropped(),
        Some(Effect::DropAfter) => {
            next.run(request).await;
            dropped()
        }
        Some(Effect::Truncate) => truncated(next.run(request).await).await,
    }
}

fn dropped() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Dropped);
    response
}

fn refusal(code: u16, reason: Option<&str>, retry_after: Option<u64>) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let usual = match code {
        401 => "authError",
        403 | 429 => "rateLimitExceeded",
        404 => "notFound",
        410 => "gone",
        500 | 502..=504 => "backendError",
        _ => "badRequest",
    };
    let mut error = ApiError::new(
        status,
        reason.unwrap_or(usual),
        "The emulator injected a fault",
    );
    error.retry_after = retry_after;
    error.into_response()
}

/// Announces the whole body and sends half of it.
async fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = body.collect().await else {
        return dropped();
    };
    let whole = whole.to_bytes();
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = whole.slice(..whole.len() / 2);
    let cut = async {
        // Without a pause the connection would end before the first half is on its way.
        tokio::task::yield_now().await;
        Err(io::Error::other("truncated by a fault"))
    };
    let body = stream::iter([Ok(half)]).chain(stream::once(cut));
    Response::from_parts(parts, Body::from_stream(body))
}
