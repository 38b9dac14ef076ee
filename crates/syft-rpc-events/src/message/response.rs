use serde::Serialize;
use syft_state::Timestamp;
use uuid::Uuid;

use super::{Headers, MessageError, Status, body, field::Field, fields::Fields, time};
use crate::url::SyftUrl;

/// A response as it stands in a `.response` file.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// The id of the request.
    pub id: Uuid,
    /// Who says to have answered.
    pub sender: String,
    /// What was called.
    pub url: SyftUrl,
    /// The body; `None` is not the same as an empty one.
    pub body: Option<Vec<u8>>,
    /// Headers in the order and case of the server.
    pub headers: Headers,
    /// When it was made, by the server's clock.
    pub created: Timestamp,
    /// When the request expires.
    pub expires: Timestamp,
    /// How it went.
    pub status: Status,
}

#[derive(Serialize)]
struct Wire<'a> {
    id: Uuid,
    sender: &'a str,
    url: &'a str,
    body: Option<String>,
    headers: &'a Headers,
    created: String,
    expires: String,
    status_code: u16,
}

impl Response {
    /// Reads a response; `id` is the stem of its file, for responses that tell none.
    ///
    /// # Errors
    /// [`MessageError`], which names the field and quotes nothing.
    pub fn parse(bytes: &[u8], id: Uuid, now: Timestamp) -> Result<Self, MessageError> {
        let fields = Fields::parse(bytes)?;
        let (created, expires) = fields.times(now)?;
        Ok(Self {
            id: fields.id()?.unwrap_or(id),
            sender: fields.text("sender")?.to_owned(),
            url: fields.url()?,
            body: fields.body()?,
            headers: fields.headers()?,
            created,
            expires,
            status: status(fields.get("status_code"))?,
        })
    }

    /// Returns the content of its file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let wire = Wire {
            id: self.id,
            sender: &self.sender,
            url: self.url.as_str(),
            body: self.body.as_deref().map(body::encode),
            headers: &self.headers,
            created: time::encode(self.created),
            expires: time::encode(self.expires),
            status_code: self.status.code(),
        };
        serde_json::to_vec(&wire).expect("a message is plain data")
    }
}

/// Reads what pydantic takes for an integer, too: `"200"` and `200.0`.
fn status(field: &Field<'_>) -> Result<Status, MessageError> {
    let code = match field {
        Field::Missing => return Ok(Status::OK),
        Field::Number(number) => Some(*number),
        Field::Text(text) => text.trim().parse().ok(),
        _ => None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is no whole number from 0 to 65535 is filtered out"
    )]
    let code = code
        .filter(|code: &f64| code.fract() == 0.0 && (0.0..65536.0).contains(code))
        .and_then(|code| Status::received(code as u16));
    code.ok_or(MessageError::invalid("status_code", "is no status"))
}
