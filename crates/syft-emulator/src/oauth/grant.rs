//! Grants, with the codes and tokens that stand for them.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Life of an access token.
pub(crate) const TOKEN_LIFE: TimeDelta = TimeDelta::seconds(3600);
/// Life of an authorisation code.
const CODE_LIFE: TimeDelta = TimeDelta::minutes(10);
/// Living refresh tokens per client and account; a further one retires the oldest, as at Google.
const MAX_GRANTS: usize = 100;

/// What one account granted to one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// The account's key.
    pub(crate) account: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) issued: DateTime<Utc>,
    /// After this moment the refresh token is refused, as in Google's "Testing" status.
    pub(crate) refresh_expires: Option<DateTime<Utc>>,
}

/// A code on its way to the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) redirect_uri: String,
    /// Challenge and method (`S256` or `plain`) of PKCE.
    pub(crate) challenge: Option<(String, String)>,
    pub(crate) offline: bool,
    expires: DateTime<Utc>,
}

/// A living access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) account: String,
    pub(crate) client_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: DateTime<Utc>,
    /// The refresh token it came from, if any.
    refresh_token: Option<String>,
}

/// All codes and tokens.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    /// By refresh token.
    refresh: BTreeMap<String, Grant>,
    access: BTreeMap<String, AccessToken>,
    codes: BTreeMap<String, Code>,
}

impl Grants {
    /// Makes a code that stands for `grant` until it is used or ten minutes old.
    pub(crate) fn issue_code(
        &mut self,
        grant: Grant,
        redirect_uri: String,
        challenge: Option<(String, String)>,
        offline: bool,
        now: DateTime<Utc>,
    ) -> String {
        self.codes.retain(|_, code| now < code.expires);
        let code = format!("4/0{}", random_text());
        let expires = now + CODE_LIFE;
        self.codes.insert(
            code.clone(),
            Code {
                grant,
                redirect_uri,
                challenge,
                offline,
                expires,
            },
        );
        code
    }

    /// Returns what a code stands for; it works once.
    pub(crate) fn take_code(&mut self, code: &str, now: DateTime<Utc>) -> Option<Code> {
        self.codes.remove(code).filter(|code| now < code.expires)
    }

    /// Makes a refresh token.
    pub(crate) fn issue_refresh(&mut self, grant: Grant) -> String {
        let same =
            |other: &Grant| other.client_id == grant.client_id && other.account == grant.account;
        if self.refresh.values().filter(|other| same(other)).count() >= MAX_GRANTS {
            let mine = self.refresh.iter().filter(|(_, other)| same(other));
            let oldest = mine.min_by_key(|(_, other)| other.issued);
            if let Some(token) = oldest.map(|(token, _)| token.clone()) {
                self.drop_refresh(&token);
            }
        }
        let token = format!("1//0{}", random_text());
        self.refresh.insert(token.clone(), grant);
        token
    }

    /// Makes an access token with some of the scopes of `grant`.
    pub(crate) fn issue_access(
        &mut self,
        grant: &Grant,
        scopes: Vec<String>,
        refresh_token: Option<&str>,
        now: DateTime<Utc>,
    ) -> String {
        self.access.retain(|_, token| now < token.expires);
        let token = format!("ya29.{}", random_text());
        let access = AccessToken {
            account: grant.account.clone(),
            client_id: grant.client_id.clone(),
            scopes,
            expires: now + TOKEN_LIFE,
            refresh_token: refresh_token.map(str::to_owned),
        };
        self.access.insert(token.clone(), access);
        token
    }

    /// Returns the grant behind a refresh token that is neither revoked nor expired.
    pub(crate) fn grant(&self, refresh_token: &str, now: DateTime<Utc>) -> Option<&Grant> {
        let grant = self.refresh.get(refresh_token)?;
        grant
            .refresh_expires
            .is_none_or(|end| now < end)
            .then_some(grant)
    }

    /// Returns whether the account already let this client in.
    pub(crate) fn knows(&self, client_id: &str, account: &str) -> bool {
        let mut grants = self.refresh.values();
        grants.any(|grant| grant.client_id == client_id && grant.account == account)
    }

    /// Returns a living access token.
    pub(crate) fn access(&self, token: &str, now: DateTime<Utc>) -> Option<&AccessToken> {
        self.access.get(token).filter(|found| now < found.expires)
    }

    /// Ends all that an account granted to the client behind `token`; false for an unknown token.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let found = match (self.refresh.get(token), self.access.get(token)) {
            (Some(grant), _) => (grant.client_id.clone(), grant.account.clone()),
            (None, Some(access)) => (access.client_id.clone(), access.account.clone()),
            (None, None) => return false,
        };
        self.refresh
            .retain(|_, grant| (&grant.client_id, &grant.account) != (&found.0, &found.1));
        self.access
            .retain(|_, token| (&token.client_id, &token.account) != (&found.0, &found.1));
        true
    }

    /// Ends all that an account granted to anyone; returns how many refresh tokens that ended.
    pub(crate) fn revoke_account(&mut self, account: &str) -> usize {
        let before = self.refresh.len();
        self.refresh.retain(|_, grant| grant.account != account);
        self.access.retain(|_, token| token.account != account);
        self.codes.retain(|_, code| code.grant.account != account);
        before - self.refresh.len()
    }

    fn drop_refresh(&mut self, token: &str) {
        self.refresh.remove(token);
        self.access
            .retain(|_, access| access.refresh_token.as_deref() != Some(token));
    }
}

/// Returns the token file that Python's google-auth calls `authorized_user`.
pub(crate) fn authorized_user(
    grant: &Grant,
    client_secret: &str,
    access_token: &str,
    refresh_token: &str,
    expiry: DateTime<Utc>,
) -> Value {
    json!({
        "token": access_token,
        "refresh_token": refresh_token,
        "token_uri": "https://oauth2.googleapis.com/token",
        "client_id": grant.client_id,
        "client_secret": client_secret,
        "scopes": grant.scopes,
        "universe_domain": "googleapis.com",
        "account": "",
        "expiry": expiry.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
    })
}

/// Returns 43 letters that nobody can guess.
pub(crate) fn random_text() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}
