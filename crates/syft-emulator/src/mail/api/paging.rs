//! Pages of lists that run from the newest to the oldest.

use crate::{error::ApiError, mail::error::MailError, params::Params};

const DEFAULT_PAGE: u64 = 100;
const MAX_PAGE: u64 = 500;

/// One page, and where the next one starts.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
    /// Items of all pages.
    pub(super) total: usize,
}

/// Cuts a page out of `items`, each with the message id by which the list is ordered.
///
/// The page token is the last id shown, so new mail never moves an item to another page.
pub(super) fn page<T>(items: Vec<(String, T)>, params: &Params) -> Result<Page<T>, ApiError> {
    let size = params.number("maxResults", 1..=u64::from(u32::MAX))?;
    let size = size.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let after = params.get("pageToken");
    if after.is_some_and(|token| !is_token(token)) {
        return Err(MailError::InvalidPageToken.into());
    }
    let total = items.len();
    let mut rest = items
        .into_iter()
        .filter(|(id, _)| after.is_none_or(|after| &**id < after));
    let mut last = None;
    let mut shown = Vec::new();
    for (id, item) in rest.by_ref().take(size) {
        last = Some(id);
        shown.push(item);
    }
    let next = last.filter(|_| rest.next().is_some());
    Ok(Page {
        items: shown,
        next,
        total,
    })
}

fn is_token(token: &str) -> bool {
    token.len() == 16 && token.bytes().all(|byte| byte.is_ascii_hexdigit())
}
