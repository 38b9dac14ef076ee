//! Gmail, version 1: drafts where the token's scopes allow them.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::json;
use syft_state::Email;

use super::{
    SCOPE_GMAIL_COMPOSE, SCOPE_GMAIL_FULL, SCOPE_GMAIL_MODIFY, SCOPE_GMAIL_SEND, Tokens, api::Api,
    endpoints::below,
};
use crate::{
    error::{Error, Result},
    http::{Budget, Meter, Operation, Request, Usage},
    mail::{DraftId, Mail, MailId, Mailer, Promise},
    mime::to_mime,
};

const PROFILE: Operation = Operation::new("gmail.users.getProfile", 1);
const SEND: Operation = Operation::new("gmail.users.messages.send", 100);
const DRAFT_CREATE: Operation = Operation::new("gmail.users.drafts.create", 10);
const DRAFT_LIST: Operation = Operation::new("gmail.users.drafts.list", 5);
const DRAFT_SEND: Operation = Operation::new("gmail.users.drafts.send", 100);

/// Sends mail through Gmail.
pub struct Gmail {
    api: Api,
    gmail: Url,
    promise: Promise,
}

/// Whether a token is known to belong to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Google says so.
    Verified,
    /// The token's scopes do not let it see whose it is.
    Unverified,
}

impl Gmail {
    /// Uses a token file, within a budget; must be called within a tokio runtime.
    ///
    /// The token's scopes decide what is promised. They come from the file, and from Google
    /// where the file does not name any.
    pub async fn connect(tokens: &Arc<Tokens>, budget: Budget) -> Result<Self> {
        let mut scopes = tokens.scopes().to_vec();
        if scopes.is_empty() {
            scopes = tokens.info().await?.scopes;
        }
        let has = |any: &[&str]| scopes.iter().any(|scope| any.contains(&scope.as_str()));
        let promise = if has(&[SCOPE_GMAIL_COMPOSE, SCOPE_GMAIL_MODIFY, SCOPE_GMAIL_FULL]) {
            Promise::ExactlyOnce
        } else if has(&[SCOPE_GMAIL_SEND]) {
            Promise::AtMostOnce
        } else {
            return Err(tokens.unauthenticated(
                "its token cannot send mail: run `syft-notify init` and allow it",
            ));
        };
        Ok(Self {
            api: Api {
                client: tokens.client().clone(),
                tokens: tokens.clone(),
                meter: Arc::new(Meter::new(budget)),
            },
            gmail: tokens.endpoints().gmail.clone(),
            promise,
        })
    }

    /// Returns what the calls to Gmail have cost so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.api.meter.usage()
    }

    /// Makes sure that the token belongs to `expected`, as far as its scopes let us see that.
    ///
    /// A token of another account is [`Error::Unauthenticated`], which names the token file.
    pub async fn check_account(&self, expected: &Email) -> Result<Identity> {
        let account = if self.drafts() {
            Some(self.profile().await?)
        } else {
            // With `gmail.send` alone the profile is refused (notify.md §12.2).
            self.api.tokens.info().await?.account
        };
        match account {
            None => Ok(Identity::Unverified),
            Some(account) if account == *expected => Ok(Identity::Verified),
            Some(account) => Err(self.api.tokens.belongs_to(&account, expected)),
        }
    }

    async fn profile(&self) -> Result<Email> {
        let request = self.request(PROFILE, Method::GET, &["profile"]);
        let profile: Profile = self
            .api
            .json(&request.query(&[("fields", "emailAddress")]))
            .await?;
        profile.email_address.parse().map_err(|_| Error::Garbled {
            what: PROFILE.name.to_owned(),
            reason: "the account has no e-mail address".to_owned(),
        })
    }

    fn request(&self, operation: Operation, method: Method, path: &[&str]) -> Request {
        let path = [&["users", "me"], path].concat();
        Request::new(operation, method, below(&self.gmail, &path))
    }

    fn drafts(&self) -> bool {
        self.promise == Promise::ExactlyOnce
    }

    async fn send_draft(&self, draft: &DraftId) -> Result<MailId> {
        let request = self.request(DRAFT_SEND, Method::POST, &["drafts", "send"]);
        let request = request
            .query(&[("fields", "id")])
            .json(&json!({ "id": draft.as_str() }));
        match self.api.json::<Message>(&request).await {
            Ok(message) => Ok(MailId::new(message.id)),
            // Gmail deletes a draft when it sends it, so an earlier call has sent this one.
            Err(Error::NotFound { .. }) => Ok(MailId::new("")),
            Err(error) => Err(error),
        }
    }

    async fn send_once(&self, mail: &Mail) -> Result<MailId> {
        let request = self.request(SEND, Method::POST, &["messages", "send"]);
        let request = request
            .query(&[("fields", "id")])
            .json(&json!({ "raw": raw(mail) }));
        let message: Message = self.api.json(&request.only_if_refused()).await?;
        Ok(MailId::new(message.id))
    }
}

#[async_trait]
impl Mailer for Gmail {
    fn promise(&self) -> Promise {
        self.promise
    }

    async fn find_staged(&self, mail: &Mail) -> Result<Option<DraftId>> {
        if !self.drafts() {
            return Ok(None);
        }
        let search = format!("rfc822msgid:{}", mail.message_id);
        let query = [
            ("q", search.as_str()),
            ("maxResults", "1"),
            ("fields", "drafts(id)"),
        ];
        let request = self
            .request(DRAFT_LIST, Method::GET, &["drafts"])
            .query(&query);
        let list: Drafts = self.api.json(&request).await?;
        Ok(list
            .drafts
            .into_iter()
            .next()
            .map(|draft| DraftId::new(draft.id)))
    }

    async fn stage(&self, mail: &Mail) -> Result<Option<DraftId>> {
        if !self.drafts() {
            return Ok(None);
        }
        let body = json!({ "message": { "raw": raw(mail) } });
        let request = self.request(DRAFT_CREATE, Method::POST, &["drafts"]);
        let request = request
            .query(&[("fields", "id")])
            .json(&body)
            .only_if_refused();
        match self.api.json::<Draft>(&request).await {
            Ok(draft) => Ok(Some(DraftId::new(draft.id))),
            // A second draft would reach nobody, but clutter the account's folder of drafts.
            Err(Error::Ambiguous { what, reason }) => match self.find_staged(mail).await? {
                Some(draft) => Ok(Some(draft)),
                None => Err(Error::Unavailable {
                    what,
                    reason,
                    source: None,
                }),
            },
            Err(error) => Err(error),
        }
    }

    async fn send(&self, mail: &Mail, draft: Option<&DraftId>) -> Result<MailId> {
        match draft {
            Some(draft) => self.send_draft(draft).await,
            None => self.send_once(mail).await,
        }
    }
}

impl fmt::Debug for Gmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gmail")
            .field("gmail", &self.gmail.as_str())
            .field("promise", &self.promise)
            .finish_non_exhaustive()
    }
}

fn raw(mail: &Mail) -> String {
    URL_SAFE_NO_PAD.encode(to_mime(mail))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    email_address: String,
}

#[derive(Deserialize)]
struct Message {
    id: String,
}

#[derive(Deserialize)]
struct Draft {
    id: String,
}

#[derive(Deserialize)]
struct Drafts {
    #[serde(default)]
    drafts: Vec<Draft>,
}

#[cfg(test)]
mod tests;
