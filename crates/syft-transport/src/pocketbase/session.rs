//! Who we are there: login, refresh and the second look at a token.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::Mutex, time::Instant};

use super::{Generation, Options, call::Core, detect, token::Token};
use crate::{
    error::{Error, Result},
    http::{Answer, Failure, Operation},
};

const LOGIN: Operation = Operation::new("the login", 0);
const REFRESH: Operation = Operation::new("the renewal of the login", 0);
/// After a refusal the password is not tried for so long: servers count these.
const AFTER_REFUSAL: Duration = Duration::from_secs(60);

/// The login of one account.
#[derive(Debug)]
pub(super) struct Session {
    account: Option<Account>,
    collection: Option<String>,
    state: Mutex<State>,
}

struct Account {
    identity: String,
    password: SecretString,
}

#[derive(Debug, Default)]
struct State {
    generation: Option<Generation>,
    token: Option<Arc<Token>>,
    refused_at: Option<Instant>,
}

#[derive(Deserialize)]
struct Granted {
    token: String,
}

impl Session {
    pub(super) fn new(options: &Options) -> Result<Self> {
        let account = match (&options.identity, &options.password) {
            (Some(identity), Some(password)) => Some(Account {
                identity: identity.clone(),
                password: password.clone(),
            }),
            (None, None) => None,
            _ => {
                return Err(Error::Rejected {
                    what: "the PocketBase account".to_owned(),
                    reason: "it needs both an e-mail address and a password".to_owned(),
                });
            }
        };
        Ok(Self {
            account,
            collection: options.auth_collection.clone(),
            state: Mutex::default(),
        })
    }

    /// Returns a token that is good for some minutes; `None` for a guest.
    pub(super) async fn token(&self, core: &Core) -> Result<Option<Arc<Token>>, Failure> {
        if self.account.is_none() {
            return Ok(None);
        }
        // This lock is meant to be held while waiting: all others need the same answer.
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) if !token.is_due(Instant::now()) => Ok(Some(token.clone())),
            Some(token) => {
                let old = token.clone();
                self.renewed(core, &mut state, &old).await.map(Some)
            }
            None => self.logged_in(core, &mut state).await.map(Some),
        }
    }

    /// Returns another token if this one turns out to be no longer good, and `None` if it is.
    ///
    /// Callers who doubt the same token at once share what one of them finds out.
    pub(super) async fn doubt(
        &self,
        core: &Core,
        doubted: &Token,
    ) -> Result<Option<Arc<Token>>, Failure> {
        let mut state = self.state.lock().await;
        if let Some(token) = state
            .token
            .as_ref()
            .filter(|token| token.header != doubted.header)
        {
            return Ok(Some(token.clone()));
        }
        match self.refresh(core, &mut state, doubted).await? {
            // What the guest was told was meant for us. The fresh token is kept for the next.
            Some(token) => {
                state.token = Some(token);
                Ok(None)
            }
            None => self.logged_in(core, &mut state).await.map(Some),
        }
    }

    /// Logs in by the password, even if it was refused a moment ago.
    pub(super) async fn login(&self, core: &Core) -> Result<(), Failure> {
        let mut state = self.state.lock().await;
        state.refused_at = None;
        if self.account.is_some() {
            self.logged_in(core, &mut state).await?;
        }
        Ok(())
    }

    async fn renewed(
        &self,
        core: &Core,
        state: &mut State,
        old: &Token,
    ) -> Result<Arc<Token>, Failure> {
        match self.refresh(core, state, old).await? {
            Some(token) => {
                state.token = Some(token.clone());
                Ok(token)
            }
            None => self.logged_in(core, state).await,
        }
    }

    /// Returns a fresh token for an old one, or `None` if the old one is not good any more.
    async fn refresh(
        &self,
        core: &Core,
        state: &mut State,
        old: &Token,
    ) -> Result<Option<Arc<Token>>, Failure> {
        let generation = self.generation(core, state).await?;
        let path = self.path(generation, "auth-refresh");
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let request = core.request(REFRESH, Method::POST, &path);
        let answer = core.exchange(&request, Some(&old.header)).await?;
        match answer.status {
            // A server of the other generation answers 404: the login looks again which it is.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(None),
            _ => granted(&super::answer::check(REFRESH.name, answer)?).map(Some),
        }
    }

    async fn logged_in(&self, core: &Core, state: &mut State) -> Result<Arc<Token>, Failure> {
        let now = Instant::now();
        if state.refused_at.is_some_and(|at| now < at + AFTER_REFUSAL) {
            return Err(self.refusal(core));
        }
        state.token = None;
        let known = state.generation.is_some();
        let mut answer = self.ask(core, state).await?;
        if answer.status == StatusCode::NOT_FOUND && known {
            state.generation = None;
            answer = self.ask(core, state).await?;
        }
        match answer.status {
            // 0.22 answers 404 where there is no such auth collection, 0.23 too; a wrong
            // password is a 400 in both.
            StatusCode::NOT_FOUND => Err(self.no_collection(core)),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                state.refused_at = Some(Instant::now());
                Err(self.refusal(core))
            }
            _ => {
                let token = granted(&super::answer::check(LOGIN.name, answer)?)?;
                state.refused_at = None;
                state.token = Some(token.clone());
                Ok(token)
            }
        }
    }

    async fn ask(&self, core: &Core, state: &mut State) -> Result<Answer, Failure> {
        let account = self.account.as_ref().expect("guests do not log in");
        let generation = self.generation(core, state).await?;
        let path = self.path(generation, "auth-with-password");
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let request = core.request(LOGIN, Method::POST, &path).json(&json!({
            "identity": account.identity,
            "password": account.password.expose_secret(),
        }));
        core.exchange(&request, None).await
    }

    /// Returns the generation as it was found out; an ordinary collection needs none.
    async fn generation(&self, core: &Core, state: &mut State) -> Result<Generation, Failure> {
        if let Some(generation) = state.generation {
            return Ok(generation);
        }
        if self.collection.is_some() {
            return Ok(Generation::Current);
        }
        let generation = detect::generation(core).await?;
        state.generation = Some(generation);
        Ok(generation)
    }

    fn path(&self, generation: Generation, call: &str) -> Vec<String> {
        let collection = self.collection.as_deref();
        match (collection, generation) {
            (None, Generation::Legacy) => vec!["admins".to_owned(), call.to_owned()],
            (collection, _) => vec![
                "collections".to_owned(),
                collection.unwrap_or("_superusers").to_owned(),
                call.to_owned(),
            ],
        }
    }

    fn refusal(&self, core: &Core) -> Failure {
        let kind = match &self.collection {
            Some(collection) => format!("member of `{collection}`"),
            None => "superuser or admin".to_owned(),
        };
        Failure::refused(Error::Unauthenticated {
            what: format!("the account at {}", core.place),
            reason: format!("the server knows no {kind} of this e-mail address and password"),
        })
    }

    fn no_collection(&self, core: &Core) -> Failure {
        let collection = self.collection.as_deref().unwrap_or("_superusers");
        Failure::refused(Error::Unauthenticated {
            what: format!("the account at {}", core.place),
            reason: format!("the server has no auth collection `{collection}`"),
        })
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").finish_non_exhaustive()
    }
}

fn granted(answer: &Answer) -> Result<Arc<Token>, Failure> {
    let granted: Granted = answer.json(LOGIN.name)?;
    let token = Token::new(&granted.token, &answer.headers, Instant::now());
    let token = token.ok_or_else(|| {
        Failure::refused(Error::Garbled {
            what: LOGIN.name.to_owned(),
            reason: "its token is no text for a header".to_owned(),
        })
    })?;
    Ok(Arc::new(token))
}
