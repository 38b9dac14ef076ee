//! A token of PocketBase: a JWT, of which we read until when it is good.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, HeaderValue};
use serde::Deserialize;
use tokio::time::Instant;

/// A token is replaced when it has no more than this left (B4.1), or a quarter of its time.
const REFRESH_BEFORE: Duration = Duration::from_secs(5 * 60);

/// A token as it goes into a header.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    /// When it should be replaced; `None` if it does not say.
    due: Option<Instant>,
}

impl Token {
    /// Reads a token that came with these headers; `None` if it is no text for a header.
    pub(super) fn new(text: &str, headers: &HeaderMap, now: Instant) -> Option<Self> {
        let mut header = HeaderValue::from_str(text).ok()?;
        header.set_sensitive(true);
        let left = lifetime(text, headers);
        let due = left.map(|left| now + left - REFRESH_BEFORE.min(left / 4));
        Some(Self { header, due })
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
}

/// Returns how long a token is good from now on, by the server's own clock: ours may be wrong.
fn lifetime(token: &str, headers: &HeaderMap) -> Option<Duration> {
    let payload = token.split('.').nth(1)?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let now = DateTime::parse_from_rfc2822(headers.get(DATE)?.to_str().ok()?).ok()?;
    let left = claims.exp.checked_sub(now.timestamp())?;
    // Longer than a year is not worth a sum that could overflow.
    Some(Duration::from_secs(
        left.clamp(0, 31_536_000).cast_unsigned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(exp: &str, date: &str) -> Token {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{exp},"type":"auth"}}"#));
        let headers = [(DATE, HeaderValue::from_str(date).unwrap())];
        let headers = headers.into_iter().collect();
        Token::new(&format!("x.{payload}.y"), &headers, start()).unwrap()
    }

    fn start() -> Instant {
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *START.get_or_init(Instant::now)
    }

    #[track_caller]
    fn check(exp: &str, due_after: Option<u64>) {
        let token = token(exp, "Sun, 06 Nov 1994 08:49:37 GMT");
        let due = due_after.map(|seconds| start() + Duration::from_secs(seconds));
        assert_eq!(token.due, due, "{exp}");
    }

    #[test]
    fn a_token_is_replaced_before_it_ends_by_the_clock_of_the_server() {
        check("784198177", Some(86_400 - 300));
        check("784111777", Some(0));
        check("784111877", Some(75));
        check("5", Some(0));
        check("9223372036854775807", Some(31_536_000 - 300));
        check("\"soon\"", None);
    }

    #[test]
    fn what_is_no_jwt_is_used_all_the_same() {
        let token = Token::new("abc", &HeaderMap::new(), start()).unwrap();
        assert!(!token.is_due(start()));
        assert!(Token::new("a\nb", &HeaderMap::new(), start()).is_none());
        assert!(
            !format!("{:?}", Token::new("secret", &HeaderMap::new(), start())).contains("secret")
        );
    }
}
