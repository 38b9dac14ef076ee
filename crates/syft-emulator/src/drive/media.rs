//! Downloads: `alt=media`, with ranges, and `files.export`.

use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{
    call::{Call, not_found},
    file::Content,
    store::View,
};
use crate::{error::ApiError, oauth::Caller, params::Params, state::App};

/// Scopes that show metadata but no contents.
const METADATA_ONLY: [&str; 3] = [
    "https://www.googleapis.com/auth/drive.metadata",
    "https://www.googleapis.com/auth/drive.metadata.readonly",
    "https://www.googleapis.com/auth/drive.meet.readonly",
];

/// Refuses tokens that see metadata only.
pub(super) fn check_scope(caller: &Caller) -> Result<(), ApiError> {
    let useful = |scope: &&str| !METADATA_ONLY.contains(scope);
    let scopes: Vec<&str> = caller
        .scopes
        .iter()
        .map(String::as_str)
        .filter(useful)
        .collect();
    caller.require(&scopes)
}

/// Answers with a file's bytes, or with the part that a `Range` header asks for.
pub(super) fn download(
    app: &App,
    account: &str,
    id: &str,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let (content, mime_type) = app.read(|world| {
        let view = world.drive.view(id, account).ok_or_else(|| not_found(id))?;
        let content = downloadable(&view)?;
        Ok::<_, ApiError>((content.clone(), view.file.mime_type.clone()))
    })?;
    let now = app.now();
    app.write(|world| world.drive.mark_viewed(id, account, now));
    let size = content.bytes.len();
    let range = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let mut response = match range.map_or(Range::Whole, |text| Range::parse(text, size)) {
        Range::Whole => Body::from(content.bytes).into_response(),
        Range::Unsatisfiable => return Ok(unsatisfiable(size)),
        Range::Part(start, end) => {
            let body = Body::from(content.bytes.slice(start..end));
            let shown = format!("bytes {start}-{}/{size}", end - 1);
            let headers = [(header::CONTENT_RANGE, shown)];
            (StatusCode::PARTIAL_CONTENT, headers, body).into_response()
        }
    };
    let answer = response.headers_mut();
    let mime_type = HeaderValue::from_str(&mime_type);
    answer.insert(
        header::CONTENT_TYPE,
        mime_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    answer.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    answer.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment"),
    );
    Ok(response)
}

fn downloadable<'a>(view: &View<'a>) -> Result<&'a Content, ApiError> {
    let content = view.file.content.as_ref();
    content.filter(|_| !view.file.is_google_type()).ok_or_else(|| {
        ApiError::forbidden(
            "fileNotDownloadable",
            "Only files with binary content can be downloaded. Use Export with Docs Editors files.",
        )
    })
}

fn unsatisfiable(size: usize) -> Response {
    let error = ApiError::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "requestedRangeNotSatisfiable",
        "Request range not satisfiable",
    );
    let mut response = error.at("Range").into_response();
    if let Ok(shown) = HeaderValue::from_str(&format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, shown);
    }
    response
}

/// What a `Range` header asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// No range, several, or one that cannot be read: such a header is ignored.
    Whole,
    /// From the first position up to, not including, the second.
    Part(usize, usize),
    Unsatisfiable,
}

impl Range {
    fn parse(text: &str, size: usize) -> Self {
        let Some((first, last)) = text
            .strip_prefix("bytes=")
            .and_then(|range| range.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        let range = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(start), Ok(end)) if start <= end => (start, end.saturating_add(1).min(size)),
            (Ok(start), Err(_)) if last.is_empty() => (start, size),
            (Err(_), Ok(suffix)) if first.is_empty() => (size.saturating_sub(suffix), size),
            _ => return Self::Whole,
        };
        if range.0 >= range.1 {
            Self::Unsatisfiable
        } else {
            Self::Part(range.0, range.1)
        }
    }
}

/// Converts an editors' document; the emulator has only those that were uploaded as text.
pub(super) async fn export(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let call = Call::open("drive.files.export", "*", caller, params)?;
    app.read(|world| {
        let view = world
            .drive
            .view(&id, &call.account)
            .ok_or_else(|| not_found(&id))?;
        if !view.file.is_google_type() || view.file.is_folder() {
            return Err(ApiError::forbidden(
                "fileNotExportable",
                "Export only supports Docs Editors files.",
            ));
        }
        if call.params.get("mimeType") != Some("text/plain") {
            return Err(
                ApiError::bad_request("The requested conversion is not supported.").at("convertTo"),
            );
        }
        let bytes = view
            .file
            .content
            .as_ref()
            .map(|content| content.bytes.clone());
        let headers = [(header::CONTENT_TYPE, "text/plain")];
        Ok((headers, bytes.unwrap_or_default()).into_response())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, size: usize, expected: Range) {
        assert_eq!(Range::parse(text, size), expected, "{text} of {size}");
    }

    #[test]
    fn ranges() {
        check("bytes=0-0", 10, Range::Part(0, 1));
        check("bytes=2-", 10, Range::Part(2, 10));
        check("bytes=-3", 10, Range::Part(7, 10));
        check("bytes=-30", 10, Range::Part(0, 10));
        check("bytes=5-100", 10, Range::Part(5, 10));
        check("bytes=0-18446744073709551615", 10, Range::Part(0, 10));
        check("bytes=10-", 10, Range::Unsatisfiable);
        check("bytes=-0", 10, Range::Unsatisfiable);
        check("bytes=0-", 0, Range::Unsatisfiable);
        for ignored in [
            "bytes=5-2",
            "bytes=0-1,4-5",
            "lines=1-2",
            "bytes=a-b",
            "bytes=-",
            "",
        ] {
            check(ignored, 10, Range::Whole);
        }
    }
}
