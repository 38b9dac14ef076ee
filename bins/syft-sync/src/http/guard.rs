//! Who is answered.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Json,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{
            AUTHORIZATION, CACHE_CONTROL, HOST, ORIGIN, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
        },
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::json;
use url::{Host, Url};

use super::token::Token;

/// Those who may ask.
#[derive(Clone, Debug)]
pub(crate) enum Visitors {
    /// Programs of this machine, but no web page of a stranger in a browser of this machine.
    Local,
    /// Programs of this machine that know the token, but for the open paths.
    Knowing {
        token: Token,
        open: &'static [&'static str],
    },
    /// Everybody who knows the token, from any machine.
    Any(Token),
}

/// Lets those through who may ask, and answers to the others.
pub(super) async fn check(
    State(visitors): State<Arc<Visitors>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match refusal(&visitors, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn refusal(visitors: &Visitors, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let token = match visitors {
        Visitors::Local => None,
        Visitors::Knowing { token, open } => {
            (!open.contains(&request.uri().path())).then_some(token)
        }
        Visitors::Any(token) => Some(token),
    };
    if !matches!(visitors, Visitors::Any(_)) {
        if !is_meant_for_us(request) {
            let why = "this answers at a name of this machine alone, as localhost";
            return Some(error(StatusCode::MISDIRECTED_REQUEST, why));
        }
        if !is_from_here(headers) {
            let why = "this does not answer to web pages";
            return Some(error(StatusCode::FORBIDDEN, why));
        }
    }
    let token = token?;
    if knows(headers, token) {
        return None;
    }
    let why = "this needs the token of this daemon, as \"Authorization: Bearer TOKEN\"";
    let mut refusal = error(StatusCode::UNAUTHORIZED, why);
    let scheme = HeaderValue::from_static("Bearer");
    refusal.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    Some(refusal)
}

/// Returns an answer that says what is wrong.
pub(super) fn error(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(json!({ "error": why.into() }))).into_response()
}

/// A web page of a stranger can have its own name lead to this machine, but must then say that
/// name; whoever says none is no browser.
fn is_meant_for_us(request: &Request) -> bool {
    let mut names = request.headers().get_all(HOST).iter();
    let is_ours = |name: &HeaderValue| {
        let name = name.to_str().ok();
        name.and_then(|name| name.parse::<Authority>().ok())
            .is_some_and(|name| is_loopback(&name))
    };
    names.all(is_ours) && request.uri().authority().is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Browsers say which page asks; other programs do not, or say what they like.
fn is_from_here(headers: &HeaderMap) -> bool {
    let is_ours = |origin: &HeaderValue| {
        let origin = origin
            .to_str()
            .ok()
            .and_then(|origin| Url::parse(origin).ok());
        origin.is_some_and(|origin| match origin.host() {
            Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        })
    };
    let is_cross = |site: &HeaderValue| !matches!(site.as_bytes(), b"none" | b"same-origin");
    headers.get_all(ORIGIN).iter().all(is_ours)
        && !headers.get_all("sec-fetch-site").iter().any(is_cross)
}

fn knows(headers: &HeaderMap, token: &Token) -> bool {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(given), None) = (given.next(), given.next()) else {
        return false;
    };
    let Some((scheme, given)) = given.to_str().ok().and_then(|given| given.split_once(' ')) else {
        return false;
    };
    scheme.eq_ignore_ascii_case("bearer") && token.is(given.trim())
}
