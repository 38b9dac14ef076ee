//! Batches: several calls in one `multipart/mixed` request.

use std::fmt::Write;

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, header};
use http_body_util::BodyExt;

use super::{id, multipart};
use crate::{error::ApiError, state::App};

/// Google's limit.
const MAX_CALLS: usize = 100;

/// `POST /batch/drive/v3`; each part is a call of its own, with its own answer.
pub(super) async fn run(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let parts = multipart::split(content_type, &body)?;
    if parts.len() > MAX_CALLS {
        return Err(ApiError::bad_request(format!(
            "The batch has more than {MAX_CALLS} calls."
        )));
    }
    let boundary = id::boundary();
    let mut answer = Vec::new();
    for part in parts {
        let name = part.header("content-id").unwrap_or_default();
        answer.extend_from_slice(format!("--{boundary}\r\n{}", part_head(name)).as_bytes());
        let inner = match inner_request(&part.body, &headers) {
            Ok(request) => app.dispatch(request).await,
            Err(error) => error.into_response(),
        };
        write_answer(&mut answer, inner).await;
    }
    answer.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = format!("multipart/mixed; boundary={boundary}");
    Ok(([(header::CONTENT_TYPE, content_type)], answer).into_response())
}

/// Google answers `<x>` with `<response-x>`.
fn part_head(content_id: &str) -> String {
    let name = content_id.trim_start_matches('<').trim_end_matches('>');
    let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
    let mut head = String::from("Content-Type: application/http\r\n");
    if !name.is_empty() {
        head.push_str(&format!("Content-ID: <response-{name}>\r\n"));
    }
    head + "\r\n"
}

/// Reads `METHOD path HTTP/1.1`, headers and body of one call.
fn inner_request(bytes: &Bytes, outer: &HeaderMap) -> Result<Request, ApiError> {
    let malformed = || ApiError::bad_request("Failed to parse a call of the batch.");
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let end = end.ok_or_else(malformed)?;
    let line = String::from_utf8_lossy(&bytes[..end]);
    let mut words = line.split_whitespace();
    let method = words.next().and_then(|word| word.parse::<Method>().ok());
    let target = words.next().ok_or_else(malformed)?;
    let path = match target.split_once("://") {
        None => target,
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
    };
    if !path.starts_with("/drive/") && !path.starts_with("/gmail/") {
        return Err(ApiError::bad_request(format!(
            "Calls of a batch cannot go to {path}."
        )));
    }
    let call = multipart::Part::parse(&bytes.slice(end + 1..))?;
    let mut request = Request::builder()
        .method(method.ok_or_else(malformed)?)
        .uri(path);
    for (name, value) in call.headers() {
        request = request.header(name, value);
    }
    if call.header("authorization").is_none()
        && let Some(token) = outer.get(header::AUTHORIZATION)
    {
        request = request.header(header::AUTHORIZATION, token);
    }
    request.body(Body::from(call.body)).map_err(|_| malformed())
}

async fn write_answer(answer: &mut Vec<u8>, response: Response) {
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let mut head = format!("HTTP/1.1 {}\r\n", parts.status);
    for (name, value) in &parts.headers {
        if name != header::CONTENT_LENGTH
            && let Ok(value) = value.to_str()
        {
            write!(head, "{name}: {value}\r\n").expect("a string takes everything");
        }
    }
    write!(head, "Content-Length: {}\r\n\r\n", body.len()).expect("a string takes everything");
    answer.extend_from_slice(head.as_bytes());
    answer.extend_from_slice(&body);
    answer.extend_from_slice(b"\r\n");
}
