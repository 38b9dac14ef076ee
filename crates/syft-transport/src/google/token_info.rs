//! What Google says about a token.

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use syft_state::Email;
use url::form_urlencoded;

use super::Tokens;
use crate::{
    error::Result,
    http::{Operation, Repeat, Request, check},
};

const TOKEN_INFO: Operation = Operation::new("oauth2.tokeninfo", 0);

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
        let attempt = || async {
            let bearer = self.bearer(None).await?;
            // In the body, because addresses end up in logs.
            let body = form_urlencoded::Serializer::new(String::new())
                .append_pair("access_token", bearer.token().expose_secret())
                .finish();
            let url = self.endpoints().token_info.clone();
            let request = Request::new(TOKEN_INFO, Method::POST, url)
                .body("application/x-www-form-urlencoded", body);
            let answer = self.client().send(&request, None).await?.collect().await?;
            check(TOKEN_INFO.name, answer)?.json::<Answer>(TOKEN_INFO.name)
        };
        let answer = self.client().retry().run(Repeat::Safe, attempt).await;
        let answer = answer.map_err(|failure| failure.error)?;
        Ok(TokenInfo {
            scopes: answer.scope.split_whitespace().map(str::to_owned).collect(),
            account: answer.email.and_then(|email| email.parse().ok()),
        })
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    scope: String,
    email: Option<String>,
}
