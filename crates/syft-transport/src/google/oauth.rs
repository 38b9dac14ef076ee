//! How a person lets us into their account, once.

mod client_file;
mod grant;
mod listener;
mod pasted;

use std::time::Duration;

use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope, TokenUrl, basic::BasicClient,
};
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use syft_state::Email;
use tokio::net::TcpListener;

use super::{Endpoints, exchange, tokens};
use crate::{
    error::{Error, Result},
    http::{Client, Repeat},
};

pub use client_file::OAuthClient;
pub use grant::Grant;

/// Nothing can listen there: the browser shows an error, and the address bar holds the code.
const PASTE: &str = "http://localhost:1";

/// A consent that was asked for and is not given yet.
///
/// Show [`Authorization::url`] to the person, then call [`Authorization::wait`] where the
/// browser runs on this machine, or [`Authorization::redeem`] with what the person pasted.
#[derive(Debug)]
pub struct Authorization {
    oauth_client: OAuthClient,
    endpoints: Endpoints,
    scopes: Vec<String>,
    url: Url,
    redirect: RedirectUrl,
    state: CsrfToken,
    verifier: SecretString,
    listener: Option<TcpListener>,
}

impl Authorization {
    /// Begins a consent that comes back to a free port of this machine.
    ///
    /// `account` is offered to the person as the one to choose.
    pub async fn begin(
        oauth_client: &OAuthClient,
        endpoints: &Endpoints,
        scopes: &[&str],
        account: Option<&Email>,
    ) -> Result<Self> {
        let bound = TcpListener::bind(("127.0.0.1", 0)).await;
        let address = bound.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = address.map_err(|error| Error::Unavailable {
            what: "a port on this machine".to_owned(),
            reason: "none can be opened: paste the code instead".to_owned(),
            source: Some(Box::new(error)),
        })?;
        let redirect = format!("http://{address}/");
        let mut this = Self::new(oauth_client, endpoints, scopes, account, &redirect);
        this.listener = Some(listener);
        Ok(this)
    }

    /// Begins a consent whose code the person pastes, as on a server over SSH.
    #[must_use]
    pub fn paste(
        oauth_client: &OAuthClient,
        endpoints: &Endpoints,
        scopes: &[&str],
        account: Option<&Email>,
    ) -> Self {
        Self::new(oauth_client, endpoints, scopes, account, PASTE)
    }

    fn new(
        oauth_client: &OAuthClient,
        endpoints: &Endpoints,
        scopes: &[&str],
        account: Option<&Email>,
        redirect: &str,
    ) -> Self {
        let redirect = RedirectUrl::new(redirect.to_owned()).expect("our addresses are URLs");
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = BasicClient::new(ClientId::new(oauth_client.id.clone()))
            .set_auth_uri(AuthUrl::from_url(endpoints.authorize.clone()))
            .set_redirect_uri(redirect.clone());
        let mut request = client
            .authorize_url(CsrfToken::new_random)
            .add_scopes(scopes.iter().map(|scope| Scope::new((*scope).to_owned())))
            // Without both, a second consent brings no refresh token (notify.md §12.2).
            .add_extra_param("access_type", "offline")
            .add_extra_param("prompt", "consent")
            .set_pkce_challenge(challenge);
        if let Some(account) = account {
            request = request.add_extra_param("login_hint", account.as_str());
        }
        let (url, state) = request.url();
        Self {
            oauth_client: oauth_client.clone(),
            endpoints: endpoints.clone(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            url,
            redirect,
            state,
            verifier: verifier.into_secret().into(),
            listener: None,
        }
    }

    /// Returns the page to open in a browser.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Waits until the browser comes back with the person's answer, but no longer than `limit`.
    ///
    /// One that was begun with [`Authorization::paste`] cannot come back:
    /// [`Error::Rejected`].
    pub async fn wait(&self, client: &Client, limit: Duration) -> Result<Grant> {
        let listener = self.listener.as_ref().ok_or_else(|| Error::Rejected {
            what: "waiting for the browser".to_owned(),
            reason: "this consent ends with a code to paste".to_owned(),
        })?;
        let code = listener::wait(listener, self.state.secret(), limit).await?;
        self.exchange(client, &code).await
    }

    /// Takes the code, or the whole address that the browser showed at the end.
    pub async fn redeem(&self, client: &Client, pasted: &str) -> Result<Grant> {
        let code = pasted::code(pasted, self.state.secret())?;
        self.exchange(client, &code).await
    }

    async fn exchange(&self, client: &Client, code: &SecretString) -> Result<Grant> {
        let asked_at = tokens::now();
        let secret = self.oauth_client.secret.expose_secret().to_owned();
        let oauth = BasicClient::new(ClientId::new(self.oauth_client.id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            .set_redirect_uri(self.redirect.clone())
            .set_token_uri(TokenUrl::from_url(self.endpoints.token.clone()))
            .set_auth_type(oauth2::AuthType::RequestBody);
        let http = exchange::http(client);
        let attempt = || async {
            let code = AuthorizationCode::new(code.expose_secret().to_owned());
            let verifier = PkceCodeVerifier::new(self.verifier.expose_secret().to_owned());
            let request = oauth.exchange_code(code).set_pkce_verifier(verifier);
            let answer = request.request_async(&http).await;
            answer.map_err(exchange::code_failure)
        };
        // A code can be used once, so it is sent again only if it did not arrive.
        let answer = client.retry().run(Repeat::OnlyIfRefused, attempt).await;
        let answer = answer.map_err(|failure| failure.error)?;
        let token_uri = self.endpoints.token.to_string();
        Grant::new(
            &self.oauth_client,
            &self.scopes,
            &answer,
            asked_at,
            token_uri,
        )
    }
}

#[cfg(test)]
mod tests;
