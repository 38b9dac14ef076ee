use std::{fs, io};

use serde::{Deserialize, Serialize};
use syft_state::{
    Timestamp,
    fs::{read_capped, write_fleeting},
};

use crate::{Error, Paths};

const LIMIT: u64 = 64 * 1024;

/// How a supervised worker ended last, for whoever asks later.
///
/// The record is one JSON object in [`Paths::ended`]. It goes when a supervisor's worker is
/// ready for the first time, so beside a running daemon it tells of that daemon's own crashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When the worker ended.
    pub when: Timestamp,
    /// Why, as `it was killed by signal 9`, with the last status that it told.
    pub why: String,
    /// Its exit code, if it ended by itself.
    pub code: Option<i32>,
    /// How often it had failed in a row.
    pub failures: u32,
    /// How often this supervisor had started it again before that.
    pub restarts: u64,
    /// Whether it was left at that.
    pub gave_up: bool,
}

impl Ended {
    /// Reads the record, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when it cannot be read, and [`Error::System`] when it is no record.
    pub fn read(paths: &Paths) -> Result<Option<Self>, Error> {
        let path = paths.ended();
        let bytes = match read_capped(&path, LIMIT) {
            Err(error) if error.is_not_found() => return Ok(None),
            bytes => bytes?,
        };
        // Nobody waits for the disk with this file, so a power failure may leave an empty one.
        if bytes.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| Error::system(format!("understand {}", path.display()), error))
    }

    /// Leaves the record; a daemon does not stop for want of one.
    pub(super) fn write(&self, paths: &Paths) {
        let bytes = serde_json::to_vec_pretty(self).expect("a record is plain data");
        if let Err(error) = write_fleeting(&paths.ended(), &bytes, 0o600) {
            tracing::warn!("⚠️  no record of the worker's end: {error}");
        }
    }

    pub(super) fn clear(paths: &Paths) {
        let path = paths.ended();
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("⚠️  cannot remove {}: {error}", path.display());
        }
    }
}
