//! Why there is no config.

use std::{fmt::Write as _, io, path::PathBuf, sync::Arc};

use syft_jobs::JobId;

use super::{
    file_name,
    finding::{Finding, Severity},
};
use crate::exit::{Exit, Failure, chain};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ConfigError {
    #[error("cannot read {path}", path = .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} is larger than a config can be ({limit} bytes)", path = .path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{path} is no text: byte {at} is not UTF-8", path = .path.display())]
    NotText { path: PathBuf, at: usize },
    #[error("cannot write {path}", path = .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    State(#[from] syft_state::Error),
    #[error("there is no job {job} in {file}", file = file_name(.file.as_deref()))]
    NotInFile { file: Option<PathBuf>, job: JobId },
    #[error("{}", .0.summary())]
    Invalid(Invalid),
}

/// All that is wrong with a config.
#[derive(Clone)]
pub(crate) struct Invalid {
    pub(crate) file: Option<PathBuf>,
    /// The file's text, which may hold secrets.
    pub(super) text: Arc<str>,
    /// At least one error among them.
    pub(crate) findings: Vec<Finding>,
}

impl Invalid {
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Finding> {
        let is_error = |finding: &&Finding| finding.severity == Severity::Error;
        self.findings.iter().filter(is_error)
    }

    fn summary(&self) -> String {
        let mut text = String::new();
        for (index, error) in self.errors().enumerate() {
            match index {
                0 => text.push_str(&error.line(self.file.as_deref())),
                1 => write!(text, " (and {} more)", self.errors().count() - 1)
                    .expect("a string takes everything"),
                _ => break,
            }
        }
        text
    }
}

impl std::fmt::Debug for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invalid")
            .field("file", &self.file)
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match &error {
            ConfigError::Invalid(invalid) => {
                let lines: Vec<_> = invalid
                    .errors()
                    .map(|finding| finding.line(invalid.file.as_deref()))
                    .collect();
                let name = file_name(invalid.file.as_deref());
                let message = match lines.as_slice() {
                    [line] => line.clone(),
                    lines => format!("{name} cannot be used:\n  {}", lines.join("\n  ")),
                };
                Self::new(Exit::Usage, message).hint("syft-sync config validate")
            }
            // What cannot be written is no fault of what is in it.
            other @ (ConfigError::Write { .. } | ConfigError::State(_)) => {
                Self::error(chain(other))
            }
            other => Self::new(Exit::Usage, chain(other)),
        }
    }
}
