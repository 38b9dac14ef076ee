//! What both sides of jobs of both ways agreed upon.

use std::{
    collections::HashMap,
    ffi::OsString,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::PathBuf,
};

use syft_state::sqlite::rusqlite::{self, Row, types::Type};

use super::Store;
use crate::{
    Error, JobId,
    mirror::{
        Kind, Time,
        base::{Agreed, Base, Version},
    },
};

impl Store {
    /// Returns what both sides of a job agreed upon; nothing before its first run.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn base(&self, job: &JobId) -> Result<Base, Error> {
        let sql = "SELECT path, kind,
            source_mode, source_size, source_seconds, source_nanos,
            destination_mode, destination_size, destination_seconds, destination_nanos
            FROM bases WHERE job = ?1";
        self.with("read", |connection| {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([job.as_str()], entry)?;
            let entries: rusqlite::Result<HashMap<_, _>> = rows.collect();
            Ok(Base { entries: entries? })
        })
    }

    /// Remembers what both sides of a job agree upon, given what is remembered so far.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be written; then it holds what it held before.
    pub fn set_base(&self, job: &JobId, old: &Base, new: &Base) -> Result<(), Error> {
        let put = "INSERT OR REPLACE INTO bases (job, path, kind,
            source_mode, source_size, source_seconds, source_nanos,
            destination_mode, destination_size, destination_seconds, destination_nanos)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let remove = "DELETE FROM bases WHERE job = ?1 AND path = ?2";
        self.with("write", |connection| {
            let transaction = connection.transaction()?;
            {
                let mut put = transaction.prepare(put)?;
                for (path, agreed) in &new.entries {
                    if old.get(path) == Some(agreed) {
                        continue;
                    }
                    let (source, destination) = (&agreed.source, &agreed.destination);
                    put.execute(rusqlite::params![
                        job.as_str(),
                        path.as_os_str().as_bytes(),
                        number(agreed.kind),
                        source.mode,
                        source.size.cast_signed(),
                        source.mtime.seconds,
                        source.mtime.nanos,
                        destination.mode,
                        destination.size.cast_signed(),
                        destination.mtime.seconds,
                        destination.mtime.nanos,
                    ])?;
                }
                let mut remove = transaction.prepare(remove)?;
                for path in old.entries.keys() {
                    if new.get(path).is_none() {
                        remove.execute((job.as_str(), path.as_os_str().as_bytes()))?;
                    }
                }
            }
            transaction.commit()
        })
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<(PathBuf, Agreed)> {
    let path: Vec<u8> = row.get(0)?;
    let kind: i64 = row.get(1)?;
    let unknown = || {
        let message = format!("{kind} is no kind of entry");
        rusqlite::Error::FromSqlConversionFailure(1, Type::Integer, message.into())
    };
    let agreed = Agreed {
        kind: kind_of(kind).ok_or_else(unknown)?,
        source: version(row, 2)?,
        destination: version(row, 6)?,
    };
    Ok((OsString::from_vec(path).into(), agreed))
}

fn version(row: &Row<'_>, at: usize) -> rusqlite::Result<Version> {
    let size: i64 = row.get(at + 1)?;
    Ok(Version {
        mode: row.get(at)?,
        size: size.cast_unsigned(),
        mtime: Time {
            seconds: row.get(at + 2)?,
            nanos: row.get(at + 3)?,
        },
    })
}

/// The numbers of kinds in the database, which must never change.
fn number(kind: Kind) -> i64 {
    match kind {
        Kind::File => 1,
        Kind::Directory => 2,
        Kind::Symlink => 3,
        Kind::Special => 4,
    }
}

fn kind_of(number: i64) -> Option<Kind> {
    let kinds = [Kind::File, Kind::Directory, Kind::Symlink, Kind::Special];
    kinds.into_iter().find(|kind| self::number(*kind) == number)
}
