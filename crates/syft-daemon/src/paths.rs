use std::path::PathBuf;

/// Where a daemon keeps what belongs to its running, all in one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The directory, absolute: a daemon's working directory is `/`.
    pub directory: PathBuf,
    /// What the files' names begin with, as `syft-notify`.
    pub name: String,
}

impl Paths {
    /// Puts a daemon's files into a directory, which need not exist yet.
    pub fn new(directory: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self {
            directory: directory.into(),
            name: name.into(),
        }
    }

    /// Returns the lock file; the daemon runs exactly when somebody holds its lock.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.file("lock")
    }

    /// Returns the pid file, which is for people and other programs; nothing here trusts it.
    #[must_use]
    pub fn pid(&self) -> PathBuf {
        self.file("pid")
    }

    /// Returns the log file.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.file("log")
    }

    /// Returns the log file for errors alone.
    #[must_use]
    pub fn error_log(&self) -> PathBuf {
        self.file("error.log")
    }

    /// Returns the file that says how the worker ended last, as [`Ended`](crate::Ended) reads it.
    #[must_use]
    pub fn ended(&self) -> PathBuf {
        self.file("ended.json")
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.directory.join(format!("{}.{extension}", self.name))
    }
}
