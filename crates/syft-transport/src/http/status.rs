//! What a status code means: the one place where an answer becomes an error.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{StatusCode, header, header::HeaderMap};
use serde_json::Value;

use super::{Answer, Failure};
use crate::error::Error;

/// Reasons of a 403 that mean "too fast" (notify.md §1.5, field.md §3.4).
const TOO_FAST: [&str; 3] = [
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "RESOURCE_EXHAUSTED",
];

/// Reasons that deserve more words, because a person has to act.
const EXPLAINED: [(&str, &str); 6] = [
    (
        "accessNotConfigured",
        "the API is not enabled in the Google Cloud project of credentials.json",
    ),
    (
        "dailyLimitExceeded",
        "the Google Cloud project has used up its quota of today",
    ),
    (
        "insufficientPermissions",
        "the token does not hold the needed scope: run `syft-notify init`",
    ),
    (
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "the token does not hold the needed scope: run `syft-notify init`",
    ),
    ("storageQuotaExceeded", "the account's storage is full"),
    (
        "domainPolicy",
        "the administrator of the domain does not allow it",
    ),
];

/// Returns an answer with a status of success, or what its status means.
pub(crate) fn check(what: &str, answer: Answer) -> Result<Answer, Failure> {
    let status = answer.status;
    if status.is_success() {
        return Ok(answer);
    }
    let error = meaning(what, &answer);
    // 503 says that the service did not take the request; the others may come from a gateway
    // behind which it was carried out.
    let maybe_done = status == StatusCode::REQUEST_TIMEOUT
        || status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
    Err(Failure { error, maybe_done })
}

fn meaning(what: &str, answer: &Answer) -> Error {
    let what = what.to_owned();
    let reasons = Reasons::of(&answer.body);
    match answer.status.as_u16() {
        401 => Error::Unauthenticated {
            what,
            reason: "the server does not accept the token".to_owned(),
        },
        403 if reasons.any(&TOO_FAST) => rate_limited(what, answer),
        403 => Error::PermissionDenied {
            what,
            reason: reasons.explained(answer.status),
        },
        404 | 410 => Error::NotFound { what },
        409 => Error::AlreadyExists { what },
        429 => rate_limited(what, answer),
        408 | 500.. => Error::Unavailable {
            what,
            reason: reasons.explained(answer.status),
            source: None,
        },
        300..=399 => Error::Garbled {
            what,
            reason: format!("status {}, a redirection", answer.status.as_u16()),
        },
        _ => Error::Rejected {
            what,
            reason: reasons.explained(answer.status),
        },
    }
}

fn rate_limited(what: String, answer: &Answer) -> Error {
    Error::RateLimited {
        what,
        retry_after: retry_after(&answer.headers).or_else(|| told_in_text(answer)),
    }
}

/// Returns what `Retry-After` says, as seconds or as a date compared with the server's own clock.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => until(headers, DateTime::parse_from_rfc2822(text).ok()?.to_utc()),
    }
}

/// Gmail says in its message until when an account is held: `Retry after 2026-11-21T10:26:53.442Z`.
fn told_in_text(answer: &Answer) -> Option<Duration> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let message = body["error"]["message"].as_str()?;
    let moment = message
        .split("Retry after ")
        .nth(1)?
        .split_whitespace()
        .next()?;
    let moment = moment.trim_end_matches(['.', ')']);
    until(
        &answer.headers,
        DateTime::parse_from_rfc3339(moment).ok()?.to_utc(),
    )
}

fn until(headers: &HeaderMap, moment: DateTime<Utc>) -> Option<Duration> {
    let now = headers.get(header::DATE)?.to_str().ok()?;
    let now = DateTime::parse_from_rfc2822(now).ok()?.to_utc();
    Some((moment - now).to_std().unwrap_or(Duration::ZERO))
}

/// The reason words of an error in Google's form; nothing else of the body is kept.
struct Reasons {
    words: Vec<String>,
    location: Option<String>,
}

impl Reasons {
    fn of(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = &body["error"];
        let list = |name: &str| error[name].as_array().cloned().unwrap_or_default();
        let (errors, details) = (list("errors"), list("details"));
        let candidates = errors
            .iter()
            .chain(&details)
            .map(|item| &item["reason"])
            .chain([&error["status"], error]);
        Self {
            words: candidates.filter_map(word).collect(),
            location: errors.first().and_then(|item| word(&item["location"])),
        }
    }

    fn any(&self, wanted: &[&str]) -> bool {
        self.words
            .iter()
            .any(|word| wanted.contains(&word.as_str()))
    }

    fn explained(&self, status: StatusCode) -> String {
        let Some(first) = self.words.first() else {
            return format!("status {}", status.as_u16());
        };
        let explanation = EXPLAINED.iter().find(|(word, _)| self.any(&[word]));
        match (explanation, &self.location) {
            (Some((word, explanation)), _) => format!("{word} ({explanation})"),
            (None, Some(location)) => format!("{first} ({location})"),
            (None, None) => first.clone(),
        }
    }
}

/// Returns a text only if it is one word, as all of Google's reasons are.
fn word(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    ((1..=64).contains(&text.len()) && text.chars().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
