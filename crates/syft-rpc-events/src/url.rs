//! `syft://` addresses, as Python's `syft-core` 0.3 reads them.

use std::{collections::BTreeMap, fmt, str::FromStr};

const SCHEME: &str = "syft://";

/// An address: a datasite and a path in it, kept as it was written.
///
/// Nothing in it is percent-decoded, by anybody. The path is a peer's text: it never becomes a
/// path on this machine by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SyftUrl {
    text: String,
    /// Where the host ends and where the path does.
    host_end: usize,
    path_end: usize,
}

/// Says that a text is no [`SyftUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address of the form syft://someone@example.org/path")]
pub struct UrlError;

impl SyftUrl {
    /// Returns the address of an endpoint of an app: `syft://HOST/app_data/APP/rpc/ENDPOINT`.
    ///
    /// # Errors
    /// [`UrlError`] where one of the parts cannot stand in an address.
    pub fn of_endpoint(host: &str, app: &str, endpoint: &str) -> Result<Self, UrlError> {
        let endpoint = endpoint.trim_start_matches('/');
        format!("{SCHEME}{host}/app_data/{app}/rpc/{endpoint}").parse()
    }

    /// Returns an address that nobody has.
    pub(crate) fn nowhere() -> Self {
        let text = format!("{SCHEME}system@syftbox.localhost");
        Self {
            host_end: text.len(),
            path_end: text.len(),
            text,
        }
    }

    /// Returns it as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the datasite, an e-mail address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.text[SCHEME.len()..self.host_end]
    }

    /// Returns the path with its leading slash, without query and fragment; empty if there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.text[self.host_end..self.path_end]
    }

    /// Returns the query: the last of equal names counts, and a part without `=` is dropped.
    #[must_use]
    pub fn query(&self) -> BTreeMap<&str, &str> {
        let rest = &self.text[self.path_end..];
        let Some(query) = rest.strip_prefix('?') else {
            return BTreeMap::new();
        };
        let query = query.split('#').next().unwrap_or_default();
        query
            .split('&')
            .filter_map(|item| item.split_once('='))
            .collect()
    }

    /// Returns app and endpoint of an RPC address, the endpoint without slashes around it.
    #[must_use]
    pub fn endpoint(&self) -> Option<(&str, &str)> {
        let path = self.path().trim_matches('/').strip_prefix("app_data/")?;
        let (app, endpoint) = path
            .split_once("/rpc/")
            .or_else(|| Some((path.strip_suffix("/rpc")?, "")))?;
        Some((app, endpoint.trim_matches('/')))
    }
}

impl FromStr for SyftUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let rest = text.strip_prefix(SCHEME).ok_or(UrlError)?;
        let host_length = rest.find('/').unwrap_or(rest.len());
        let (host, path) = rest.split_at(host_length);
        if !is_host(host) || path.contains('\n') {
            return Err(UrlError);
        }
        let host_end = SCHEME.len() + host_length;
        let path_length = path.find(['?', '#']).unwrap_or(path.len());
        Ok(Self {
            text: text.to_owned(),
            host_end,
            path_end: host_end + path_length,
        })
    }
}

/// Python's idea of an address, which is narrower than e-mail's.
fn is_host(host: &str) -> bool {
    let Some((local, domain)) = host.split_once('@') else {
        return false;
    };
    let Some((first, rest)) = domain.split_once('.') else {
        return false;
    };
    let is_local = |c: u8| c.is_ascii_alphanumeric() || b"_.+-".contains(&c);
    let is_label = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    !local.is_empty()
        && local.bytes().all(is_local)
        && !first.is_empty()
        && first.bytes().all(is_label)
        && !rest.is_empty()
        && rest.bytes().all(|c| is_label(c) || c == b'.')
}

impl fmt::Display for SyftUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
