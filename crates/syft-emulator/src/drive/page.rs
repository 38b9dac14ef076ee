//! Page tokens of `files.list`, bound to the query that they continue.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;

use super::{order::Order, store::View};
use crate::{error::ApiError, params::Params};

/// The parameters that must stay the same from page to page.
const BOUND: [&str; 4] = ["q", "orderBy", "spaces", "corpora"];

/// The last file of a page; the next one starts behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageToken {
    binding: String,
    offset: usize,
    last: String,
}

impl PageToken {
    pub(crate) fn new(account: &str, params: &Params, offset: usize, last: &str) -> Self {
        Self {
            binding: binding(account, params),
            offset,
            last: last.to_owned(),
        }
    }

    /// Reads the token of a request, which must belong to the same account and query.
    pub(crate) fn from_request(account: &str, params: &Params) -> Result<Option<Self>, ApiError> {
        let Some(text) = params.get("pageToken").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let token = Self::decode(text).filter(|token| token.binding == binding(account, params));
        token.map(Some).ok_or_else(|| {
            let status = StatusCode::BAD_REQUEST;
            ApiError::new(
                status,
                "invalid",
                "Invalid Value: the page token does not belong to this query",
            )
            .at("pageToken")
        })
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn encode(&self) -> String {
        let plain = format!("{}.{}.{}", self.binding, self.offset, self.last);
        format!("~!!~{}", URL_SAFE_NO_PAD.encode(plain))
    }

    fn decode(text: &str) -> Option<Self> {
        let plain = URL_SAFE_NO_PAD.decode(text.strip_prefix("~!!~")?).ok()?;
        let plain = String::from_utf8(plain).ok()?;
        let mut parts = plain.splitn(3, '.');
        Some(Self {
            binding: parts.next()?.to_owned(),
            offset: parts.next()?.parse().ok()?,
            last: parts.next()?.to_owned(),
        })
    }

    /// Returns where the page starts in a sorted list that may have changed since.
    pub(crate) fn start(&self, sorted: &[View<'_>], order: &Order) -> usize {
        let Some(view) = sorted.first() else { return 0 };
        match view.store.file(&self.last) {
            None => self.offset.min(sorted.len()),
            Some(file) => {
                let last = View { file, ..*view };
                sorted.partition_point(|found| order.compare(found, &last).is_le())
            }
        }
    }
}

fn binding(account: &str, params: &Params) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in [account]
        .into_iter()
        .chain(BOUND.map(|name| params.get(name).unwrap_or_default()))
    {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}
