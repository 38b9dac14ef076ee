//! What Google says about a token, and giving one back.

use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use syft_state::Email;
use url::form_urlencoded;

use super::Tokens;
use crate::{
    error::Result,
    http::{Answer, Failure, Operation, Repeat, Request, check},
};

const TOKEN_INFO: Operation = Operation::new("oauth2.tokeninfo", 0);
const REVOKE: Operation = Operation::new("oauth2.revoke", 0);

/// What Google says about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenInfo {
    /// What the token is good for.
    pub scopes: Vec<String>,
    /// Whose it is; told only if the token may see the account's e-mail address.
    pub account: Option<Email>,
}

impl Tokens {
    /// Asks Google what this token is good for and whose it is.
    pub async fn info(&self) -> Result<TokenInfo> {
        let ask = async |token: &SecretString| {
            let url = &self.endpoints().token_info;
            self.post(TOKEN_INFO, url, "access_token", token).await
        };
        let attempt = || async {
            let bearer = self.bearer(None).await?;
            let mut answer = ask(bearer.token()).await?;
            // This is what Google answers here where others answer 401.
            if answer.status == StatusCode::BAD_REQUEST {
                let bearer = self.bearer(Some(&bearer)).await?;
                answer = ask(bearer.token()).await?;
            }
            check(TOKEN_INFO.name, answer)?.json::<Description>(TOKEN_INFO.name)
        };
        let answer = self.client().retry().run(Repeat::Safe, attempt).await;
        let answer = answer.map_err(|failure| failure.error)?;
        Ok(TokenInfo {
            scopes: answer.scope.split_whitespace().map(str::to_owned).collect(),
            account: answer.email.and_then(|email| email.parse().ok()),
        })
    }

    /// Gives the token back: Google takes away all that this account has granted to the OAuth
    /// client, tokens in other files included.
    pub async fn revoke(&self) -> Result<()> {
        let attempt = || async {
            let token = self.refresh_token().map_err(Failure::refused)?;
            let url = &self.endpoints().revoke;
            let answer = self.post(REVOKE, url, "token", &token).await?;
            check(REVOKE.name, answer).map(drop)
        };
        let result = self.client().retry().run(Repeat::Safe, attempt).await;
        result.map_err(|failure| failure.error)
    }

    /// Sends a token in a body, because addresses end up in logs.
    async fn post(
        &self,
        operation: Operation,
        url: &Url,
        name: &str,
        token: &SecretString,
    ) -> Result<Answer, Failure> {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair(name, token.expose_secret())
            .finish();
        let request = Request::new(operation, Method::POST, url.clone())
            .body("application/x-www-form-urlencoded", body);
        self.client().send(&request, None).await?.collect().await
    }
}

#[derive(Deserialize)]
struct Description {
    #[serde(default)]
    scope: String,
    email: Option<String>,
}
