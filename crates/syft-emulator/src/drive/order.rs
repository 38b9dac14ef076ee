//! The `orderBy` of `files.list`.

use std::cmp::Ordering;

use super::store::View;
use crate::error::ApiError;

/// Sort keys, the most important first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order(Vec<(Key, bool)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Created,
    Folder,
    ModifiedByMe,
    Modified,
    Name,
    NameNatural,
    Quota,
    Recency,
    SharedWithMe,
    Starred,
    ViewedByMe,
}

const KEYS: [(&str, Key); 11] = [
    ("createdTime", Key::Created),
    ("folder", Key::Folder),
    ("modifiedByMeTime", Key::ModifiedByMe),
    ("modifiedTime", Key::Modified),
    ("name", Key::Name),
    ("name_natural", Key::NameNatural),
    ("quotaBytesUsed", Key::Quota),
    ("recency", Key::Recency),
    ("sharedWithMeTime", Key::SharedWithMe),
    ("starred", Key::Starred),
    ("viewedByMeTime", Key::ViewedByMe),
];

impl Order {
    /// Parses keys such as `folder,modifiedTime desc,name`.
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
        keys.map(key).collect::<Result<_, _>>().map(Self)
    }

    /// What Google shows first when nothing is asked: the newest.
    pub(crate) fn newest_first() -> Self {
        Self(vec![(Key::Modified, true)])
    }

    /// Compares two files; equal ones are told apart by id, so that pages never overlap.
    pub(crate) fn compare(&self, left: &View<'_>, right: &View<'_>) -> Ordering {
        let by_keys = self.0.iter().map(|(key, descending)| {
            let ordering = key.compare(left, right);
            if *descending {
                ordering.reverse()
            } else {
                ordering
            }
        });
        by_keys
            .fold(Ordering::Equal, Ordering::then)
            .then_with(|| left.file.id.cmp(&right.file.id))
    }
}

fn key(text: &str) -> Result<(Key, bool), ApiError> {
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or_default();
    let Some((_, key)) = KEYS.iter().find(|(known, _)| *known == name) else {
        let problem = format!("'{name}' is not a sort key");
        return Err(ApiError::parameter("orderBy", &problem));
    };
    match (words.next(), words.next()) {
        (None, _) => Ok((*key, false)),
        (Some("desc"), None) => Ok((*key, true)),
        _ => Err(ApiError::parameter(
            "orderBy",
            &format!("only 'desc' may follow '{name}'"),
        )),
    }
}

impl Key {
    fn compare(self, left: &View<'_>, right: &View<'_>) -> Ordering {
        let (a, b) = (left.file, right.file);
        let viewer = left.viewer;
        match self {
            Self::Created => a.created.cmp(&b.created),
            Self::Folder => b.is_folder().cmp(&a.is_folder()),
            Self::ModifiedByMe => {
                let (a, b) = (&a.modified_by_account, &b.modified_by_account);
                a.get(viewer).cmp(&b.get(viewer))
            }
            Self::Modified => a.modified.cmp(&b.modified),
            Self::Name => name(&a.name, &b.name),
            Self::NameNatural => natural(&a.name, &b.name),
            Self::Quota => a.size().cmp(&b.size()),
            Self::Recency => recency(left).cmp(&recency(right)),
            Self::SharedWithMe => shared(left).cmp(&shared(right)),
            Self::Starred => b.starred.contains(viewer).cmp(&a.starred.contains(viewer)),
            Self::ViewedByMe => a.viewed.get(viewer).cmp(&b.viewed.get(viewer)),
        }
    }
}

fn recency(view: &View<'_>) -> chrono::DateTime<chrono::Utc> {
    let viewed = view.file.viewed.get(view.viewer).copied();
    viewed.map_or(view.file.modified, |viewed| viewed.max(view.file.modified))
}

fn shared(view: &View<'_>) -> Option<chrono::DateTime<chrono::Utc>> {
    view.shared_with_viewer().map(|grant| grant.given)
}

/// Letter case matters only between names that are otherwise equal.
fn name(a: &str, b: &str) -> Ordering {
    a.to_lowercase().cmp(&b.to_lowercase()).then(a.cmp(b))
}

/// Compares runs of digits by their value: `a2` before `a10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (lower_a, lower_b) = (a.to_lowercase(), b.to_lowercase());
    let (mut left, mut right) = (lower_a.as_str(), lower_b.as_str());
    while !left.is_empty() && !right.is_empty() {
        let (run_a, rest_a) = run(left);
        let (run_b, rest_b) = run(right);
        let ordering = compare_runs(run_a, run_b);
        if ordering.is_ne() {
            return ordering;
        }
        (left, right) = (rest_a, rest_b);
    }
    left.len().cmp(&right.len()).then(a.cmp(b))
}

/// Splits off the leading run of digits, or of anything else.
fn run(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|letter: char| letter.is_ascii_digit());
    let end = text.find(|letter: char| letter.is_ascii_digit() != digits);
    text.split_at(end.unwrap_or(text.len()))
}

fn compare_runs(a: &str, b: &str) -> Ordering {
    let digits = |run: &str| run.starts_with(|letter: char| letter.is_ascii_digit());
    if digits(a) && digits(b) {
        let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
        return a.len().cmp(&b.len()).then(a.cmp(b));
    }
    a.cmp(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], compare: fn(&str, &str) -> Ordering, expected: &[&str]) {
        let mut sorted = names.to_vec();
        sorted.sort_by(|a, b| compare(a, b));
        assert_eq!(sorted, expected);
    }

    #[test]
    fn names() {
        check(&["b", "B", "a10", "a2"], name, &["a10", "a2", "B", "b"]);
        check(
            &["a10", "a2", "A1", "a02b"],
            natural,
            &["A1", "a2", "a02b", "a10"],
        );
        check(&["2", "", "a", "10"], natural, &["", "2", "10", "a"]);
    }

    #[track_caller]
    fn refused(text: &str, named: &str) {
        let error = Order::parse(text).expect_err("not an order");
        assert_eq!(error.status.as_u16(), 400);
        assert_eq!(error.location.as_deref(), Some("orderBy"));
        assert!(error.message.contains(named), "{}", error.message);
    }

    #[test]
    fn unknown_keys_are_named() {
        refused("title", "'title'");
        refused("name,modified desc", "'modified'");
        refused("name asc", "'desc'");
        refused("name desc desc", "'desc'");
        assert!(Order::parse("folder, modifiedTime desc,name_natural").is_ok());
    }
}
