//! The access token of one token file, kept fresh for all its users.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use oauth2::{
    ClientId, ClientSecret, RefreshToken, TokenResponse as _, TokenUrl,
    basic::{BasicClient, BasicTokenResponse},
};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use syft_state::{Email, Timestamp};
use tokio::sync::Mutex;

use super::{Endpoints, exchange, token_file};
use crate::{
    error::{Error, Result},
    http::{Client, Failure},
};

/// A token is replaced when it has no more than this left, as google-auth does.
const REFRESH_BEFORE: Duration = Duration::from_secs(3 * 60 + 45);

/// The access token of one token file.
///
/// Share one of these among everything that uses the file: then it is refreshed once.
#[derive(Debug)]
pub struct Tokens {
    file: PathBuf,
    endpoints: Endpoints,
    client: Client,
    scopes: Vec<String>,
    saving: Saving,
    current: Mutex<Option<Arc<Bearer>>>,
}

/// Which tokens go into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Saving {
    Always,
    /// Only what would be lost otherwise: a refresh token in the place of the one before.
    IfReplaced,
}

/// An access token as it goes into a header.
#[derive(Debug)]
pub(super) struct Bearer {
    header: HeaderValue,
    token: SecretString,
    expiry: Timestamp,
}

impl Bearer {
    fn new(token: SecretString, expiry: Timestamp) -> Option<Self> {
        let mut header =
            HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
        header.set_sensitive(true);
        Some(Self {
            header,
            token,
            expiry,
        })
    }

    pub(super) fn header(&self) -> &HeaderValue {
        &self.header
    }

    pub(super) fn token(&self) -> &SecretString {
        &self.token
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.expiry > now.after(REFRESH_BEFORE)
    }

    fn is(&self, other: Option<&Self>) -> bool {
        other.is_some_and(|other| other.header == self.header)
    }
}

impl Tokens {
    /// Opens a token file; it is read now and again whenever its token has run out.
    ///
    /// Fails if the file is missing, cannot be read or does not hold what it should.
    pub fn open(client: &Client, endpoints: &Endpoints, file: &Path) -> Result<Arc<Self>> {
        Self::with(client, endpoints, file, Saving::Always)
    }

    /// Opens a token file to try it out, as [`Self::open`] does: new access tokens are not saved.
    ///
    /// A refresh token that the server gives in the place of the old one is saved all the same,
    /// because the old one may have ended with it.
    pub fn open_unsaved(client: &Client, endpoints: &Endpoints, file: &Path) -> Result<Arc<Self>> {
        Self::with(client, endpoints, file, Saving::IfReplaced)
    }

    fn with(
        client: &Client,
        endpoints: &Endpoints,
        file: &Path,
        saving: Saving,
    ) -> Result<Arc<Self>> {
        let stored = token_file::read(file)?;
        Ok(Arc::new(Self {
            file: file.to_owned(),
            endpoints: endpoints.clone(),
            client: client.clone(),
            current: Mutex::new(bearer(&stored).map(Arc::new)),
            scopes: stored.scopes,
            saving,
        }))
    }

    /// Returns the token file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the scopes that the file names; it need not name any.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Gets a new access token, whether or not the one before has run out, in one attempt.
    ///
    /// That is the proof that the file still opens the account: an access token may outlive the
    /// consent that it came from.
    pub async fn renew(&self) -> Result<()> {
        let stored = token_file::read(&self.file)?;
        let bearer = self.refresh(&stored).await;
        let bearer = bearer.map_err(|failure| failure.error)?;
        *self.current.lock().await = Some(Arc::new(bearer));
        Ok(())
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    pub(super) fn refresh_token(&self) -> Result<SecretString> {
        token_file::read(&self.file).map(|stored| stored.refresh_token)
    }

    /// Returns a token that is good for some minutes, and is not the `rejected` one.
    pub(super) async fn bearer(&self, rejected: Option<&Bearer>) -> Result<Arc<Bearer>, Failure> {
        // This lock is meant to be held while waiting: all others need the same answer.
        let mut current = self.current.lock().await;
        let good = |bearer: &Bearer| bearer.is_fresh(now()) && !bearer.is(rejected);
        if let Some(bearer) = current.as_ref().filter(|bearer| good(bearer)) {
            return Ok(bearer.clone());
        }
        let stored = token_file::read(&self.file).map_err(Failure::refused)?;
        // Another process may have refreshed the token meanwhile.
        let bearer = match bearer(&stored).filter(good) {
            Some(bearer) => bearer,
            None => self.refresh(&stored).await?,
        };
        let bearer = Arc::new(bearer);
        *current = Some(bearer.clone());
        Ok(bearer)
    }

    /// Returns what to say when even a new token is not accepted.
    pub(super) fn not_accepted(&self) -> Error {
        self.unauthenticated("the server does not accept the token: run `syft-notify init`")
    }

    /// Returns what to say about a token of another account.
    pub(super) fn belongs_to(&self, account: &Email, expected: &Email) -> Error {
        self.unauthenticated(format!(
            "it belongs to {account}, not to {expected}: run `syft-notify init`"
        ))
    }

    pub(super) fn unauthenticated(&self, reason: impl Into<String>) -> Error {
        Error::Unauthenticated {
            what: self.file.display().to_string(),
            reason: reason.into(),
        }
    }

    async fn refresh(&self, stored: &token_file::Stored) -> Result<Bearer, Failure> {
        let old = RefreshToken::new(stored.refresh_token.expose_secret().to_owned());
        let asked_at = now();
        let http = exchange::http(&self.client);
        // T28: no scope, or a token that several programs share would lose rights.
        let answer = BasicClient::new(ClientId::new(stored.client_id.clone()))
            .set_client_secret(ClientSecret::new(
                stored.client_secret.expose_secret().to_owned(),
            ))
            .set_token_uri(TokenUrl::from_url(self.endpoints.token.clone()))
            .set_auth_type(oauth2::AuthType::RequestBody)
            .exchange_refresh_token(&old)
            .request_async(&http)
            .await
            .map_err(|error| exchange::failure(&self.file.display().to_string(), error))?;
        let fresh = fresh(&answer, asked_at);
        let is_replaced = fresh
            .refresh_token
            .as_ref()
            .is_some_and(|token| token.expose_secret() != stored.refresh_token.expose_secret());
        let is_saved = self.saving == Saving::Always || is_replaced;
        if is_saved && let Err(error) = token_file::update(&self.file, &fresh) {
            // The token is good all the same, and the next start can refresh again.
            tracing::warn!(%error, "a refreshed token could not be saved");
        }
        Bearer::new(fresh.access_token, fresh.expiry).ok_or_else(|| {
            Failure::refused(exchange::garbled(
                "the access token is no text for a header",
            ))
        })
    }
}

/// Returns the tokens of an answer to a request that was made at `asked_at`.
pub(super) fn fresh(answer: &BasicTokenResponse, asked_at: Timestamp) -> token_file::Fresh {
    let lifetime = answer.expires_in().unwrap_or(Duration::from_secs(3600));
    token_file::Fresh {
        access_token: answer.access_token().secret().as_str().into(),
        expiry: asked_at.after(lifetime),
        refresh_token: answer
            .refresh_token()
            .map(|token| token.secret().as_str().into()),
    }
}

fn bearer(stored: &token_file::Stored) -> Option<Bearer> {
    Bearer::new(stored.access_token.clone()?, stored.expiry?)
}

#[expect(clippy::disallowed_methods, reason = "tokens end at a time of the day")]
pub(super) fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}

#[cfg(test)]
mod tests;
