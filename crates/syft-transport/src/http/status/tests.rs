use super::*;

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
    let headers = headers.iter().map(|(name, value)| {
        (
            header::HeaderName::from_static(name),
            value.parse().unwrap(),
        )
    });
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.collect(),
        body: body.to_owned().into(),
    }
}

fn google(reason: &str) -> String {
    format!(
        r#"{{"error":{{"errors":[{{"domain":"d","reason":"{reason}","message":"m"}}],"code":0}}}}"#
    )
}

#[track_caller]
fn check_error(status: u16, body: &str, expected: &str, transient: bool, maybe_done: bool) {
    let failure = check("a call", answer(status, &[], body)).unwrap_err();
    assert_eq!(failure.error.to_string(), expected);
    assert_eq!(failure.error.is_transient(), transient, "{status} {body}");
    assert_eq!(failure.maybe_done, maybe_done, "{status} {body}");
}

#[test]
fn every_status_has_one_meaning() {
    check_error(
        400,
        &google("invalid"),
        "a call was rejected: invalid",
        false,
        false,
    );
    check_error(
        401,
        "",
        "a call is not authorised: the server does not accept the token",
        false,
        false,
    );
    check_error(
        403,
        &google("insufficientFilePermissions"),
        "a call was refused: insufficientFilePermissions",
        false,
        false,
    );
    check_error(
        403,
        &google("rateLimitExceeded"),
        "a call was refused because of too many calls",
        true,
        false,
    );
    check_error(
        403,
        &google("userRateLimitExceeded"),
        "a call was refused because of too many calls",
        true,
        false,
    );
    check_error(
        403,
        &google("dailyLimitExceeded"),
        "a call was refused: dailyLimitExceeded (the Google Cloud project has used up its quota of today)",
        false,
        false,
    );
    check_error(
        403,
        "<html>no</html>",
        "a call was refused: status 403",
        false,
        false,
    );
    check_error(
        404,
        &google("notFound"),
        "a call was not found",
        false,
        false,
    );
    check_error(409, "", "a call exists already", false, false);
    check_error(410, "", "a call was not found", false, false);
    check_error(
        429,
        "",
        "a call was refused because of too many calls",
        true,
        false,
    );
    check_error(
        308,
        "",
        "the answer to a call makes no sense: status 308, a redirection",
        true,
        false,
    );
    check_error(
        500,
        &google("internalError"),
        "a call is not available now: internalError",
        true,
        true,
    );
    check_error(
        502,
        "",
        "a call is not available now: status 502",
        true,
        true,
    );
    check_error(
        503,
        "",
        "a call is not available now: status 503",
        true,
        false,
    );
    check_error(
        504,
        "",
        "a call is not available now: status 504",
        true,
        true,
    );
}

#[test]
fn nothing_of_a_body_but_its_reason_words_is_kept() {
    let body = google("ya29.secret token with spaces");
    check_error(400, &body, "a call was rejected: status 400", false, false);
    let body = r#"{"error":{"errors":[{"reason":"invalid","location":"q"}]}}"#;
    check_error(400, body, "a call was rejected: invalid (q)", false, false);
}

#[track_caller]
fn check_wait(headers: &[(&'static str, &str)], body: &str, expected: Option<u64>) {
    let failure = check("a call", answer(429, headers, body)).unwrap_err();
    let Error::RateLimited { retry_after, .. } = failure.error else {
        panic!("{:?}", failure.error);
    };
    assert_eq!(retry_after, expected.map(Duration::from_secs));
}

#[test]
fn the_server_may_say_how_long_to_wait() {
    let date = ("date", "Sat, 21 Nov 2026 10:00:00 GMT");
    let message = r#"{"error":{"message":"User-rate limit exceeded.  Retry after 2026-11-21T10:15:00.000Z"}}"#;
    check_wait(&[("retry-after", "17")], "", Some(17));
    check_wait(
        &[("retry-after", "Sat, 21 Nov 2026 10:00:30 GMT"), date],
        "",
        Some(30),
    );
    check_wait(
        &[("retry-after", "Sat, 21 Nov 2026 09:00:00 GMT"), date],
        "",
        Some(0),
    );
    check_wait(&[date], message, Some(900));
    check_wait(&[], message, None);
    check_wait(&[("retry-after", "soon")], "", None);
    check_wait(&[], "", None);
}
