//! Compressed answers for clients that ask for them.

use std::io::Write;

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Body as _;

/// Smaller bodies do not gain, larger ones would hold up the other requests.
const WORTH_IT: std::ops::RangeInclusive<u64> = 1024..=4 << 20;

/// Compresses JSON and HTML when the client accepts gzip.
pub(super) async fn compress(request: Request, next: Next) -> Response {
    let wanted = request.method() != Method::HEAD && accepts_gzip(request.headers());
    let response = next.run(request).await;
    if !wanted || !is_worth_it(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
    else {
        return Response::from_parts(parts, Body::empty());
    };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let Ok(packed) = encoder.write_all(&whole).and_then(|()| encoder.finish()) else {
        return Response::from_parts(parts, Body::from(whole));
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts
        .headers
        .append(header::VARY, HeaderValue::from_static("accept-encoding"));
    Response::from_parts(parts, Body::from(packed))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
    accepted.any(|value| {
        value.to_str().unwrap_or_default().split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim().eq_ignore_ascii_case("gzip") && weight.trim() != "q=0"
        })
    })
}

fn is_worth_it(response: &Response) -> bool {
    let headers = response.headers();
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let text = kind
        .is_some_and(|kind| kind.starts_with("application/json") || kind.starts_with("text/html"));
    // A stored file may be JSON too; ranges and digests of it speak of the plain bytes.
    let media = headers.contains_key(header::ACCEPT_RANGES)
        || headers.contains_key(header::CONTENT_DISPOSITION)
        || headers.contains_key("x-goog-hash");
    let size = response.body().size_hint().exact();
    response.status() != StatusCode::PARTIAL_CONTENT
        && text
        && !media
        && !headers.contains_key(header::CONTENT_ENCODING)
        && size.is_some_and(|size| WORTH_IT.contains(&size))
}
