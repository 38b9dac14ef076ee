use std::path::Path;

use oauth2::{TokenResponse as _, basic::BasicTokenResponse};
use syft_state::Timestamp;

use super::{
    super::{token_file, tokens},
    OAuthClient,
};
use crate::error::{Error, Result};

/// What a person has granted; nothing is kept until it is saved.
#[derive(Debug)]
pub struct Grant {
    stored: token_file::Stored,
    token_uri: String,
}

impl Grant {
    /// Fails if the grant cannot be refreshed, or holds less than was asked for.
    pub(super) fn new(
        client: &OAuthClient,
        asked: &[String],
        answer: &BasicTokenResponse,
        asked_at: Timestamp,
        token_uri: String,
    ) -> Result<Self> {
        let granted = match answer.scopes() {
            Some(scopes) => scopes.iter().map(|scope| scope.to_string()).collect(),
            None => asked.to_vec(),
        };
        let missing: Vec<&str> = asked
            .iter()
            .filter(|scope| !granted.contains(scope))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            return Err(Error::PermissionDenied {
                what: "the consent".to_owned(),
                reason: format!("not every box was ticked; missing: {}", missing.join(" ")),
            });
        }
        let fresh = tokens::fresh(answer, asked_at);
        let refresh_token = fresh.refresh_token.ok_or_else(|| Error::PermissionDenied {
            what: "the consent".to_owned(),
            reason: "Google gave no lasting token; remove the app's access at \
                     https://myaccount.google.com/permissions and try again"
                .to_owned(),
        })?;
        Ok(Self {
            stored: token_file::Stored {
                client_id: client.id.clone(),
                client_secret: client.secret.clone(),
                refresh_token,
                access_token: Some(fresh.access_token),
                expiry: Some(fresh.expiry),
                scopes: granted,
            },
            token_uri,
        })
    }

    /// Returns the granted scopes.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.stored.scopes
    }

    /// Writes a token file that only its owner can read; an older one is replaced.
    pub fn save(&self, path: &Path) -> Result<()> {
        token_file::create(path, &self.stored, &self.token_uri)
    }
}
