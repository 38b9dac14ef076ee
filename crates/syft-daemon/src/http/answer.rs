//! What is answered to a request.

use std::{net::IpAddr, time::Instant};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS},
    request::Parts,
    uri::Authority,
};
use http_body_util::Full;
use serde::Serialize;

use super::{board::Board, text};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const CLASSIC: &str = "text/plain; version=0.0.4; charset=utf-8";
const PAGES: &str = "/health\n/ready\n/metrics\n";

/// Returns the answer; a body that came with the request is not read.
pub(super) fn answer(request: &Parts, board: &Board, now: Instant) -> Response<Full<Bytes>> {
    if !is_meant_for_us(request) {
        let why = "this answers at a name of this machine alone, as localhost\n";
        return page(StatusCode::MISDIRECTED_REQUEST, TEXT, why.to_owned());
    }
    if !matches!(request.method, Method::GET | Method::HEAD) {
        let mut refusal = page(StatusCode::METHOD_NOT_ALLOWED, TEXT, String::new());
        let allowed = HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(ALLOW, allowed);
        return refusal;
    }
    match request.uri.path() {
        "/health" => {
            let health = board.health(now);
            status_page(health.alive, &health)
        }
        "/ready" => {
            let readiness = board.readiness();
            status_page(readiness.ready, &readiness)
        }
        "/metrics" if wants_openmetrics(&request.headers) => {
            page(StatusCode::OK, OPENMETRICS, board.openmetrics())
        }
        "/metrics" => page(StatusCode::OK, CLASSIC, text::classic(&board.openmetrics())),
        "/" => page(StatusCode::OK, TEXT, PAGES.to_owned()),
        _ => page(StatusCode::NOT_FOUND, TEXT, PAGES.to_owned()),
    }
}

/// A web page of a stranger can have its own name lead to this machine, but must then say that
/// name; whoever says none is no browser.
fn is_meant_for_us(request: &Parts) -> bool {
    let mut names = request.headers.get_all(HOST).iter().map(|name| {
        name.to_str()
            .ok()
            .and_then(|name| name.parse::<Authority>().ok())
    });
    names.all(|name| name.is_some_and(|name| is_loopback(&name)))
        && request.uri.authority().is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

fn wants_openmetrics(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).iter().any(|accepted| {
        accepted
            .to_str()
            .is_ok_and(|accepted| accepted.contains("application/openmetrics-text"))
    })
}

fn status_page(is_well: bool, content: &impl Serialize) -> Response<Full<Bytes>> {
    let status = if is_well {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let mut body = serde_json::to_string(content).expect("plain data is writable");
    body.push('\n');
    page(status, JSON, body)
}

fn page(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Request;

    use super::*;

    fn ask(method: &str, uri: &str, headers: &[(&str, &str)]) -> Response<Full<Bytes>> {
        let board = Board::new("syft_test", "1.2.3", Duration::from_secs(60));
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        answer(&parts, &board, Instant::now())
    }

    #[track_caller]
    fn check(method: &str, uri: &str, headers: &[(&str, &str)], status: u16) {
        assert_eq!(
            ask(method, uri, headers).status(),
            status,
            "{method} {uri} {headers:?}"
        );
    }

    #[test]
    fn pages_and_methods() {
        check("GET", "/health", &[], 200);
        check("HEAD", "/health?x=1", &[], 200);
        check("GET", "/ready", &[], 503);
        check("GET", "/metrics", &[], 200);
        check("GET", "/", &[], 200);
        check("GET", "/metrics/", &[], 404);
        check("GET", "/../etc/passwd", &[], 404);
        check("POST", "/health", &[], 405);
        check("DELETE", "/metrics", &[], 405);
        check("OPTIONS", "/health", &[], 405);
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for name in [
            "localhost",
            "LocalHost:9461",
            "127.0.0.1:9461",
            "127.8.9.1",
            "[::1]:80",
        ] {
            check("GET", "/health", &[("host", name)], 200);
        }
        for name in [
            "evil.example",
            "localhost.evil.example",
            "evil.example:9461",
            "10.0.0.1",
            "[::2]",
            "0.0.0.0",
            "127.0.0.1.nip.io",
            "",
            "a b",
            "127.0.0.1@evil.example",
            "\u{e9}",
        ] {
            check("GET", "/health", &[("host", name)], 421);
        }
        check(
            "GET",
            "/health",
            &[("host", "localhost"), ("host", "evil.example")],
            421,
        );
        check(
            "GET",
            "http://evil.example/health",
            &[("host", "localhost")],
            421,
        );
        check(
            "GET",
            "http://localhost:1/health",
            &[("host", "localhost:1")],
            200,
        );
    }

    #[test]
    fn the_format_of_metrics_is_what_was_asked_for() {
        let kind = |accept: &str| {
            let answer = ask("GET", "/metrics", &[("accept", accept)]);
            answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned()
        };
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5";
        assert_eq!(kind(prometheus), OPENMETRICS);
        assert_eq!(kind("*/*"), CLASSIC);
    }
}
