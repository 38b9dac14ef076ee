//! An entry in the form of the collection `daemon_logs`.

use data_encoding::BASE32HEX_NOPAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    super::{record::Record, redact::Redaction},
    Shipping,
};

/// In characters; the collection takes twice as many.
const LONGEST_MESSAGE: usize = 10_000;
/// Of the other texts, in characters.
const LONGEST_TEXT: usize = 2_000;
/// In bytes as JSON; the collection takes more.
const LARGEST_FIELDS: usize = 90_000;

/// Returns the id of an entry, which is that of a record in PocketBase: 15 letters and digits
/// that are the same for the same entry.
pub(super) fn id(session: &str, number: u64) -> String {
    let digest = Sha256::digest(format!("{session}{number}"));
    let mut id = BASE32HEX_NOPAD.encode(&digest).to_ascii_lowercase();
    id.truncate(15);
    id
}

/// Returns an entry as JSON, in one line.
pub(super) fn line(record: &Record, number: u64, shipping: &Shipping) -> String {
    let mut record = record.clone();
    record.redact(if shipping.include_sensitive_data {
        Redaction::Nothing
    } else {
        Redaction::SecretsAndPeople
    });
    let spans = record.spans.into_iter();
    let spans: Value = spans
        .map(|span| json!({ "name": span.name, "fields": span.fields }))
        .collect();
    json!({
        "id": id(&shipping.session_id, number),
        "timestamp": record.time.format("%Y-%m-%d %H:%M:%S%.3fZ").to_string(),
        "level": record.level.to_string(),
        "message": cut(&record.message, LONGEST_MESSAGE),
        "target": cut(record.target, LONGEST_TEXT),
        "module_path": cut(record.module.unwrap_or_default(), LONGEST_TEXT),
        "file": cut(record.file.unwrap_or_default(), LONGEST_TEXT),
        "line": record.line,
        "fields": fitting(Value::Object(record.fields)),
        "spans": fitting(spans),
        "daemon_id": shipping.daemon_id,
        "session_id": shipping.session_id,
    })
    .to_string()
}

fn cut(text: &str, longest: usize) -> &str {
    let end = text.char_indices().nth(longest);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Replaces by a remark what the collection would not take.
fn fitting(value: Value) -> Value {
    let size = value.to_string().len();
    if size <= LARGEST_FIELDS {
        return value;
    }
    Value::Object(Map::from_iter([(
        "left_out".to_owned(),
        format!("{size} bytes").into(),
    )]))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_the_same_for_the_same_entry_and_pocketbase_takes_them() {
        // printf '%s' 'session1' | sha256sum, in base32hex.
        assert_eq!(id("session", 1), id("session", 1));
        let ids: HashSet<_> = (0..1000).map(|number| id("session", number)).collect();
        assert_eq!(ids.len(), 1000);
        let is_taken = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(
            ids.iter()
                .all(|id| id.len() == 15 && id.bytes().all(is_taken))
        );
        assert_ne!(id("other", 1), id("session", 1));
    }

    #[test]
    fn what_is_too_long_is_cut_at_a_character() {
        assert_eq!(cut("äöü", 2), "äö");
        assert_eq!(cut("äöü", 3), "äöü");
        let large = json!({ "x": "y".repeat(LARGEST_FIELDS) });
        assert_eq!(fitting(large), json!({ "left_out": "90008 bytes" }));
    }
}
