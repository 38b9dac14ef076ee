//! What a request carries: a message in JSON, alone, or in a multipart upload.

use axum::{body::Body, extract::Request};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::LengthLimitError;
use serde_json::{Map, Value};

use crate::{
    error::ApiError,
    mail::{Label, error::MailError},
    params::Params,
};

/// Bytes of a message, from `mediaUpload.maxSize` in Google's discovery document.
pub(super) const MAX_MESSAGE: usize = 36_700_160;

/// The same in base64, with room for the JSON or multipart frame around it.
const MAX_BODY: usize = MAX_MESSAGE / 3 * 4 + 64 * 1024;

/// Google takes base64url with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const MESSAGE_FIELDS: &[&str] = &[
    "classificationLabelValues",
    "historyId",
    "id",
    "internalDate",
    "labelIds",
    "payload",
    "raw",
    "sizeEstimate",
    "snippet",
    "threadId",
];

/// What a client handed in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Incoming {
    pub(super) raw: Option<Vec<u8>>,
    pub(super) thread: Option<String>,
    /// Id of the draft to send.
    pub(super) draft: Option<String>,
}

/// Reads a body that is a `Message` resource.
pub(super) async fn message(params: &Params, request: Request) -> Result<Incoming, ApiError> {
    read(params, request, Incoming::from_message).await
}

/// Reads a body that is a `Draft` resource.
pub(super) async fn draft(params: &Params, request: Request) -> Result<Incoming, ApiError> {
    read(params, request, Incoming::from_draft).await
}

/// Reads the labels of `users.messages.modify`: those to add and those to remove.
pub(super) async fn labels(request: Request) -> Result<(Vec<Label>, Vec<Label>), ApiError> {
    let bytes = collect(request.into_body()).await?;
    let object = object(&bytes, &["addLabelIds", "removeLabelIds"])?;
    let read = |name: &str| -> Result<Vec<Label>, ApiError> {
        let names = object.get(name).and_then(Value::as_array);
        let names = names.into_iter().flatten();
        let labels = names.map(|name| Label::from_name(name.as_str().unwrap_or_default()));
        Ok(labels.collect::<Result<_, _>>()?)
    };
    Ok((read("addLabelIds")?, read("removeLabelIds")?))
}

async fn read(
    params: &Params,
    request: Request,
    parse: fn(&[u8]) -> Result<Incoming, ApiError>,
) -> Result<Incoming, ApiError> {
    let (parts, body) = request.into_parts();
    let bytes = collect(body).await?;
    let incoming = if parts.uri.path().starts_with("/upload/") {
        upload(params, &parts.headers, &bytes, parse)?
    } else {
        parse(&bytes)?
    };
    match &incoming.raw {
        Some(raw) if raw.len() > MAX_MESSAGE => Err(too_large()),
        _ => Ok(incoming),
    }
}

fn upload(
    params: &Params,
    headers: &HeaderMap,
    bytes: &[u8],
    parse: fn(&[u8]) -> Result<Incoming, ApiError>,
) -> Result<Incoming, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match params.get("uploadType") {
        Some("media") => {
            require_message(kind)?;
            Ok(Incoming {
                raw: Some(bytes.to_vec()),
                ..Incoming::default()
            })
        }
        Some("multipart") => {
            let parts = related(kind, bytes)?;
            let mut incoming = parse(parts.resource)?;
            require_message(parts.kind)?;
            incoming.raw = Some(parts.media.to_vec());
            Ok(incoming)
        }
        _ => Err(ApiError::parameter(
            "uploadType",
            "expected media or multipart",
        )),
    }
}

fn require_message(kind: &str) -> Result<(), ApiError> {
    if kind.to_ascii_lowercase().starts_with("message/") {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "Media type '{kind}' is not supported. Valid media types: [message/*]"
    )))
}

/// The two parts of a `multipart/related` upload.
struct Related<'a> {
    resource: &'a [u8],
    kind: &'a str,
    media: &'a [u8],
}

fn related<'a>(kind: &str, bytes: &'a [u8]) -> Result<Related<'a>, ApiError> {
    let malformed = || ApiError::bad_request("Malformed multipart body");
    let boundary = boundary(kind).ok_or_else(malformed)?;
    let mark = format!("--{boundary}");
    let mut parts = split(bytes, mark.as_bytes());
    let first = parts.next().and_then(part).ok_or_else(malformed)?;
    let second = parts.next().and_then(part).ok_or_else(malformed)?;
    Ok(Related {
        resource: first.1,
        kind: second.0,
        media: second.1,
    })
}

fn boundary(kind: &str) -> Option<String> {
    let (essence, rest) = kind.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/related") {
        return None;
    }
    rest.split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim_matches('"').to_owned())
        .filter(|value| !value.is_empty())
}

/// Yields what lies between the lines that start with `mark`.
fn split<'a>(bytes: &'a [u8], mark: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut starts = Vec::new();
    let mut line = 0;
    while line < bytes.len() {
        if bytes[line..].starts_with(mark) {
            starts.push(line);
        }
        let next = bytes[line..].iter().position(|&byte| byte == b'\n');
        line = next.map_or(bytes.len(), |at| line + at + 1);
    }
    let ends = starts.clone().into_iter().skip(1);
    let mark = mark.len();
    starts.into_iter().zip(ends).map(move |(start, end)| {
        let part = &bytes[start + mark..end];
        // The line end before a boundary belongs to the boundary.
        let part = part.strip_suffix(b"\n").unwrap_or(part);
        part.strip_suffix(b"\r").unwrap_or(part)
    })
}

/// Splits a part into its content type and its content.
fn part(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let crlf = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, content) = match crlf {
        Some(at) => (&bytes[..at], &bytes[at + 4..]),
        None => {
            let at = bytes.windows(2).position(|window| window == b"\n\n")?;
            (&bytes[..at], &bytes[at + 2..])
        }
    };
    let head = str::from_utf8(head).ok()?;
    let kind = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map_or("", |(_, value)| value.trim());
    Some((kind, content))
}

impl Incoming {
    fn from_message(bytes: &[u8]) -> Result<Self, ApiError> {
        Self::from_resource(&object(bytes, MESSAGE_FIELDS)?)
    }

    fn from_draft(bytes: &[u8]) -> Result<Self, ApiError> {
        let draft = object(bytes, &["id", "message"])?;
        let mut incoming = match draft.get("message") {
            Some(Value::Object(message)) => {
                known(message, MESSAGE_FIELDS)?;
                Self::from_resource(message)?
            }
            _ => Self::default(),
        };
        incoming.draft = text(&draft, "id");
        Ok(incoming)
    }

    fn from_resource(message: &Map<String, Value>) -> Result<Self, ApiError> {
        let raw = text(message, "raw").map(|raw| decode(&raw)).transpose()?;
        Ok(Self {
            raw,
            thread: text(message, "threadId"),
            draft: None,
        })
    }
}

fn decode(raw: &str) -> Result<Vec<u8>, MailError> {
    let raw = raw.replace('+', "-").replace('/', "_");
    BASE64.decode(raw).map_err(|_| MailError::NotBase64)
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// Reads a JSON object; an empty body counts as an empty object, as with Google.
fn object(bytes: &[u8], fields: &[&str]) -> Result<Map<String, Value>, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let object = serde_json::from_slice::<Map<String, Value>>(bytes).map_err(|error| {
        ApiError::bad_request(format!("Invalid JSON payload received. {error}"))
    })?;
    known(&object, fields)?;
    Ok(object)
}

fn known(object: &Map<String, Value>, fields: &[&str]) -> Result<(), ApiError> {
    match object.keys().find(|name| !fields.contains(&&***name)) {
        None => Ok(()),
        Some(name) => Err(ApiError::bad_request(format!(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."
        ))),
    }
}

async fn collect(body: Body) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, MAX_BODY).await.map_err(|error| {
        let source = std::error::Error::source(&error);
        match source.is_some_and(|source| source.is::<LengthLimitError>()) {
            true => too_large(),
            false => ApiError::bad_request("The request body could not be read."),
        }
    })
}

fn too_large() -> ApiError {
    MailError::TooLarge { limit: MAX_MESSAGE }.into()
}
