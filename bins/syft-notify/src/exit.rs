//! Exit codes, mapped in one place.

use std::{fmt, process::ExitCode};

use syft_monitor::config::ConfigError;
pub(crate) use syft_monitor::error::chain;

use crate::term;

/// How the program ends when it does not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Error = 1,
    NotRunning = 3,
    LoginNeeded = 4,
    Unavailable = 5,
    DeadLetters = 6,
}

impl Exit {
    /// Returns what another process of this program meant by its code.
    pub(crate) fn of(code: u8) -> Option<Self> {
        let all = [
            Self::Error,
            Self::NotRunning,
            Self::LoginNeeded,
            Self::Unavailable,
            Self::DeadLetters,
        ];
        all.into_iter().find(|exit| *exit as u8 == code)
    }
}

/// A message for the person at the terminal, and the code for the script.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            exit,
            message: message.to_string(),
            hint: None,
        }
    }

    pub(crate) fn error(message: impl fmt::Display) -> Self {
        Self::new(Exit::Error, message)
    }

    /// Ends with a code and without a message, which has been said already.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::error(format!("config error: {error}"))
    }
}

impl From<&syft_monitor::Error> for Failure {
    fn from(error: &syft_monitor::Error) -> Self {
        match error {
            syft_monitor::Error::Ledger(error) => error.into(),
            error => Self::error(chain(error)),
        }
    }
}

impl From<syft_monitor::Error> for Failure {
    fn from(error: syft_monitor::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&syft_state::ledger::Error> for Failure {
    fn from(error: &syft_state::ledger::Error) -> Self {
        let failure = Self::error(chain(error));
        match error {
            syft_state::Error::Corrupt {
                backup: Some(_), ..
            } => failure.hint("syft-notify state restore"),
            _ => failure,
        }
    }
}

impl From<syft_state::ledger::Error> for Failure {
    fn from(error: syft_state::ledger::Error) -> Self {
        Self::from(&error)
    }
}

impl From<syft_daemon::Error> for Failure {
    fn from(error: syft_daemon::Error) -> Self {
        Self::error(chain(&error))
    }
}

impl From<syft_transport::Error> for Failure {
    fn from(error: syft_transport::Error) -> Self {
        let exit = match &error {
            syft_transport::Error::Unauthenticated { .. } => Exit::LoginNeeded,
            error if error.is_transient() => Exit::Unavailable,
            _ => Exit::Error,
        };
        Self::new(exit, chain(&error))
    }
}

/// Prints the failure, if there is one, and returns the code.
pub(crate) fn report(outcome: Outcome) -> ExitCode {
    let outcome = outcome.and_then(|()| match term::lost() {
        None => Ok(()),
        Some(error) => Err(Failure::error(format!(
            "cannot write to standard output: {error}"
        ))),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                term::error(&failure.message, failure.hint.as_deref());
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}
