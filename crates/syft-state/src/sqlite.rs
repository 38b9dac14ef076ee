//! Databases in one file: for state that outgrows what people read.
//!
//! A database is made with mode 0600, written ahead (WAL), and carries the number of its format in
//! `user_version`. One that is damaged or newer than the program stops it; it is never made anew.

use std::{path::Path, time::Duration};

pub use rusqlite;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use rustix::fs::{Mode, OFlags};

use crate::Error;

/// How long one process waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a database holds, and how older ones become like it.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// A number that no other program's databases have.
    pub application_id: i32,
    /// SQL that leads from one version to the next; the first makes all from nothing.
    pub steps: &'static [&'static str],
}

/// Opens a database, makes it if it is missing, and brings it up to date.
///
/// # Errors
///
/// [`Error::NotRegular`] when something else than a file stands there, [`Error::Corrupt`] when it
/// is damaged or another program's, [`Error::Newer`], [`Error::Contended`] when another process
/// does not let go of it, and [`Error::Io`].
pub fn open(path: &Path, format: &Format) -> Result<Connection, Error> {
    make_private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags);
    let mut connection = opened.map_err(|error| failure(path, "open", error))?;
    let settled = connection
        .busy_timeout(PATIENCE)
        .and_then(|()| connection.pragma_update(None, "journal_mode", "wal"))
        .and_then(|()| connection.pragma_update(None, "synchronous", "normal"))
        // In KiB: what waits for months in a daemon need not keep 2 MB of pages at hand.
        .and_then(|()| connection.pragma_update(None, "cache_size", -512));
    settled.map_err(|error| failure(path, "open", error))?;
    upgrade(&mut connection, path, format)?;
    Ok(connection)
}

/// Makes a database that is gone with the connection.
///
/// # Errors
///
/// [`Error::Io`] when there is no memory for it.
pub fn open_in_memory(format: &Format) -> Result<Connection, Error> {
    let path = Path::new(":memory:");
    let opened = Connection::open_in_memory();
    let mut connection = opened.map_err(|error| failure(path, "open", error))?;
    upgrade(&mut connection, path, format)?;
    Ok(connection)
}

/// Says what a failed statement means for who uses the database.
#[must_use]
pub fn failure(path: &Path, action: &'static str, error: rusqlite::Error) -> Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            return corrupt(path, error.to_string());
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return Error::Contended {
                path: path.to_owned(),
            };
        }
        Some(ErrorCode::DiskFull) => std::io::ErrorKind::StorageFull,
        Some(ErrorCode::ReadOnly) => std::io::ErrorKind::ReadOnlyFilesystem,
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            std::io::ErrorKind::PermissionDenied
        }
        _ => std::io::ErrorKind::Other,
    };
    Error::io(path, action, std::io::Error::new(kind, error))
}

/// SQLite's own way of making a file leaves its mode to the umask, and follows links.
fn make_private(path: &Path) -> Result<(), Error> {
    match crate::fs::open_nofollow(path) {
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
        Ok(_) => return Ok(()),
    }
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)
        .map(drop)
        .map_err(|errno| Error::io(path, "create", errno))
}

fn upgrade(connection: &mut Connection, path: &Path, format: &Format) -> Result<(), Error> {
    let failed = |error| failure(path, "open", error);
    if read_version(connection, path, format)? == format.steps.len() {
        return Ok(());
    }
    // Another process may be about to do the same: who comes second finds it done.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let version = read_version(&transaction, path, format)?;
    for step in &format.steps[version..] {
        transaction.execute_batch(step).map_err(failed)?;
    }
    let version = i64::try_from(format.steps.len()).unwrap_or(i64::MAX);
    let written = transaction
        .pragma_update(None, "application_id", format.application_id)
        .and_then(|()| transaction.pragma_update(None, "user_version", version));
    written.and_then(|()| transaction.commit()).map_err(failed)
}

/// Returns how many steps a database has behind it.
fn read_version(connection: &Connection, path: &Path, format: &Format) -> Result<usize, Error> {
    let read = |sql| connection.query_row(sql, (), |row| row.get::<_, i64>(0));
    let failed = |error| failure(path, "read", error);
    let version = read("PRAGMA user_version").map_err(failed)?;
    let application = read("PRAGMA application_id").map_err(failed)?;
    let tables = read("SELECT count(*) FROM sqlite_schema").map_err(failed)?;
    if (version, application, tables) == (0, 0, 0) {
        return Ok(0);
    }
    if application != i64::from(format.application_id) {
        return Err(corrupt(
            path,
            "it is a database of another program".to_owned(),
        ));
    }
    match usize::try_from(version) {
        Ok(version) if version <= format.steps.len() => Ok(version),
        _ => Err(Error::Newer {
            path: path.to_owned(),
            found: u64::try_from(version).unwrap_or(0),
        }),
    }
}

fn corrupt(path: &Path, reason: String) -> Error {
    Error::Corrupt {
        path: path.to_owned(),
        reason,
        backup: None,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    const FORMAT: Format = Format {
        application_id: 77,
        steps: &[
            "CREATE TABLE a (x INTEGER)",
            "ALTER TABLE a ADD COLUMN y TEXT",
        ],
    };
    const OLD: Format = Format {
        application_id: 77,
        steps: &["CREATE TABLE a (x INTEGER)"],
    };

    #[test]
    fn a_database_is_private_and_brought_up_to_date() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let old = open(&path, &OLD).unwrap();
        old.execute("INSERT INTO a VALUES (1)", ()).unwrap();
        drop(old);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let new = open(&path, &FORMAT).unwrap();
        let y: Option<String> = new
            .query_row("SELECT y FROM a WHERE x = 1", (), |row| row.get(0))
            .unwrap();
        assert_eq!(y, None);
        drop(new);
        let error = open(&path, &OLD).unwrap_err();
        assert!(matches!(error, Error::Newer { found: 2, .. }), "{error}");
    }

    #[test]
    fn what_is_damaged_or_not_ours_is_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let noise = vec![b'x'; 8192];
        fs::File::create(&path).unwrap();
        syft_write(&path, &noise);
        let error = open(&path, &FORMAT).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains("x.sqlite"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), noise);

        let theirs = dir.path().join("theirs.sqlite");
        let other = Format {
            application_id: 78,
            ..FORMAT
        };
        drop(open(&theirs, &other).unwrap());
        let error = open(&theirs, &FORMAT).unwrap_err();
        assert!(error.to_string().contains("another program"), "{error}");

        let link = dir.path().join("link.sqlite");
        symlink(&theirs, &link).unwrap();
        assert!(matches!(open(&link, &other), Err(Error::NotRegular { .. })));
    }

    fn syft_write(path: &Path, bytes: &[u8]) {
        crate::fs::write_atomic(path, bytes, 0o600).unwrap();
    }
}
