//! What can go wrong, as a message for the person and a code for the script.

use std::{error::Error, fmt, io, process::ExitCode};

use anstyle::{AnsiColor, Style};
use syft_rpc_events::{CallError, layout::AppNameError};

use crate::print;

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// How the program ends when it does not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Whoever read the output has read enough, as `head` does.
    Unheard = 0,
    Error = 1,
    /// What was asked for cannot be.
    Usage = 2,
    /// The answer is no success.
    Refused = 3,
    /// There is no answer.
    NoAnswer = 4,
    /// The relay did not carry the request.
    Rejected = 5,
}

/// Why the program ends, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// Takes an error with its causes.
    pub(crate) fn error(error: &dyn Error) -> Self {
        Self::new(Exit::Error, chain(error))
    }

    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self {
            exit,
            message: message.to_string(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says it on standard error and returns the code.
    pub(crate) fn report(self) -> ExitCode {
        if self.exit == Exit::Unheard {
            return ExitCode::SUCCESS;
        }
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let message = print::safe(&self.message);
        anstream::eprintln!("{red}error:{red:#} {message}");
        if let Some(hint) = &self.hint {
            anstream::eprintln!(" next: {}", print::safe(hint));
        }
        ExitCode::from(self.exit as u8)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::BrokenPipe => Exit::Unheard,
            _ => Exit::Error,
        };
        Self::new(exit, chain(&error))
    }
}

impl From<AppNameError> for Failure {
    fn from(error: AppNameError) -> Self {
        Self::new(Exit::Usage, chain(&error))
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let exit = match &error {
            CallError::BadAddress(_) => Exit::Usage,
            CallError::Refused(_) => Exit::Refused,
            CallError::Expired | CallError::Timeout | CallError::Gone => Exit::NoAnswer,
            CallError::Rejected => Exit::Rejected,
            _ => Exit::Error,
        };
        let failure = Self::new(exit, chain(&error));
        match &error {
            CallError::BadAddress(_) => {
                failure.hint("an endpoint is syft://EMAIL/app_data/APP/rpc/ENDPOINT")
            }
            _ => failure,
        }
    }
}

/// Returns an error with its causes in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
