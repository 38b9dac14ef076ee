//! What PocketBase's answers mean.

use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    error::Error,
    http::{Answer, Failure, retry_after},
};

/// The codes of a field's error that say that its value is taken (of an id: by a record that is
/// there already; the second is how 0.22 says it).
const TAKEN: [&str; 2] = ["validation_not_unique", "validation_invalid_id"];

/// Returns an answer with a status of success, or what its status means.
pub(super) fn check(what: &str, answer: Answer) -> Result<Answer, Failure> {
    let status = answer.status;
    if status.is_success() {
        return Ok(answer);
    }
    let maybe_done = status == StatusCode::REQUEST_TIMEOUT
        || status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
    Err(Failure {
        error: meaning(what, &answer),
        maybe_done,
    })
}

fn meaning(what: &str, answer: &Answer) -> Error {
    let what = what.to_owned();
    let status = answer.status.as_u16();
    match status {
        401 => Error::Unauthenticated {
            what,
            reason: "the server does not accept the login".to_owned(),
        },
        403 => Error::PermissionDenied {
            what,
            reason: "the account may not do this".to_owned(),
        },
        404 | 410 => Error::NotFound { what },
        429 => Error::RateLimited {
            what,
            retry_after: retry_after(&answer.headers),
        },
        400 if FieldErrors::of(&answer.body).is_taken() => Error::AlreadyExists { what },
        408 | 425 | 500.. => Error::Unavailable {
            what,
            reason: format!("status {status}"),
            source: None,
        },
        300..=399 => Error::Garbled {
            what,
            reason: format!("status {status}, a redirection, which is not followed"),
        },
        _ => Error::Rejected {
            what,
            reason: match FieldErrors::of(&answer.body).to_string() {
                fields if fields.is_empty() => format!("status {status}"),
                fields => fields,
            },
        },
    }
}

/// What is wrong with which field: words and codes, nothing else of the body is kept.
#[derive(Debug, Default)]
struct FieldErrors(Vec<(String, String)>);

impl FieldErrors {
    /// No more are told.
    const MOST: usize = 8;

    fn of(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(fields) = body["data"].as_object() else {
            return Self::default();
        };
        let errors = fields
            .iter()
            .filter_map(|(field, error)| Some((word(field)?, word(error["code"].as_str()?)?)));
        Self(errors.take(Self::MOST).collect())
    }

    /// Every error says that there is such a record already.
    fn is_taken(&self) -> bool {
        let is_taken = |(field, code): &(String, String)| {
            TAKEN.contains(&code.as_str()) && (field == "id" || code == TAKEN[0])
        };
        !self.0.is_empty() && self.0.iter().all(is_taken)
    }
}

impl std::fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (field, code)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{field}: {code}")?;
        }
        Ok(())
    }
}

/// Returns a text only if it is one word.
fn word(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    ((1..=64).contains(&text.len()) && text.chars().all(is_plain)).then(|| text.to_owned())
}

/// Whether an answer could be what a guest is told, although we sent a token.
///
/// B4.2: PocketBase does not refuse a token that has run out, it takes its bearer for a guest;
/// and what a guest may not see is, by the rules, forbidden, absent, invalid or an empty list.
pub(super) fn could_be_for_a_guest(answer: &Answer) -> bool {
    match answer.status.as_u16() {
        401 | 403 | 404 => true,
        400 => FieldErrors::of(&answer.body).0.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        }
    }

    #[track_caller]
    fn check(status: u16, body: &str, expected: &str) {
        let failure = super::check("a record", answer(status, body)).unwrap_err();
        assert_eq!(failure.error.to_string(), expected, "{status} {body}");
    }

    /// As 0.22.27 and 0.40.6 answer.
    #[test]
    fn both_generations_say_what_is_wrong() {
        let exists = "a record exists already";
        check(
            400,
            r#"{"code":400,"message":"Something went wrong","data":{"id":{"code":"validation_invalid_id","message":"The model id is invalid or already exists."}}}"#,
            exists,
        );
        check(
            400,
            r#"{"data":{"job_id":{"code":"validation_not_unique","message":"Value must be unique."}},"message":"Failed to create record.","status":400}"#,
            exists,
        );
        check(
            400,
            r#"{"data":{"a":{"code":"validation_not_unique"},"s":{"code":"validation_invalid_value","message":"Invalid value z.","params":{"value":"z"}}},"status":400}"#,
            "a record was rejected: a: validation_not_unique, s: validation_invalid_value",
        );
        check(
            400,
            r#"{"code":400,"message":"Failed to authenticate.","data":{}}"#,
            "a record was rejected: status 400",
        );
        check(
            403,
            r#"{"data":{},"message":"Only superusers can perform this action.","status":403}"#,
            "a record was refused: the account may not do this",
        );
        check(404, "", "a record was not found");
        check(
            429,
            r#"{"data":{},"message":"Too Many Requests.","status":429}"#,
            "a record was refused because of too many calls",
        );
        check(502, "<html>", "a record is not available now: status 502");
        check(
            302,
            "",
            "the answer to a record makes no sense: status 302, a redirection, which is not followed",
        );
    }

    #[test]
    fn what_the_server_says_in_sentences_is_not_repeated() {
        check(
            400,
            r#"{"data":{"a b":{"code":"x"},"s":{"code":"pass word"}}}"#,
            "a record was rejected: status 400",
        );
    }
}
