//! What can stop the emulator, and how it refuses calls in the JSON shape of Google's APIs.

use std::{io, net::SocketAddr, path::PathBuf};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// Why the emulator does not start, or could not save.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The emulator knows no passwords, so it never listens where others can reach it.
    #[error("refusing to listen on {0}: the emulator answers on loopback only")]
    NotLoopback(SocketAddr),
    /// An account to start with has no valid e-mail address.
    #[error("{0:?} is no e-mail address")]
    Account(String),
    /// The port is taken or not allowed.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system answered.
        source: io::Error,
    },
    /// A file or directory of the data directory cannot be used.
    #[error("cannot access {}", path.display())]
    Data {
        /// The file or directory.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// Another emulator holds the data directory.
    #[error("{} is in use by another emulator", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// A saved file is damaged; it is left as it is.
    #[error(
        "{} is damaged ({problem}): mend it, or move it away to start afresh",
        path.display()
    )]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A certificate or key could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused our certificate.
    #[error("cannot set up TLS")]
    Tls(#[from] rustls::Error),
}

/// A refused call, answered as `{"error":{"code","message","errors":[…],"status"}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// Name of the parameter or header at fault.
    pub(crate) location: Option<String>,
    /// Seconds for a `Retry-After` header.
    pub(crate) retry_after: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        reason: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            reason: reason.into(),
            message: message.into(),
            location: None,
            retry_after: None,
        }
    }

    /// 400 `badRequest`.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "badRequest", message)
    }

    /// 400 `invalidParameter` that names the parameter.
    pub(crate) fn parameter(name: &str, problem: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalidParameter",
            format!("Invalid value for parameter '{name}': {problem}"),
        )
        .at(name)
    }

    /// 401: no token, an unknown one or an expired one.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "authError",
            "Request had invalid authentication credentials. Expected OAuth 2 access token.",
        )
        .at("Authorization")
    }

    /// 403 with a reason such as `insufficientFilePermissions`.
    pub(crate) fn forbidden(reason: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, reason, message)
    }

    /// 404 `notFound`.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", message)
    }

    /// Adds the name of the parameter or header at fault.
    pub(crate) fn at(mut self, location: &str) -> Self {
        self.location = Some(location.to_owned());
        self
    }

    /// Returns the body that goes with the error.
    pub(crate) fn body(&self) -> Value {
        let mut item = json!({
            "message": self.message,
            "domain": self.domain(),
            "reason": self.reason,
        });
        if let Some(location) = &self.location {
            let kind = if location == "Authorization" {
                "header"
            } else {
                "parameter"
            };
            item["location"] = json!(location);
            item["locationType"] = json!(kind);
        }
        let mut error = json!({
            "code": self.status.as_u16(),
            "message": self.message,
            "errors": [item],
            "status": self.status_name(),
        });
        if let Some(details) = self.details() {
            error["details"] = details;
        }
        json!({ "error": error })
    }

    fn domain(&self) -> &'static str {
        if self.reason.ends_with("LimitExceeded") {
            "usageLimits"
        } else {
            "global"
        }
    }

    /// Newer clients read the scope problem from here instead of from `errors`.
    fn details(&self) -> Option<Value> {
        (self.reason == "insufficientPermissions").then(|| {
            json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
            }])
        })
    }

    fn status_name(&self) -> &'static str {
        match self.status.as_u16() {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ALREADY_EXISTS",
            410 => "FAILED_PRECONDITION",
            429 => "RESOURCE_EXHAUSTED",
            501 => "UNIMPLEMENTED",
            503 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            500.. => "INTERNAL",
            _ => "UNKNOWN",
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"https://accounts.google.com/\""),
            );
        }
        response
    }
}
