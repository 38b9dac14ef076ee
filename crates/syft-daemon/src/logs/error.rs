use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a log could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The log's file or directory cannot be used.
    #[error("cannot {action} the log {path}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, as in "cannot open the log".
        action: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// Something else than a file stands where the log belongs: a link, which could lead its
    /// lines anywhere, a directory, a pipe or a device.
    #[error("the log {path} is {what}, not a file", path = path.display())]
    NotAFile {
        /// Where the log belongs.
        path: PathBuf,
        /// What stands there.
        what: &'static str,
    },
    /// Those for whom lines are read take no more of them.
    #[error("cannot pass on the lines of the log")]
    Output(#[source] io::Error),
}

impl Error {
    pub(super) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            action,
            source,
        }
    }

    /// Returns whether the log or its directory does not exist, so that nothing was logged yet.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}
