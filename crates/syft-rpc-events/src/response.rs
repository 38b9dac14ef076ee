//! What handlers answer with.

use std::{error::Error, fmt};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    extract::Json,
    message::{Headers, Status},
    schema::Signature,
};

/// An answer: a status, headers and a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// How it went.
    pub status: Status,
    /// Headers; most callers look at none.
    pub headers: Headers,
    /// The body; `None` is not the same as an empty one.
    pub body: Option<Bytes>,
}

impl Response {
    /// The text of every 500, which tells nothing of what went wrong.
    pub const INTERNAL_ERROR: &str = "Internal server error. Please try again later.";

    /// Makes an answer without a body.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self {
            status,
            headers: Headers::default(),
            body: None,
        }
    }

    /// Gives it a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Gives it a JSON body; a value that cannot be written as JSON makes it a 500.
    #[must_use]
    pub fn json(self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body(body),
            Err(error) => {
                tracing::error!("a response cannot be written as JSON: {error}");
                Self::internal_error()
            }
        }
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.set(name, value);
        self
    }

    pub(crate) fn internal_error() -> Self {
        Self::new(Status::INTERNAL_SERVER_ERROR).body(Self::INTERNAL_ERROR)
    }
}

/// A type that a handler can return.
pub trait IntoResponse: Send {
    /// Makes it an answer.
    fn into_response(self) -> Response;

    /// Says in the published schema what is returned; `any` by default.
    fn describe(signature: &mut Signature) {
        let _ = signature;
    }
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Response {
        Response::new(Status::OK)
    }

    fn describe(signature: &mut Signature) {
        signature.returns_type("nonetype");
    }
}

impl IntoResponse for Status {
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

/// Implements the trait for types whose bytes are the body.
macro_rules! of_bytes {
    ($($type:ty => $name:literal),*) => {$(
        impl IntoResponse for $type {
            fn into_response(self) -> Response {
                Response::new(Status::OK).body(self)
            }

            fn describe(signature: &mut Signature) {
                signature.returns_type($name);
            }
        }
    )*};
}
of_bytes!(String => "str", &'static str => "str", Bytes => "bytes", Vec<u8> => "bytes");

/// Implements the trait for types that are JSON by themselves.
macro_rules! of_json {
    ($($type:ty => $name:literal),*) => {$(
        impl IntoResponse for $type {
            fn into_response(self) -> Response {
                Response::new(Status::OK).json(&self)
            }

            fn describe(signature: &mut Signature) {
                signature.returns_type($name);
            }
        }
    )*};
}
of_json!(bool => "bool", i32 => "int", i64 => "int", u32 => "int", u64 => "int", usize => "int",
    f64 => "float", Value => "any");

impl<T: Serialize + JsonSchema + Send> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        Response::new(Status::OK).json(&self.0)
    }

    fn describe(signature: &mut Signature) {
        signature.returns::<T>();
    }
}

impl<R: IntoResponse> IntoResponse for (Status, R) {
    fn into_response(self) -> Response {
        let (status, rest) = self;
        Response {
            status,
            ..rest.into_response()
        }
    }

    fn describe(signature: &mut Signature) {
        R::describe(signature);
    }
}

impl<R: IntoResponse, E: IntoResponse> IntoResponse for Result<R, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => error.into_response(),
        }
    }

    fn describe(signature: &mut Signature) {
        R::describe(signature);
    }
}

/// Any error of a handler: it is logged, and the caller gets a 500 that tells nothing.
///
/// `?` turns every error into one.
pub struct Failure(Box<dyn Error + Send + Sync>);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut text = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(next) = cause {
            text = format!("{text}: {next}");
            cause = next.source();
        }
        tracing::error!("a handler failed: {text}");
        Response::internal_error()
    }
}
