//! The history of runs.

use syft_state::sqlite::rusqlite::{self, Connection, OptionalExtension, Row, types::Type};

use super::Store;
use crate::{Error, JobId, RunRecord};

/// So many runs of a job are kept.
const KEPT_PER_JOB: i64 = 1_000;
/// So many runs are kept until they are sent.
const KEPT_UNSENT: i64 = 10_000;

impl Store {
    /// Remembers a run; one that is known already stays as it is.
    ///
    /// The oldest are forgotten: those beyond 1,000 of a job, unless they are among the last
    /// 10,000 that are still to be sent.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be written.
    pub fn record_run(&self, run: &RunRecord) -> Result<(), Error> {
        let sql =
            "INSERT OR IGNORE INTO runs (run_id, job, started, record) VALUES (?1, ?2, ?3, ?4)";
        self.with("write", |connection| {
            let json = serde_json::to_string(run)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            let started = run.started.as_micros();
            let transaction = connection.transaction()?;
            transaction
                .prepare(sql)?
                .execute((&run.run_id, run.job.as_str(), started, json))?;
            forget(&transaction, &run.job)?;
            transaction.commit()
        })
    }

    /// Returns the last runs of a job or of all, the latest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn runs(&self, job: Option<&JobId>, limit: usize) -> Result<Vec<RunRecord>, Error> {
        let sql = match job {
            Some(_) => "SELECT record FROM runs WHERE job = ?1 ORDER BY number DESC LIMIT ?2",
            None => "SELECT record FROM runs WHERE ?1 IS NULL ORDER BY number DESC LIMIT ?2",
        };
        self.with("read", |connection| {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map((job.map(JobId::as_str), count(limit)), record)?;
            rows.collect()
        })
    }

    /// Returns a run by its id.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn run(&self, run_id: &str) -> Result<Option<RunRecord>, Error> {
        let sql = "SELECT record FROM runs WHERE run_id = ?1";
        self.with("read", |connection| {
            let mut statement = connection.prepare(sql)?;
            statement.query_row([run_id], record).optional()
        })
    }

    /// Returns runs that were not sent yet, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be read.
    pub fn unsent_runs(&self, limit: usize) -> Result<Vec<RunRecord>, Error> {
        let sql = "SELECT record FROM runs WHERE is_sent = 0 ORDER BY number LIMIT ?1";
        self.with("read", |connection| {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([count(limit)], record)?;
            rows.collect()
        })
    }

    /// Notes that runs were sent, by their ids.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] when the store cannot be written.
    pub fn mark_sent<S: AsRef<str>>(&self, run_ids: &[S]) -> Result<(), Error> {
        self.with("write", |connection| {
            let transaction = connection.transaction()?;
            {
                let sql = "UPDATE runs SET is_sent = 1 WHERE run_id = ?1";
                let mut statement = transaction.prepare(sql)?;
                for run_id in run_ids {
                    statement.execute([run_id.as_ref()])?;
                }
            }
            transaction.commit()
        })
    }
}

fn forget(connection: &Connection, job: &JobId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM runs WHERE job = ?1
        AND number <= (SELECT number FROM runs WHERE job = ?1
                       ORDER BY number DESC LIMIT 1 OFFSET ?2)
        AND (is_sent = 1
             OR number <= (SELECT number FROM runs WHERE is_sent = 0
                           ORDER BY number DESC LIMIT 1 OFFSET ?3))";
    let mut statement = connection.prepare(sql)?;
    statement.execute((job.as_str(), KEPT_PER_JOB, KEPT_UNSENT))?;
    Ok(())
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn record(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let json: String = row.get(0)?;
    serde_json::from_str(&json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}
