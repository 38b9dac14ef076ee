//! Message files: one JSON object each, as Python's `syft-rpc` 0.4 writes them and as every release
//! of it, the Go client and the HTTP bridge can read them.

mod body;
mod field;
mod fields;
mod headers;
mod method;
mod request;
mod response;
mod status;
mod time;

pub use headers::Headers;
pub use method::Method;
pub use request::Request;
pub use response::Response;
pub use status::Status;

/// Says why a file is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is no JSON object, or not even text.
    #[error("not a JSON object: {0}")]
    NotJson(String),
    /// A field is missing.
    #[error("the field `{0}` is missing")]
    Missing(&'static str),
    /// A field does not hold what it should.
    #[error("the field `{field}` {reason}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong with it, without a word of its content.
        reason: &'static str,
    },
}

impl MessageError {
    fn invalid(field: &'static str, reason: &'static str) -> Self {
        Self::Invalid { field, reason }
    }
}
