use std::{io, path::Path, path::PathBuf};

/// Says what cannot be read or written on this machine's disk, and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused; the source says why.
    #[error("cannot {action} {}{}", path.display(), hint(source))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, as `read` or `write`.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// Something else than a regular file stands at the path: a directory, a symbolic link, a pipe.
    #[error("{} is {what}, not a regular file: move it away", path.display())]
    NotRegular {
        /// Where.
        path: PathBuf,
        /// What stands there, with its article.
        what: &'static str,
    },
    /// A file is larger than anything that belongs there.
    #[error("{} is larger than {limit} bytes: see what grew, or move it away", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A file does not hold what it should; it was left as it is.
    #[error("{} is damaged: {reason}; {}", path.display(), advice(backup.as_deref()))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The first mistake, with its line and column.
        reason: String,
        /// The generation before it, if there is one that can be read.
        backup: Option<PathBuf>,
    },
    /// A newer version of this program wrote the file.
    #[error("{} was written by a newer version (format {found}): update this program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format's number.
        found: u64,
    },
    /// Another process holds the lock.
    #[error("{} is held by another process: stop it, or try again when it has finished", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// Another process changed a file again and again while it was to be replaced.
    #[error("{} is being changed by another process: try again when it has finished", path.display())]
    Contended {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, action: &'static str, source: impl Into<io::Error>) -> Self {
        Self::Io {
            path: path.to_owned(),
            action,
            source: source.into(),
        }
    }

    /// Returns whether the file or its directory does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// Returns the file that the error is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::NotRegular { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Corrupt { path, .. }
            | Self::Newer { path, .. }
            | Self::Locked { path }
            | Self::Contended { path } => path,
        }
    }
}

fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            " (make room on the disk and try again)"
        }
        io::ErrorKind::PermissionDenied => " (see who owns it and what its mode allows)",
        io::ErrorKind::ReadOnlyFilesystem => " (the file system is mounted read-only)",
        io::ErrorKind::FileTooLarge => " (see the limit on file sizes, as `ulimit -f` shows it)",
        _ => "",
    }
}

fn advice(backup: Option<&Path>) -> String {
    match backup {
        Some(backup) => format!(
            "it was left as it is: mend it, or restore the generation before it from {}",
            backup.display()
        ),
        None => "it was left as it is: mend it, or move it away to begin anew".to_owned(),
    }
}
