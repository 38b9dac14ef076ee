//! Exit codes, mapped in one place.

use std::{error::Error, fmt, process::ExitCode};

use crate::term;

/// How the program ends when it does not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Error = 1,
    /// Also what clap ends with.
    Usage = 2,
    NotRunning = 3,
    Running = 4,
    Unauthenticated = 5,
    Partial = 6,
}

impl Exit {
    const ALL: [Self; 6] = [
        Self::Error,
        Self::Usage,
        Self::NotRunning,
        Self::Running,
        Self::Unauthenticated,
        Self::Partial,
    ];

    /// Returns what another process of this program meant by its code.
    pub(crate) fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| *exit as u8 == code)
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

impl From<syft_daemon::Error> for Failure {
    fn from(error: syft_daemon::Error) -> Self {
        let exit = match error {
            syft_daemon::Error::Running(_) => Exit::Running,
            _ => Exit::Error,
        };
        Self::new(exit, chain(&error))
    }
}

impl From<syft_jobs::Error> for Failure {
    fn from(error: syft_jobs::Error) -> Self {
        let exit = match error {
            syft_jobs::Error::InvalidId(_) => Exit::Usage,
            _ => Exit::Error,
        };
        Self::new(exit, chain(&error))
    }
}

/// Returns an error with its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
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
