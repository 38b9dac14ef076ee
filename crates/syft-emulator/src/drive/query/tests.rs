use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{Query, parse};
use crate::drive::{
    file::{Audience, File, Grant, Role},
    store::Store,
};

const ME: &str = "me@example.org";
const PEER: &str = "peer_x@example.org";

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

/// A store of one file of mine in my root, shared with a writer, and its id.
fn store_with(name: &str) -> (Store, String) {
    let mut store = Store::default();
    let root = store.ensure_root(ME, now());
    let mut file = File::new("file".to_owned(), ME, now());
    file.name = name.to_owned();
    file.parent = Some(root);
    file.mime_type = "text/plain".to_owned();
    file.properties
        .insert("colour".to_owned(), "red".to_owned());
    file.app_properties.insert("job".to_owned(), "7".to_owned());
    file.grants.push(Grant {
        id: "1".to_owned(),
        audience: Audience::User(PEER.to_owned()),
        role: Role::Writer,
        discoverable: false,
        given: now(),
        given_by: ME.to_owned(),
    });
    store.insert(file, now());
    (store, "file".to_owned())
}

fn finds(query: &str, name: &str, viewer: &str) -> bool {
    let (store, id) = store_with(name);
    let query = parse(query).expect("a query").expect("not empty");
    let view = store.view(&id, viewer).expect("visible");
    query.matches(&view)
}

#[track_caller]
fn check(query: &str, expected: bool) {
    assert_eq!(
        finds(query, "syft_Report#7.tar.gz", ME),
        expected,
        "{query}"
    );
}

#[test]
fn terms() {
    check("name = 'syft_Report#7.tar.gz'", true);
    check("name='syft_report#7.tar.gz'", false);
    check("name != 'other'", true);
    check("mimeType = 'text/plain'", true);
    check("mimeType contains 'text/'", true);
    check("mimeType contains 'plain'", false);
    check("trashed = false", true);
    check("trashed != false", false);
    check("starred = true", false);
    check("'me' in owners", true);
    check("not 'me' in owners", false);
    check("'ME@Example.org' in owners", true);
    check("'Peer_X@example.org' in owners", false);
    check("'peer_x@example.org' in writers", true);
    check("'peer_x@example.org' in readers", true);
    check("'stranger@example.org' in readers", false);
    check("'root' in parents", true);
    check("'elsewhere' in parents", false);
    check("sharedWithMe", false);
    check("sharedWithMe = false", true);
    check("properties has { key='colour' and value='red' }", true);
    check("properties has {key='colour' and value='blue'}", false);
    check("appProperties has { key='colour' and value='red' }", false);
    check("appProperties has { key='job' and value='7' }", true);
    check("visibility = 'limited'", true);
    check("visibility != 'anyoneWithLink'", true);
    check("fullText contains 'report'", true);
    check("fullText contains '\"report 7\"'", true);
    check("fullText contains '\"7 report\"'", false);
    check("shortcutDetails.targetId = 'x'", false);
}

#[test]
fn times() {
    check("modifiedTime = '2026-11-21T12:00:00'", true);
    check("modifiedTime > '2026-11-21T12:00:00'", false);
    check("modifiedTime >= '2026-11-21T13:00:00+01:00'", true);
    check("createdTime < '2026-11-22'", true);
    check("viewedByMeTime != '2026-11-21T12:00:00.001Z'", true);
}

#[test]
fn seen_by_others() {
    assert!(finds("sharedWithMe and not 'me' in owners", "x", PEER));
    // The owner's root is not shared, so nobody else learns where the file lies.
    assert!(!finds("'root' in parents", "x", PEER));
}

/// Google looks for beginnings of words, in any case and order, and ignores what separates them.
#[test]
fn contains_compares_the_beginnings_of_words() {
    check("name contains 'syft_rep'", true);
    check("name contains 'REPORT'", true);
    check("name contains 'eport'", false);
    check("name contains 'gz tar'", true);
    check("name contains '#7'", true);
    check("name contains 'syft#8'", false);
    check("name contains 'syft_report_final'", false);
    let folder = "syft_datasite#1.0.0#do@example.com#inbox#ds@example.com";
    assert!(finds(
        "name contains '#do@example.com#inbox#ds@example.com'",
        folder,
        ME
    ));
    // Such a search finds other folders as well: whoever asks must filter again.
    assert!(finds(
        "name contains '#ds@example.com#inbox#do@example.com'",
        folder,
        ME
    ));
    assert!(!finds("name contains '#d@x.com'", folder, ME));
}

#[test]
fn and_and_or_are_read_from_left_to_right() {
    check("starred=false or starred=true and starred=true", false);
    check("starred=false or (starred=true and starred=true)", true);
    check("starred=true and starred=true or starred=false", true);
    check(
        "not starred=true and not (trashed=true or starred=true)",
        true,
    );
    check("not not trashed=false", true);
}

/// What released clients send, missing and doubled spaces included.
#[test]
fn recorded_queries_are_understood() {
    for query in [
        "name contains 'syft_outbox_inbox' and trashed=falseand mimeType = \
         'application/vnd.google-apps.folder'",
        "name='SyftBox' and mimeType='application/vnd.google-apps.folder' and 'me' in owners \
         and trashed=false",
        "name='x' and mimeType='y' and trashed=false  and 'p' in parents",
        "name='x' and mimeType='y' and trashed=false and 'do@example.com' in owners ",
        "trashed=false and ('p' in parents) and (name='a') and (mimeType='f' or mimeType='s')",
    ] {
        assert!(parse(query).is_ok(), "{query}");
    }
    assert_eq!(parse("  "), Ok(None));
}

#[track_caller]
fn refused(query: &str, position: usize, problem: &str) {
    let mistake = parse(query).expect_err("unparsable");
    assert_eq!(mistake.position, position, "{query}: {mistake}");
    assert!(mistake.to_string().contains(problem), "{query}: {mistake}");
}

#[test]
fn mistakes_are_named_with_their_place() {
    // T5: an address with an apostrophe, put into a query unescaped.
    refused("'o'brien@example.org' in owners", 8, "unexpected '@'");
    refused(
        "name = 'o'brien",
        10,
        "'and', 'or' or the end, found 'brien'",
    );
    refused("name = 'o'brien'", 15, "no closing '");
    refused("name = 'x", 7, "no closing '");
    refused("name = 'a\\b'", 9, "backslash");
    refused("title = 'x'", 0, "'title' is not a search term");
    refused("name", 4, "found the end");
    refused("name ~ 'x'", 5, "unexpected '~'");
    refused("name > 'x'", 5, "'contains'");
    refused("name = \"x\"", 7, "unexpected '\"'");
    refused("name = x", 7, "single quotes");
    refused("trashed = 'false'", 10, "true or false");
    refused("trashed=falseandmimeType='x'", 8, "true or false");
    refused("trashed=trueand name='x'", 8, "true or false");
    refused("name='x' AND trashed=false", 9, "'and', 'or' or the end");
    refused("name='x' trashed=false", 9, "'and', 'or' or the end");
    refused("name='x' and", 12, "a search term, found the end");
    refused("(name='x'", 9, "')'");
    refused("name='x')", 8, "found ')'");
    refused("'x' in folders", 7, "parents, owners");
    refused("'x' parents", 4, "'in'");
    refused("modifiedTime > 'yesterday'", 15, "RFC 3339");
    refused("properties has {key='a'}", 23, "'and'");
    refused("visibility = 'everyone'", 13, "'limited'");
    refused("fullText = 'x'", 9, "'contains'");
    refused(&"(".repeat(1000), 51, "too deeply");
    refused(&"not ".repeat(1000), 204, "too deeply");
    refused(
        &"starred=true or ".repeat(100_000),
        16_000,
        "too many terms",
    );
}

#[test]
fn parents_and_text_searches_are_reported() {
    let query = parse("not 'a' in parents or ('root' in parents and name = 'x')");
    let query = query.expect("a query").expect("not empty");
    assert_eq!(query.parents(), ["a", "root"]);
    assert!(!query.searches_text());
    let query = parse("trashed=false and fullText contains 'x'");
    assert!(
        query
            .expect("a query")
            .is_some_and(|query| query.searches_text())
    );
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

proptest! {
    #[test]
    fn every_name_is_found_by_its_quoted_form(name in any::<String>(), other in any::<String>()) {
        let query = format!("name = '{}'", quoted(&name));
        prop_assert!(finds(&query, &name, ME));
        prop_assert_eq!(finds(&query, &other, ME), name == other);
    }

    #[test]
    fn every_name_contains_its_own_words(name in any::<String>()) {
        let query = format!("name contains '{}'", quoted(&name));
        prop_assert!(finds(&query, &name, ME));
    }

    #[test]
    fn garbage_never_panics(text in any::<String>()) {
        drop(parse(&text));
    }

    #[test]
    fn near_queries_never_panic(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "name", "=", "'x'", "and", "or", "not", "(", ")", "in", "parents", "has", "{", "}",
                "trashed", "true", "properties", "key", "visibility", "modifiedTime", "<",
            ]),
            0..12,
        )
    ) {
        drop(parse(&words.join(" ")));
    }
}

#[test]
fn opposite_of_a_comparison_matches_the_rest() {
    let parsed = parse("not name = 'x'").expect("a query");
    assert!(matches!(parsed, Some(Query::Not(_))));
}
