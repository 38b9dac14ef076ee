//! What can be wrong with a mail call, in the words that Gmail uses.

use http::StatusCode;

use crate::error::ApiError;

/// A mail that Gmail would not take, or a mail that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum MailError {
    #[error("Recipient address required")]
    NoRecipient,
    #[error("Invalid {0} header")]
    InvalidHeader(&'static str),
    #[error("Malformed message: line {line} {problem}")]
    Malformed { line: usize, problem: &'static str },
    #[error("Malformed message: it {0}")]
    Unreadable(&'static str),
    #[error("Too many recipients: {found} of at most {limit}")]
    TooManyRecipients { found: usize, limit: usize },
    #[error("'raw' RFC822 payload message string or uploading message via /upload/* URL required")]
    NoMessage,
    #[error("Missing draft message")]
    NoDraftMessage,
    #[error("Invalid value at 'message.raw' (TYPE_BYTES), Base64 decoding failed")]
    NotBase64,
    #[error("Request entity too large: a message may have {limit} bytes")]
    TooLarge { limit: usize },
    #[error("Requested entity was not found.")]
    NotFound,
    #[error("Invalid label: {0}")]
    InvalidLabel(String),
    #[error("Invalid pageToken")]
    InvalidPageToken,
    #[error("Unsupported search term: {0}")]
    UnsupportedTerm(String),
}

impl From<MailError> for ApiError {
    fn from(error: MailError) -> Self {
        let (status, reason) = match error {
            MailError::NotFound => (StatusCode::NOT_FOUND, "notFound"),
            MailError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "uploadTooLarge"),
            _ => (StatusCode::BAD_REQUEST, "invalidArgument"),
        };
        Self::new(status, reason, error.to_string())
    }
}
