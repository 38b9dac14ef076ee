//! Uploads: simple, multipart and the start of resumable ones.

mod content_range;
mod session;

use axum::{
    Json,
    extract::{FromRequest, Path, Request, State},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

pub(crate) use session::Sessions;
use session::{Session, Target};

use super::{
    call::Call,
    file::Content,
    files::{FILE, Upload, change_file, check_upload, ensure_root, new_file},
    id,
    metadata::Metadata,
    multipart::{self, Part},
};
use crate::{error::ApiError, faults::Effects, oauth::Caller, params::Params, state::App};

/// Largest file that is kept, in bytes; contents live in memory.
const MAX_UPLOAD: u64 = 5 << 30;
const DEFAULT_TYPE: &str = "application/octet-stream";

/// `POST /upload/drive/v3/files`: a new file, or a chunk for a session.
pub(super) async fn create(
    State(app): State<App>,
    params: Params,
    effects: Effects,
    request: Request,
) -> Result<Response, ApiError> {
    upload(app, None, params, effects, request).await
}

/// `PATCH /upload/drive/v3/files/{fileId}`: new content, or a chunk for a session.
pub(super) async fn update(
    State(app): State<App>,
    Path(file_id): Path<String>,
    params: Params,
    effects: Effects,
    request: Request,
) -> Result<Response, ApiError> {
    upload(app, Some(file_id), params, effects, request).await
}

/// `DELETE` of a session URL: the client gives up.
pub(super) async fn cancel(State(app): State<App>, params: Params) -> Result<StatusCode, ApiError> {
    let id = params.get("upload_id").unwrap_or_default();
    session::cancel(&app, id)?;
    Ok(StatusCode::from_u16(499).expect("three digits"))
}

async fn upload(
    app: App,
    file_id: Option<String>,
    params: Params,
    effects: Effects,
    request: Request,
) -> Result<Response, ApiError> {
    // Whoever knows the session's URL may go on; clients send no token there.
    if let Some(id) = params.get("upload_id") {
        let (parts, body) = request.into_parts();
        return session::receive(&app, id, &parts.headers, body).await;
    }
    if request.method() == http::Method::PUT {
        return Err(ApiError::parameter("upload_id", "it is missing"));
    }
    let caller = caller(&app, request.headers(), request.uri().query())?;
    let method = match file_id {
        None => "drive.files.create",
        Some(_) => "drive.files.update",
    };
    let call = Call::open(method, FILE, caller, params)?;
    ensure_root(&app, &call.account);
    let headers = request.headers().clone();
    let target = match file_id {
        None => Target::New(effects),
        Some(id) => Target::Existing(id),
    };
    let uri = request.uri().path().to_owned();
    let body = Bytes::from_request(request, &())
        .await
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    match call.params.get("uploadType") {
        Some("resumable") => start(&app, call, target, &headers, &uri, &body),
        Some("multipart") => {
            let (metadata, upload) = related(&headers, &body, &target)?;
            finish(&app, &call, &target, &metadata, upload).map(IntoResponse::into_response)
        }
        Some("media") => {
            let metadata = metadata(&target, b"")?;
            let content_type = text(&headers, &header::CONTENT_TYPE);
            let upload = Upload {
                content: Content::new(body),
                content_type: Some(content_type.unwrap_or(DEFAULT_TYPE).to_owned()),
            };
            finish(&app, &call, &target, &metadata, upload).map(IntoResponse::into_response)
        }
        _ => Err(ApiError::parameter(
            "uploadType",
            "expected media, multipart or resumable",
        )),
    }
}

fn caller(app: &App, headers: &HeaderMap, query: Option<&str>) -> Result<Caller, ApiError> {
    let caller = Caller::find(app, headers, query.unwrap_or_default());
    caller.ok_or_else(ApiError::unauthenticated)
}

fn metadata(target: &Target, body: &[u8]) -> Result<Metadata, ApiError> {
    match target {
        Target::New(_) => Metadata::for_create(body),
        Target::Existing(_) => Metadata::for_update(body),
    }
}

/// Reads a `multipart/related` body: JSON first, then the content.
fn related(
    headers: &HeaderMap,
    body: &Bytes,
    target: &Target,
) -> Result<(Metadata, Upload), ApiError> {
    let content_type = text(headers, &header::CONTENT_TYPE).unwrap_or_default();
    let parts = multipart::split(content_type, body)?;
    let [first, second] = parts.as_slice() else {
        return Err(ApiError::bad_request(
            "Malformed multipart body: expected two parts, metadata and content.",
        ));
    };
    let upload = Upload {
        content: Content::new(content_of(second)?),
        content_type: Some(
            second
                .header("content-type")
                .unwrap_or(DEFAULT_TYPE)
                .to_owned(),
        ),
    };
    Ok((metadata(target, &first.body)?, upload))
}

fn content_of(part: &Part) -> Result<Bytes, ApiError> {
    let encoding = part.header("content-transfer-encoding").unwrap_or("binary");
    if !encoding.eq_ignore_ascii_case("base64") {
        return Ok(part.body.clone());
    }
    let mut compact = part.body.to_vec();
    compact.retain(|byte| !byte.is_ascii_whitespace());
    let decoded = STANDARD.decode(compact);
    let decoded = decoded.map_err(|_| ApiError::bad_request("The content is not base64."))?;
    Ok(decoded.into())
}

fn finish(
    app: &App,
    call: &Call,
    target: &Target,
    metadata: &Metadata,
    upload: Upload,
) -> Result<Json<Value>, ApiError> {
    match target {
        Target::New(effects) => new_file(app, call, metadata, upload, effects),
        Target::Existing(id) => change_file(app, call, id, metadata, Some(upload)),
    }
}

/// Opens a session and answers with its URL.
fn start(
    app: &App,
    call: Call,
    target: Target,
    headers: &HeaderMap,
    path: &str,
    body: &Bytes,
) -> Result<Response, ApiError> {
    let metadata = metadata(&target, body)?;
    let total = match text_named(headers, "x-upload-content-length") {
        None => None,
        Some(length) => Some(
            length
                .parse::<u64>()
                .map_err(|_| ApiError::bad_request("Invalid X-Upload-Content-Length header."))?,
        ),
    };
    check_size(total.unwrap_or_default())?;
    let content_type = text_named(headers, "x-upload-content-type").map(str::to_owned);
    app.read(|world| {
        let file_id = match &target {
            Target::New(_) => None,
            Target::Existing(id) => Some(id.as_str()),
        };
        check_upload(&world.drive, &call, file_id, &metadata)
    })?;
    let upload_id = id::upload();
    let location = format!(
        "{}{path}?uploadType=resumable&upload_id={upload_id}",
        origin(headers)
    );
    let session = Session::new(call, target, metadata, content_type, total, app.now());
    app.write(|world| world.drive.sessions.open(upload_id.clone(), session));
    let headers = [("location", location), ("x-guploader-uploadid", upload_id)];
    Ok((StatusCode::OK, headers).into_response())
}

fn check_size(total: u64) -> Result<(), ApiError> {
    if total <= MAX_UPLOAD {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "uploadTooLarge",
        format!("The emulator keeps files of up to {MAX_UPLOAD} bytes."),
    ))
}

/// Returns the scheme and host under which the client reached us.
///
/// Google's own names arrive through the TLS proxy; everything else is the plain port.
fn origin(headers: &HeaderMap) -> String {
    let host = text(headers, &header::HOST).unwrap_or("www.googleapis.com");
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if name.ends_with("googleapis.com") {
        format!("https://{host}")
    } else {
        format!("http://{host}")
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn text_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
