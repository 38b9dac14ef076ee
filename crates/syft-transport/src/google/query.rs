//! A [`Query`] in Drive's search language: the only place that writes it.

use chrono::SecondsFormat;

use crate::drive::{EntryKind, NameMatch, Order, Owner, Query};

/// What Drive calls a folder.
pub(super) const FOLDER: &str = "application/vnd.google-apps.folder";

/// Returns the `q` parameter: it finds at least what [`Query::accepts`] accepts.
///
/// More is found too, because Drive's `contains` matches the beginnings of words without case,
/// so every answer must be filtered again.
pub(super) fn search(query: &Query) -> String {
    let mut clauses = vec!["trashed = false".to_owned()];
    clauses.extend(names(&query.any_name));
    if let Some(parent) = &query.parent {
        clauses.push(format!("{} in parents", quoted(parent.as_str())));
    }
    clauses.extend(query.kind.map(|kind| match kind {
        EntryKind::Folder => format!("mimeType = '{FOLDER}'"),
        EntryKind::File => format!("mimeType != '{FOLDER}'"),
    }));
    clauses.extend(query.owner.as_ref().map(|owner| match owner {
        Owner::Me => "'me' in owners".to_owned(),
        Owner::NotMe => "not 'me' in owners".to_owned(),
        Owner::Account(account) => format!("{} in owners", quoted(account.as_str())),
    }));
    clauses.extend(query.created_after.map(|time| {
        // Drive keeps milliseconds: cutting the rest off finds a little more, never less.
        let time = time.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true);
        format!("createdTime > '{time}'")
    }));
    clauses.join(" and ")
}

/// Returns the `orderBy` parameter.
pub(super) fn order(order: Order) -> Option<&'static str> {
    match order {
        Order::Any => None,
        Order::Name => Some("name"),
        Order::NameDescending => Some("name desc"),
        Order::Created => Some("createdTime"),
    }
}

/// Returns the clause for names, or `None` if the server cannot narrow them down.
fn names(any: &[NameMatch]) -> Option<String> {
    let clauses: Option<Vec<String>> = any.iter().map(name).collect();
    match clauses?.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("({})", several.join(" or "))),
    }
}

fn name(wanted: &NameMatch) -> Option<String> {
    match wanted {
        NameMatch::Exact(text) => Some(format!("name = {}", quoted(text))),
        // Drive splits names into words at whatever is no letter or digit, so a beginning
        // without any has no word to look for.
        NameMatch::StartsWith(text) if text.chars().any(char::is_alphanumeric) => {
            Some(format!("name contains {}", quoted(text)))
        }
        NameMatch::StartsWith(_) => None,
    }
}

/// Returns a string of the search language; `'` and `\` are escaped (T5).
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests;
