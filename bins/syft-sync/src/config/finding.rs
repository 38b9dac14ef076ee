//! What is wrong with a config, or should be known about it.

use std::{fmt, path::Path};

use super::place::Origin;

/// Something to be known about a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// A lower-case fragment.
    pub(crate) message: String,
    /// What it is about.
    pub(crate) origin: Origin,
    /// What to do, where that is known.
    pub(crate) help: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Good to know.
    Note,
    /// It works, and is hardly what was meant.
    Warning,
    /// Such a config is not used.
    Error,
}

/// Gathers findings.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn error(&mut self, origin: &Origin, message: impl fmt::Display) -> &mut Finding {
        self.push(Severity::Error, origin, message)
    }

    pub(crate) fn warning(&mut self, origin: &Origin, message: impl fmt::Display) -> &mut Finding {
        self.push(Severity::Warning, origin, message)
    }

    pub(crate) fn note(&mut self, origin: &Origin, message: impl fmt::Display) -> &mut Finding {
        self.push(Severity::Note, origin, message)
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Returns all of them, in the order of the file, those from elsewhere first.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| finding.origin.place());
        // Two keys may say the same thing with the same value.
        self.0.dedup();
        self.0
    }

    fn push(
        &mut self,
        severity: Severity,
        origin: &Origin,
        message: impl fmt::Display,
    ) -> &mut Finding {
        self.0.push(Finding {
            severity,
            message: message.to_string(),
            origin: origin.clone(),
            help: None,
        });
        self.0.last_mut().expect("it was pushed just now")
    }
}

impl Finding {
    pub(crate) fn help(&mut self, help: impl fmt::Display) {
        self.help = Some(help.to_string());
    }

    /// Returns it as one line that names the place.
    pub(crate) fn line(&self, file: Option<&Path>) -> String {
        let message = match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        };
        match (&self.origin, file) {
            (Origin::File(place), Some(file)) => {
                format!(
                    "{}:{}:{}: {message}",
                    file.display(),
                    place.line,
                    place.column
                )
            }
            (Origin::Default, _) => message,
            (origin, _) => format!("{origin}: {message}"),
        }
    }
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
