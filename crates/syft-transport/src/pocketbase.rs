//! PocketBase, both generations of its API: the one up to 0.22 and the one from 0.23 on.
//!
//! A [`Client`] logs in when it has to, as a superuser (an "admin" of old) or as a member of an
//! ordinary auth collection, and keeps its token fresh. Which generation answers is found out by
//! looking, and looked at again when what was found no longer fits.
//!
//! ```no_run
//! # async fn f() -> syft_transport::Result<()> {
//! use syft_transport::pocketbase::{Client, Filter, List, Options};
//!
//! let mut options = Options::new("http://127.0.0.1:8090".parse().expect("it is a URL"));
//! options.identity = Some("daemon@example.com".to_owned());
//! options.password = Some("correct horse".into());
//! let client = Client::new(options)?;
//! let enabled = Filter::is("enabled", true)?;
//! for record in client.list("sync_jobs", &List::of(enabled)).await? {
//!     println!("{}", record["name"]);
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod breaker;
mod call;
mod detect;
mod filter;
mod many;
mod options;
mod realtime;
mod records;
mod schema;
mod session;
mod token;

use std::{fmt, sync::Arc};

use reqwest::Url;
use serde_json::{Map, Value};

use self::{call::Core, session::Session};
use crate::{error::Result, webhook::origin};

pub use filter::Filter;
pub use many::Unsent;
pub use options::{Call, Observer, Options};
pub use realtime::{Action, Notice, Realtime};
pub use records::List;
pub use schema::{CollectionSpec, Ensured, FieldKind, FieldSpec, IndexSpec};

/// A record as the server gives it, with its `id` among its fields.
pub type Record = Map<String, Value>;

/// Which API a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Up to 0.22: admins are apart from collections, no batches.
    Legacy,
    /// From 0.23 on: superusers are a collection, batches where they are allowed.
    Current,
}

/// One account's way to one PocketBase; clones share the login and the connections.
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
}

impl Client {
    /// Prepares to call a server; nothing is connected yet.
    ///
    /// # Errors
    /// [`Rejected`](crate::Error::Rejected) for an address that is neither `http` nor `https`,
    /// or an account without a password.
    pub fn new(options: Options) -> Result<Self> {
        let session = Session::new(&options)?;
        let core = Core::new(options, session)?;
        Ok(Self {
            core: Arc::new(core),
        })
    }

    /// Returns the address without what could be secret in it, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        origin(self.url())
    }

    /// Returns the address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.core.root
    }

    /// Checks that the server answers and is well; needs no account.
    ///
    /// # Errors
    /// As for every call; [`Garbled`](crate::Error::Garbled) where something else than
    /// PocketBase answers.
    pub async fn health(&self) -> Result<()> {
        self.core
            .repeated(async || detect::health(&self.core).await)
            .await
    }

    /// Finds out which API the server speaks, anew.
    ///
    /// # Errors
    /// As for [`Self::health`].
    pub async fn generation(&self) -> Result<Generation> {
        self.core
            .repeated(async || detect::generation(&self.core).await)
            .await
    }

    /// Logs in, whether or not there is a token already.
    ///
    /// # Errors
    /// [`Unauthenticated`](crate::Error::Unauthenticated) where the server knows no such account
    /// or the password is another.
    pub async fn login(&self) -> Result<()> {
        let login = async || self.core.session.login(&self.core).await;
        self.core.repeated(login).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

impl Generation {
    /// Returns how people call it: by the versions that speak it.
    #[must_use]
    pub fn versions(self) -> &'static str {
        match self {
            Self::Legacy => "0.22 or older",
            Self::Current => "0.23 or newer",
        }
    }
}

/// Returns whether a text can be a record's id, and thus a part of an address.
#[must_use]
pub fn is_record_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=100).contains(&text.len()) && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests;
