use proptest::prelude::*;

use super::*;
use crate::drive::FileId;

#[track_caller]
fn check(query: Query, expected: &str) {
    assert_eq!(search(&query), expected);
}

fn exact(text: &str) -> NameMatch {
    NameMatch::Exact(text.to_owned())
}

fn starts(text: &str) -> NameMatch {
    NameMatch::StartsWith(text.to_owned())
}

#[test]
fn every_field_narrows() {
    check(Query::default(), "trashed = false");
    check(
        Query {
            any_name: vec![starts("syft_datasite#"), exact("SyftBox")],
            parent: Some(FileId::new("P1")),
            kind: Some(EntryKind::Folder),
            owner: Some(Owner::NotMe),
            created_after: Some("2026-11-21T10:26:53.442999Z".parse().unwrap()),
            ..Query::default()
        },
        "trashed = false and (name contains 'syft_datasite#' or name = 'SyftBox') \
         and 'P1' in parents and mimeType = 'application/vnd.google-apps.folder' \
         and not 'me' in owners and createdTime > '2026-11-21T10:26:53.442Z'",
    );
    check(
        Query {
            kind: Some(EntryKind::File),
            owner: Some(Owner::Me),
            ..Query::default()
        },
        "trashed = false and mimeType != 'application/vnd.google-apps.folder' and 'me' in owners",
    );
}

/// T5: Python breaks on an apostrophe.
#[test]
fn quotes_and_backslashes_are_escaped() {
    check(
        Query {
            any_name: vec![exact(r"o'brien\'s"), starts("it's")],
            owner: Some(Owner::Account("o'brien@example.org".parse().unwrap())),
            ..Query::default()
        },
        r"trashed = false and (name = 'o\'brien\\\'s' or name contains 'it\'s') and 'o\'brien@example.org' in owners",
    );
}

#[test]
fn a_beginning_without_a_word_is_left_to_the_filter() {
    for name in ["", "_", "#.-"] {
        check(
            Query {
                any_name: vec![exact("a"), starts(name)],
                ..Query::default()
            },
            "trashed = false",
        );
    }
}

/// Reads a string of the search language as Drive does; returns it and what follows.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('\'')?.char_indices();
    let mut value = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Some((value, &text[at + 2..])),
            '\\' => value.push(chars.next()?.1),
            c => value.push(c),
        }
    }
    None
}

proptest! {
    /// T5: no text can leave its quotes.
    #[test]
    fn any_text_stays_within_its_quotes(text in r"[\PC'\\]{0,40}", parent in r"[a'\\ ]{1,12}") {
        let query = Query {
            any_name: vec![exact(&text)],
            parent: Some(FileId::new(parent.as_str())),
            ..Query::default()
        };
        let search = search(&query);
        let rest = search.strip_prefix("trashed = false and name = ").unwrap();
        let (value, rest) = unquoted(rest).unwrap();
        prop_assert_eq!(value, text);
        let (value, rest) = unquoted(rest.strip_prefix(" and ").unwrap()).unwrap();
        prop_assert_eq!(value, parent);
        prop_assert_eq!(rest, " in parents");
    }
}
