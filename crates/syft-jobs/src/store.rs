//! What is remembered from run to run: digests, merge bases, the history of runs.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use syft_state::sqlite::{
    self, Format,
    rusqlite::{self, Connection, OptionalExtension},
};

use crate::{Error, JobId};

mod bases;
mod digests;
mod runs;

pub(crate) use digests::Digest;
pub use digests::DigestCache;

/// The places of all that is remembered; a file has these tables, whoever made it.
const FORMAT: Format = Format {
    application_id: i32::from_be_bytes(*b"SyJo"),
    steps: &[include_str!("store/schema.sql")],
};

/// What is remembered from run to run.
///
/// ```
/// use syft_jobs::{JobId, store::Store};
///
/// let store = Store::in_memory();
/// let job: JobId = "documents".parse()?;
/// store.set_note(&job, "disk", "backup-3")?;
/// assert_eq!(store.note(&job, "disk")?.as_deref(), Some("backup-3"));
/// # Ok::<(), syft_jobs::Error>(())
/// ```
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
    path: Option<PathBuf>,
    /// Digests that do not outlive the program, where they are not to.
    volatile: Option<Mutex<Connection>>,
    most_digests: u64,
}

impl Store {
    /// Opens the store in a file, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when it cannot be used; one that is damaged is left as it is.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let connection = sqlite::open(path, &FORMAT)?;
        Ok(Self::of(connection, Some(path.to_owned())))
    }

    /// Makes a store that is forgotten with the value.
    ///
    /// # Panics
    ///
    /// When there is no memory for it.
    #[must_use]
    pub fn in_memory() -> Self {
        let opened = sqlite::open_in_memory(&FORMAT);
        let connection = opened.expect("an empty database needs no more than memory");
        Self::of(connection, None)
    }

    fn of(connection: Connection, path: Option<PathBuf>) -> Self {
        let store = Self {
            connection: Mutex::new(connection),
            path,
            volatile: None,
            most_digests: 0,
        };
        store.with_digests(DigestCache::default())
    }

    /// Returns the file that it is in, if it is in one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns what was noted last about a job under a key.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn note(&self, job: &JobId, key: &str) -> Result<Option<String>, Error> {
        let sql = "SELECT value FROM notes WHERE job = ?1 AND key = ?2";
        self.with("read", |connection| {
            let mut statement = connection.prepare(sql)?;
            let found = statement.query_row((job.as_str(), key), |row| row.get(0));
            found.optional()
        })
    }

    /// Notes something about a job under a key.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be written.
    pub fn set_note(&self, job: &JobId, key: &str, value: &str) -> Result<(), Error> {
        let sql = "INSERT OR REPLACE INTO notes (job, key, value) VALUES (?1, ?2, ?3)";
        self.with("write", |connection| {
            let mut statement = connection.prepare(sql)?;
            statement.execute((job.as_str(), key, value)).map(drop)
        })
    }

    /// Does something with the database, and says what was tried where that fails.
    fn with<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let mut connection = self.lock();
        let path = self.path.as_deref().unwrap_or(Path::new(":memory:"));
        work(&mut connection).map_err(|error| Error::Store(sqlite::failure(path, action, error)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic ended is rolled back.
        let locked = self.connection.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
