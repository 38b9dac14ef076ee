//! Whether a file fits a [`Query`].

use chrono::{DateTime, Utc};

use super::{
    Comparison, FlagField, Query, Set, Term, TextField, TextOperator, TimeField, Visibility,
};
use crate::{
    drive::{
        file::{Audience, Role},
        store::View,
    },
    oauth::account_key,
};

/// Contents beyond this size are not indexed for `fullText`.
const INDEXED_BYTES: usize = 1 << 20;

impl Query {
    /// Returns whether the file, as its viewer sees it, fits.
    pub(crate) fn matches(&self, view: &View<'_>) -> bool {
        match self {
            Self::And(left, right) => left.matches(view) && right.matches(view),
            Self::Or(left, right) => left.matches(view) || right.matches(view),
            Self::Not(inner) => !inner.matches(view),
            Self::Term(term) => term.matches(view),
        }
    }
}

impl Term {
    fn matches(&self, view: &View<'_>) -> bool {
        match self {
            Self::Text(field, operator, value) => text(*field, *operator, value, view),
            Self::Time(field, comparison, value) => {
                time(*field, view).is_some_and(|found| comparison.holds(found, *value))
            }
            Self::Flag(field, wanted) => flag(*field, view) == *wanted,
            Self::Member(set, value) => member(*set, value, view),
            Self::Property {
                private,
                key,
                value,
            } => {
                let properties = if *private {
                    &view.file.app_properties
                } else {
                    &view.file.properties
                };
                properties.get(key) == Some(value)
            }
            Self::Visibility(wanted, equal) => (visibility(view) == *wanted) == *equal,
            Self::ShortcutTarget(id, equal) => {
                (view.file.shortcut_target.as_ref() == Some(id)) == *equal
            }
        }
    }
}

fn text(field: TextField, operator: TextOperator, value: &str, view: &View<'_>) -> bool {
    let file = view.file;
    match (field, operator) {
        (TextField::Name, TextOperator::Is) => file.name == value,
        (TextField::Name, TextOperator::IsNot) => file.name != value,
        (TextField::Name, TextOperator::Contains) => tokens_start(&file.name, value),
        (TextField::MimeType, TextOperator::Is) => file.mime_type == value,
        (TextField::MimeType, TextOperator::IsNot) => file.mime_type != value,
        (TextField::MimeType, TextOperator::Contains) => file.mime_type.starts_with(value),
        (TextField::FullText, _) => full_text(view, value),
    }
}

/// Google compares words, not substrings: each word of `wanted` must begin a word of `text`.
///
/// Letter case and everything between words (`_`, `#`, `@`, `.`, …) are ignored.
fn tokens_start(text: &str, wanted: &str) -> bool {
    let words = words(text);
    self::words(wanted)
        .iter()
        .all(|prefix| words.iter().any(|word| word.starts_with(prefix)))
}

fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Searches name, description and short text contents; `"…"` asks for the words in a row.
fn full_text(view: &View<'_>, wanted: &str) -> bool {
    let file = view.file;
    let mut text = format!(
        "{}\n{}\n",
        file.name,
        file.description.as_deref().unwrap_or("")
    );
    if let Some(content) = file
        .content
        .as_ref()
        .filter(|_| file.mime_type.starts_with("text/"))
    {
        let indexed = &content.bytes[..content.bytes.len().min(INDEXED_BYTES)];
        text.push_str(&String::from_utf8_lossy(indexed));
    }
    match wanted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        None => tokens_start(&text, wanted),
        Some(phrase) => {
            let (text, phrase) = (words(&text), words(phrase));
            phrase.is_empty() || text.windows(phrase.len()).any(|window| window == phrase)
        }
    }
}

fn time(field: TimeField, view: &View<'_>) -> Option<DateTime<Utc>> {
    match field {
        TimeField::Created => Some(view.file.created),
        TimeField::Modified => Some(view.file.modified),
        TimeField::ViewedByMe => view.file.viewed.get(view.viewer).copied(),
    }
}

impl Comparison {
    fn holds(self, left: DateTime<Utc>, right: DateTime<Utc>) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::AtLeast => left >= right,
            Self::Greater => left > right,
        }
    }
}

fn flag(field: FlagField, view: &View<'_>) -> bool {
    match field {
        FlagField::Trashed => view.trashed(),
        FlagField::Starred => view.file.starred.contains(view.viewer),
        FlagField::SharedWithMe => view.shared_with_viewer().is_some(),
    }
}

fn member(set: Set, value: &str, view: &View<'_>) -> bool {
    let account = || match value {
        "me" => view.viewer.to_owned(),
        email => account_key(email),
    };
    match set {
        Set::Parents => {
            let wanted = match value {
                "root" => view.store.root(view.viewer),
                id => Some(id),
            };
            view.file.parent.as_deref() == wanted && view.parent().is_some()
        }
        Set::Owners => view.file.owner == account(),
        Set::Writers => view.store.user_role(&account(), view.file) >= Some(Role::Writer),
        Set::Readers => view.store.user_role(&account(), view.file).is_some(),
    }
}

fn visibility(view: &View<'_>) -> Visibility {
    let wide = view.store.permissions(view.file);
    let reach = |audience: &Audience, discoverable: bool| match (audience, discoverable) {
        (Audience::Anyone, true) => Some(Visibility::AnyoneCanFind),
        (Audience::Anyone, false) => Some(Visibility::AnyoneWithLink),
        (Audience::Domain(_), true) => Some(Visibility::DomainCanFind),
        (Audience::Domain(_), false) => Some(Visibility::DomainWithLink),
        _ => None,
    };
    wide.iter()
        .find_map(|grant| reach(&grant.audience, grant.discoverable))
        .unwrap_or(Visibility::Limited)
}
