//! What Python's packages made of the same input, from `vectors.json`.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syft_rpc_events::{
    interval::Interval,
    message::{Headers, Method, Request, Response, Status},
    url::SyftUrl,
};
use syft_state::Timestamp;
use uuid::Uuid;

const URL: &str = "syft://alice@example.com/app_data/app/rpc/ep";

fn vectors(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("data/vectors.json")).unwrap();
    let vectors = all[name].as_array().unwrap().clone();
    assert!(vectors.len() > 4, "{name}");
    vectors
}

fn parse(fields: Value) -> Option<Request> {
    let mut message = json!({"sender": "bob@example.com", "url": URL});
    for (name, value) in fields.as_object().unwrap() {
        message[name] = value.clone();
    }
    let bytes = message.to_string();
    Request::parse(bytes.as_bytes(), Uuid::nil(), Timestamp::EPOCH).ok()
}

#[test]
fn ids_of_equal_calls() {
    for vector in vectors("deterministic_request_id") {
        let text = |name: &str| vector[name].as_str().unwrap().to_owned();
        let headers = vector["headers"].as_object().unwrap();
        let request = Request {
            id: Uuid::nil(),
            sender: text("sender"),
            url: text("url").parse().unwrap(),
            body: vector["body_hex"].as_str().map(from_hex),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap()))
                .collect(),
            created: Timestamp::EPOCH,
            expires: Timestamp::EPOCH,
            method: Method::from_name(&text("method")).unwrap(),
        };
        assert_eq!(request.coalesced_id().to_string(), text("id"));
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn addresses() {
    for vector in vectors("url") {
        let text = vector["in"].as_str().unwrap();
        let parsed = text.parse::<SyftUrl>();
        let Some(wanted) = vector.get("ok") else {
            assert!(parsed.is_err(), "{text:?}");
            continue;
        };
        let parsed = parsed.unwrap();
        assert_eq!(parsed.host(), wanted["host"], "{text:?}");
        assert_eq!(parsed.path(), wanted["path"], "{text:?}");
        let query: BTreeMap<&str, &str> = parsed.query();
        assert_eq!(json!(query), wanted["query"], "{text:?}");
    }
}

#[test]
fn bodies() {
    for vector in vectors("body_base64") {
        let parsed = parse(json!({"body": vector["in"]}));
        match vector.get("ok") {
            None => assert_eq!(parsed, None, "{vector}"),
            Some(wanted) => {
                let body = parsed.unwrap_or_else(|| panic!("{vector}")).body;
                assert_eq!(body, wanted.as_str().map(from_hex), "{vector}");
            }
        }
    }
}

#[test]
fn times() {
    for vector in vectors("timestamp") {
        let parsed = parse(json!({"created": vector["in"]}));
        let Some(wanted) = vector.get("ok") else {
            assert_eq!(parsed, None, "{vector}");
            continue;
        };
        let wanted = wanted.as_str().unwrap();
        // Python leaves these without a zone, and crashes later; we take UTC.
        let zoned: Timestamp = wanted
            .parse()
            .or_else(|_| format!("{wanted}Z").parse())
            .unwrap();
        assert_eq!(parsed.unwrap_or_else(|| panic!("{vector}")).created, zoned);
    }
}

#[test]
fn codes() {
    let known = vectors("status_codes_accepted_by_python_client");
    for code in 0..=u16::MAX {
        let is_known = known.contains(&json!(code));
        assert_eq!(Status::new(code).is_some(), is_known, "{code}");
    }
}

/// What Python takes although it holds junk, and we refuse.
const JUNK: [&str; 5] = ["1w2d", "1.5h", "-1d", "1d 2h", "abc5mxyz"];

#[test]
fn intervals() {
    for vector in vectors("cleanup_interval_seconds") {
        let text = vector["in"].as_str().unwrap();
        let seconds = text.parse::<Interval>().map(|it| it.length().as_secs());
        match vector.get("ok") {
            Some(wanted) if !JUNK.contains(&text) => {
                assert_eq!(json!(seconds.unwrap()), *wanted, "{text:?}");
            }
            _ => assert!(seconds.is_err(), "{text:?}"),
        }
    }
}

#[test]
fn sample_files() {
    let samples: [(&str, &str, &str); 9] = [
        sample!("01-ok-dataclass"),
        sample!("02-ok-model"),
        sample!("03-get-null-body"),
        sample!("04-binary-202"),
        sample!("05-schema-error-400"),
        sample!("06-handler-error-500"),
        sample!("07-expired-419"),
        sample!("08-unparsable-400"),
        sample!("09-handler-error-500-debug"),
    ];
    for (name, request, response) in samples {
        let other = Uuid::nil();
        let answered = Response::parse(response.as_bytes(), other, Timestamp::EPOCH).unwrap();
        assert_eq!(answered.encode(), response.as_bytes(), "{name}");
        let wanted: u16 = match name.split('-').next_back().unwrap() {
            "debug" => 500,
            code => code.parse().unwrap_or(200),
        };
        assert_eq!(answered.status.code(), wanted, "{name}");
        let asked = Request::parse(request.as_bytes(), other, Timestamp::EPOCH);
        if name.contains("unparsable") {
            asked.unwrap_err();
            continue;
        }
        let asked = asked.unwrap();
        assert_eq!(asked.encode(), request.as_bytes(), "{name}");
        assert_eq!((asked.id, asked.expires), (answered.id, answered.expires));
    }
}

#[test]
fn headers_are_found_without_case_and_keep_it() {
    let request = parse(json!({"headers": {"X-Trace": "a", "b": "é"}})).unwrap();
    assert_eq!(request.headers.get("x-trace"), Some("a"));
    let kept: Vec<_> = request.headers.iter().collect();
    assert_eq!(kept, [("X-Trace", "a"), ("b", "é")]);
    let mut headers = Headers::default();
    headers.set("A", "1");
    headers.set("a", "2");
    assert_eq!(headers.iter().collect::<Vec<_>>(), [("a", "2")]);
}

macro_rules! sample {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("data/", $name, ".request")),
            include_str!(concat!("data/", $name, ".response")),
        )
    };
}
use sample;
