//! What files held when they were read, so that they need not be read again.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use syft_state::sqlite::{self, rusqlite};

use super::{FORMAT, Store};
use crate::{Error, mirror::Meta};

/// About what one digest takes in the database, in bytes.
const ROW: u64 = 100;

/// Where digests are kept, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestCache {
    /// Whether they outlive the program.
    pub is_persistent: bool,
    /// About how much room they may take, in bytes; the oldest go first.
    pub max_bytes: u64,
}

impl Default for DigestCache {
    fn default() -> Self {
        Self {
            is_persistent: true,
            max_bytes: 500 << 20,
        }
    }
}

/// A digest of at most 32 bytes; shorter ones end with zeros.
pub(crate) type Digest = [u8; 32];

impl Store {
    /// Says where digests are kept from now on; by default in the same file, up to 500 MiB.
    #[must_use]
    pub fn with_digests(mut self, cache: DigestCache) -> Self {
        self.most_digests = (cache.max_bytes / ROW).max(1);
        self.volatile = (!cache.is_persistent && self.path.is_some()).then(|| {
            let opened = sqlite::open_in_memory(&FORMAT);
            Mutex::new(opened.expect("an empty database needs no more than memory"))
        });
        self
    }

    /// Returns the known digests of so many files, of each that is what it was when it was read.
    pub(crate) fn digests(
        &self,
        method: u8,
        count: usize,
        file: impl Fn(usize) -> Meta,
    ) -> Result<Vec<Option<Digest>>, Error> {
        let place = |at: usize| {
            let file = file(at);
            (file.dev.cast_signed(), file.ino.cast_signed())
        };
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_unstable_by_key(|&at| place(at));
        let mut found = vec![None; count];
        self.with_cache("read", |connection| {
            let sql = "SELECT ino, size, mtime, digest FROM digests
                WHERE method = ?1 AND dev = ?2 AND ino BETWEEN ?3 AND ?4 ORDER BY ino";
            let mut statement = connection.prepare(sql)?;
            for same_device in order.chunk_by(|&a, &b| place(a).0 == place(b).0) {
                let (Some(&first), Some(&last)) = (same_device.first(), same_device.last()) else {
                    continue;
                };
                let ((dev, low), (_, high)) = (place(first), place(last));
                let mut rows = statement.query((method, dev, low, high))?;
                let mut wanted = same_device.iter().copied().peekable();
                while let Some(row) = rows.next()? {
                    let ino: i64 = row.get(0)?;
                    while wanted.next_if(|&at| place(at).1 < ino).is_some() {}
                    while let Some(at) = wanted.next_if(|&at| place(at).1 == ino) {
                        let version = (row.get(1)?, row.get(2)?);
                        if version_of(&file(at)) == Some(version) {
                            found[at] = Some(row.get(3)?);
                        }
                    }
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Remembers digests; `now` is in seconds and says which are the oldest.
    pub(crate) fn keep_digests(
        &self,
        method: u8,
        digests: impl Iterator<Item = (Meta, Digest)>,
        now: i64,
    ) -> Result<(), Error> {
        let mut digests = digests.peekable();
        if digests.peek().is_none() {
            return Ok(());
        }
        let most = i64::try_from(self.most_digests).unwrap_or(i64::MAX);
        self.with_cache("write", |connection| {
            let transaction = connection.transaction()?;
            {
                let sql = "INSERT OR REPLACE INTO digests
                    (method, dev, ino, size, mtime, used, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                let mut statement = transaction.prepare(sql)?;
                for (file, digest) in digests {
                    let Some((size, mtime)) = version_of(&file) else {
                        continue;
                    };
                    let place = (file.dev.cast_signed(), file.ino.cast_signed());
                    statement.execute((method, place.0, place.1, size, mtime, now, digest))?;
                }
                let sql = "DELETE FROM digests WHERE used < (SELECT used FROM digests
                    ORDER BY used DESC LIMIT 1 OFFSET ?1)";
                let all: i64 =
                    transaction.query_row("SELECT count(*) FROM digests", (), |row| row.get(0))?;
                if all > most {
                    transaction.execute(sql, [most])?;
                }
            }
            transaction.commit()
        })
    }

    fn with_cache<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let Some(volatile) = &self.volatile else {
            return self.with(action, work);
        };
        let mut connection = volatile.lock().unwrap_or_else(PoisonError::into_inner);
        let path = Path::new(":memory:");
        work(&mut connection).map_err(|error| Error::Store(sqlite::failure(path, action, error)))
    }
}

/// Returns size and modification time in nanoseconds, unless the latter is out of range.
fn version_of(file: &Meta) -> Option<(i64, i64)> {
    let seconds = file.mtime.seconds.checked_mul(1_000_000_000)?;
    let mtime = seconds.checked_add(file.mtime.nanos.into())?;
    Some((i64::try_from(file.size).ok()?, mtime))
}
