//! Uses tokens once, which is the only proof that they work.

use std::path::Path;

use syft_monitor::connect;
use syft_state::Email;
use syft_transport::{
    Error, Promise,
    google::{
        Endpoints, Gmail, GoogleDrive, Identity, SCOPE_DRIVE, SCOPE_EMAIL, SCOPE_GMAIL_COMPOSE,
        SCOPE_GMAIL_SEND, Tokens,
    },
    http::{Budget, Client},
};

use crate::{
    commands::status,
    exit::{Exit, Failure, Outcome, chain},
    session,
};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Drive,
    Gmail { send_only: bool },
}

impl Use {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Drive => "Google Drive",
            Self::Gmail { .. } => "Gmail",
        }
    }

    pub(super) fn flag(self) -> &'static str {
        match self {
            Self::Drive => "--drive-token",
            Self::Gmail { .. } => "--gmail-token",
        }
    }

    pub(super) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Drive => &[SCOPE_DRIVE],
            // Without an identity nobody could tell whose token it is.
            Self::Gmail { send_only: true } => &[SCOPE_GMAIL_SEND, SCOPE_EMAIL],
            Self::Gmail { send_only: false } => &[SCOPE_GMAIL_COMPOSE],
        }
    }
}

/// Talks to Google, or to a server that speaks its protocols.
pub(super) struct Google {
    pub(super) client: Client,
    pub(super) endpoints: Endpoints,
}

impl Google {
    pub(super) fn at(endpoint: Option<&str>) -> Outcome<Self> {
        Ok(Self {
            client: connect::client(endpoint, session::extra_ca())?,
            endpoints: connect::endpoints(endpoint),
        })
    }

    /// Returns what was seen when the token was used, in words.
    pub(super) async fn try_token(
        &self,
        purpose: Use,
        file: &Path,
        account: &Email,
    ) -> Result<String, Error> {
        let tokens = Tokens::open(&self.client, &self.endpoints, file)?;
        match purpose {
            Use::Drive => {
                GoogleDrive::new(&tokens, Budget::DRIVE)
                    .check_account(account)
                    .await?;
                Ok(format!("Drive of {account}"))
            }
            Use::Gmail { .. } => {
                let gmail = Gmail::connect(&tokens, Budget::GMAIL).await?;
                let whose = match gmail.check_account(account).await? {
                    Identity::Verified => format!("of {account}"),
                    Identity::Unverified => "of an account that Google does not name".to_owned(),
                };
                let promise = syft_transport::Mailer::promise(&gmail);
                let more = match promise {
                    Promise::AtMostOnce => " (gmail.send alone allows no more)",
                    Promise::ExactlyOnce | Promise::AtLeastOnce => "",
                };
                Ok(format!(
                    "Gmail {whose}; mails arrive {}{more}",
                    status::promise(promise)
                ))
            }
        }
    }
}

/// Returns whether another token may do what this one could not.
pub(super) fn is_tokens_fault(error: &Error) -> bool {
    matches!(
        error,
        Error::Unauthenticated { .. } | Error::BadFile { .. } | Error::PermissionDenied { .. }
    )
}

/// Returns why a token cannot be used, without the advice to run what is running.
pub(in crate::commands) fn reason(error: &Error) -> String {
    let text = match error {
        Error::Unauthenticated { reason, .. } | Error::BadFile { reason, .. } => reason.clone(),
        error => chain(error),
    };
    let advice = text.find("run `syft-notify init`").unwrap_or(text.len());
    let cause = text[..advice].trim_end();
    let cause = cause.strip_suffix("and").unwrap_or(cause);
    cause.trim_end_matches([' ', ':', ';', ',']).to_owned()
}

/// Returns the failure that a token which must be used cannot be.
pub(super) fn refused(purpose: Use, file: &Path, error: Error) -> Failure {
    if !is_tokens_fault(&error) {
        return Failure::from(error);
    }
    Failure::new(
        Exit::LoginNeeded,
        format!(
            "the {} token {} cannot be used: {}",
            purpose.name(),
            file.display(),
            reason(&error)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: &str) {
        let error = Error::Unauthenticated {
            what: "token.json".to_owned(),
            reason: given.to_owned(),
        };
        assert_eq!(reason(&error), expected);
    }

    #[test]
    fn nobody_is_told_to_run_what_is_running() {
        check("it is gone: run `syft-notify init`", "it is gone");
        check(
            "it is gone; run `syft-notify init` to make a new one",
            "it is gone",
        );
        check("download it and run `syft-notify init`", "download it");
        check("it is gone", "it is gone");
    }
}
