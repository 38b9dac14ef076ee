//! Asks Google about the tokens, the Drive and the time; no token is saved, and no mail sent.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use syft_monitor::connect;
use syft_state::Email;
use syft_transport::{
    Error,
    google::{Endpoints, Gmail, GoogleDrive, Identity, Tokens},
    http::{Budget, Client, Options, Proxies, Retry},
};
use tokio::time::Instant;

use super::{
    clock, drive,
    tokens::{Facts, Purpose, Tried},
};
use crate::{
    commands::{init::tokens::reason, status::now},
    exit::chain,
};

const CONNECT: Duration = Duration::from_secs(4);
const CALL: Duration = Duration::from_secs(6);

/// A server that speaks Google's protocols, asked once and without patience.
pub(super) struct Google {
    client: Client,
    endpoints: Endpoints,
}

/// Returns connections that give up soon; no proxy leads to a server on this machine.
pub(super) fn client(is_here: bool, extra_ca: Option<PathBuf>) -> Result<Client, Error> {
    Client::new(Options {
        extra_roots: extra_ca.into_iter().collect(),
        proxies: if is_here {
            Proxies::Never
        } else {
            Proxies::System
        },
        connect_timeout: CONNECT,
        idle_timeout: CALL,
        call_timeout: CALL,
        retry: Retry {
            repeats: 0,
            ..Retry::default()
        },
        ..Options::default()
    })
}

impl Google {
    pub(super) fn new(endpoint: Option<&str>, extra_ca: Option<PathBuf>) -> Result<Self, Error> {
        let is_plain = endpoint.is_some_and(|endpoint| endpoint.starts_with("http:"));
        Ok(Self {
            client: client(is_plain, extra_ca)?,
            endpoints: connect::endpoints(endpoint),
        })
    }

    /// Returns by how many seconds our clock is ahead of Google's.
    pub(super) async fn ahead(&self) -> Option<i64> {
        let asked = now();
        let server = self.client.server_time(&self.endpoints.token).await;
        Some(clock::ahead(asked, server.ok()??, now()))
    }

    pub(super) async fn drive(&self, path: &Path, owner: &Email) -> (Facts, Option<drive::Facts>) {
        let (tried, drive) = match self.renewed(path).await {
            Err(tried) => (tried, None),
            Ok(tokens) => self.try_drive(&tokens, owner).await,
        };
        (facts(Purpose::Drive, path, tried), drive)
    }

    async fn try_drive(
        &self,
        tokens: &Arc<Tokens>,
        owner: &Email,
    ) -> (Tried, Option<drive::Facts>) {
        let drive = GoogleDrive::new(tokens, Budget::DRIVE);
        let began = Instant::now();
        let account = async {
            let account = drive.check_account(owner).await;
            (account, began.elapsed())
        };
        let ((account, took), folders, scopes) =
            tokio::join!(account, drive::list(&drive, owner), scopes(tokens));
        let account = match account {
            Ok(()) => Some(owner.clone()),
            // The missing scope says more.
            Err(Error::PermissionDenied { reason, .. }) if is_about_scopes(&reason) => None,
            Err(error) => return (answer(&error), None),
        };
        let about = account.is_some().then(|| drive::Facts {
            place: "Google Drive".to_owned(),
            took,
            folders: folders.map_err(|error| chain(&error)),
        });
        (Tried::Accepted { scopes, account }, about)
    }

    pub(super) async fn gmail(&self, path: &Path, owner: &Email) -> Facts {
        let tried = match self.renewed(path).await {
            Err(tried) => tried,
            Ok(tokens) => try_gmail(&tokens, owner).await,
        };
        facts(Purpose::Gmail, path, tried)
    }

    /// Opens a token file and gets a new access token with it, which is the proof that it can.
    async fn renewed(&self, path: &Path) -> Result<Arc<Tokens>, Tried> {
        let tokens = Tokens::open_unsaved(&self.client, &self.endpoints, path);
        let tokens = tokens.map_err(|error| file(&error))?;
        tokens.renew().await.map_err(|error| answer(&error))?;
        Ok(tokens)
    }
}

async fn try_gmail(tokens: &Arc<Tokens>, owner: &Email) -> Tried {
    let account = async {
        let gmail = Gmail::connect(tokens, Budget::GMAIL).await?;
        gmail.check_account(owner).await
    };
    let (account, scopes) = tokio::join!(account, scopes(tokens));
    let account = match account {
        Ok(Identity::Verified) => Some(owner.clone()),
        Ok(Identity::Unverified) => None,
        Err(Error::PermissionDenied { reason, .. }) if is_about_scopes(&reason) => None,
        Err(Error::Unauthenticated { reason, .. }) if reason.contains("cannot send mail") => None,
        Err(error) => return answer(&error),
    };
    Tried::Accepted { scopes, account }
}

/// Returns what Google says that the token may do, or else what the file says.
async fn scopes(tokens: &Tokens) -> Vec<String> {
    match tokens.info().await {
        Ok(info) => info.scopes,
        Err(_) => tokens.scopes().to_vec(),
    }
}

/// Looks at a token file without asking anybody.
pub(super) fn look(purpose: Purpose, path: &Path) -> Facts {
    // Nothing is connected by opening.
    let tried = match Google::new(None, None) {
        Err(error) => Tried::Unanswered(chain(&error)),
        Ok(google) => match Tokens::open_unsaved(&google.client, &google.endpoints, path) {
            Ok(_) => Tried::NotAsked,
            Err(error) => file(&error),
        },
    };
    facts(purpose, path, tried)
}

fn facts(purpose: Purpose, path: &Path, tried: Tried) -> Facts {
    Facts {
        purpose,
        path: path.to_owned(),
        tried,
    }
}

/// Says what a failure to open a token file means.
fn file(error: &Error) -> Tried {
    match error {
        Error::Unauthenticated { .. } => Tried::Missing,
        Error::BadFile { .. } => Tried::Damaged(reason(error)),
        error => Tried::Unreadable(chain(error)),
    }
}

/// Says what a failed call means for a token.
fn answer(error: &Error) -> Tried {
    match error {
        Error::Unauthenticated { .. } => Tried::Refused(reason(error)),
        Error::BadFile { .. } => Tried::Damaged(reason(error)),
        // The causes below it say the same in other words.
        error => Tried::Unanswered(error.to_string()),
    }
}

fn is_about_scopes(reason: &str) -> bool {
    let words = ["insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"];
    words.iter().any(|word| reason.contains(word))
}
