//! What a handler can ask for, each as a parameter of its own.

use std::{fmt, ops::Deref, sync::Arc};

use bytes::Bytes;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use syft_state::Email;
use uuid::Uuid;

use crate::{
    message::{Headers, Method, Status},
    request::{Caller, Request},
    response::{IntoResponse, Response},
    schema::Signature,
    state::{Need, States},
};

/// Begins the answer to a request whose parts cannot be had; peers may match on it.
const INVALID: &str = "Invalid request schema: ";

/// A call under way: the request, and what handlers share.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) request: Arc<Request>,
    pub(crate) states: States,
}

impl Call {
    /// Returns the request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }
}

/// A type that a handler can have as a parameter.
///
/// Several parameters may each look at the same body.
pub trait Extract: Sized + Send + 'static {
    /// Takes the value out of a call.
    ///
    /// # Errors
    /// [`Rejection`], which is the answer to the sender.
    fn extract(call: &Call) -> Result<Self, Rejection>;

    /// Adds what the published schema says of the parameter; nothing by default.
    fn describe(signature: &mut Signature) {
        let _ = signature;
    }
}

/// The answer to a request that a handler cannot be called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The status of the answer.
    pub status: Status,
    /// Its text, which quotes nothing of the request.
    pub text: String,
}

impl Rejection {
    /// Says that the request does not fit the handler's parameters.
    #[must_use]
    pub fn invalid(reason: impl fmt::Display) -> Self {
        Self {
            status: Status::BAD_REQUEST,
            text: format!("{INVALID}{reason}"),
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        (self.status, self.text).into_response()
    }
}

/// A JSON body as a type, and a type as a JSON body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Extract for Json<T> {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        let body = call.request.body.as_deref();
        parse(body.ok_or_else(|| Rejection::invalid("a JSON body is needed"))?).map(Self)
    }

    fn describe(signature: &mut Signature) {
        signature.body::<T>(true);
    }
}

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Extract for Option<Json<T>> {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        let body = call.request.body.as_deref();
        body.map(|body| parse(body).map(Json)).transpose()
    }

    fn describe(signature: &mut Signature) {
        signature.body::<T>(false);
    }
}

/// Named parameters: the fields of a struct, from the JSON object of the body.
///
/// A parameter with a serde default may be left out, and so may the body if all have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + JsonSchema + Send + 'static> Extract for Params<T> {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        let body = call.request.body.as_deref().filter(|body| !body.is_empty());
        parse(body.unwrap_or(b"{}")).map(Self)
    }

    fn describe(signature: &mut Signature) {
        signature.fields::<T>();
    }
}

/// Where it does not fit is said, what stands there is not (row 25 of the weaknesses).
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Rejection> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        let place = format!("line {}, column {}", error.line(), error.column());
        Rejection::invalid(match (error.classify(), path.as_str()) {
            (serde_json::error::Category::Data, ".") => {
                format!("the body lacks something or has the wrong type ({place})")
            }
            (serde_json::error::Category::Data, path) => {
                format!("`{path}` lacks something or has the wrong type ({place})")
            }
            _ => format!("the body is no JSON ({place})"),
        })
    })?;
    deserializer
        .end()
        .map_err(|_| Rejection::invalid("there is more than one JSON value in the body"))?;
    Ok(value)
}

/// The body as text, empty where there is none.
impl Extract for String {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        let body = call.request.body.clone().unwrap_or_default();
        Self::from_utf8(body.into()).map_err(|_| Rejection::invalid("the body is no UTF-8 text"))
    }

    fn describe(signature: &mut Signature) {
        signature.body_of_type("str");
    }
}

/// The body as it is, empty where there is none.
impl Extract for Bytes {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        Ok(call.request.body.clone().unwrap_or_default())
    }

    fn describe(signature: &mut Signature) {
        signature.body_of_type("bytes");
    }
}

/// What handlers share: the value of this type.
///
/// That there is one is checked before the first request comes.
#[derive(Debug)]
pub struct State<T>(Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> Extract for State<T> {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        let state = call.states.get::<T>().map(Self);
        state.ok_or_else(|| Rejection {
            status: Status::INTERNAL_SERVER_ERROR,
            text: Response::INTERNAL_ERROR.to_owned(),
        })
    }

    fn describe(signature: &mut Signature) {
        signature.needs.push(Need::of::<T>());
    }
}

/// Who sent the request, as the directory says; a request from elsewhere is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(pub Email);

impl Extract for Sender {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        match &call.request.sender {
            Caller::Directory(email) => Ok(Self(email.clone())),
            Caller::Claimed(_) => Err(Rejection {
                status: Status::FORBIDDEN,
                text: "the sender of this request is not known for sure".to_owned(),
            }),
        }
    }
}

/// The lasting identity of the request, by which a handler can tell a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub Uuid);

impl Extract for RequestId {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        Ok(Self(call.request.id))
    }
}

impl Extract for Headers {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        Ok(call.request.headers.clone())
    }
}

impl Extract for Method {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        Ok(call.request.method)
    }
}

/// The whole request.
impl Extract for Request {
    fn extract(call: &Call) -> Result<Self, Rejection> {
        Ok(Self::clone(&call.request))
    }
}
