//! Files that are ours: known by a line, and never those of somebody else.

use std::{fs, io, path::Path};

use syft_state::fs::{read_capped, write_atomic};

use super::Step;
use crate::service::Error;

/// No service file is larger.
const LIMIT: u64 = 64 * 1024;

/// Returns what is in a file of ours, or nothing if there is none.
pub(super) fn contents(path: &Path, marker: &str) -> Result<Option<Vec<u8>>, Error> {
    let foreign = || Error::Foreign {
        path: path.to_owned(),
    };
    match read_capped(path, LIMIT) {
        Ok(bytes) if is_ours(&bytes, marker) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        // A unit that is masked is a link to /dev/null.
        Ok(_) | Err(syft_state::Error::NotRegular { .. } | syft_state::Error::TooLarge { .. }) => {
            Err(foreign())
        }
        Err(error) => Err(refused(error)),
    }
}

/// Writes a file, unless it is as it should be.
pub(super) fn write(path: &Path, text: &str, marker: &str) -> Result<Step, Error> {
    if contents(path, marker)?.as_deref() == Some(text.as_bytes()) {
        return Ok(Step::Kept(path.to_owned()));
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)
            .map_err(|source| io_error("create the directory", directory, source))?;
    }
    write_atomic(path, text.as_bytes(), 0o644).map_err(refused)?;
    Ok(Step::Wrote(path.to_owned()))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path, marker: &str, tell: &mut dyn FnMut(Step)) -> Result<(), Error> {
    if contents(path, marker)?.is_none() {
        return Ok(());
    }
    fs::remove_file(path).map_err(|source| io_error("remove", path, source))?;
    tell(Step::Removed(path.to_owned()));
    Ok(())
}

fn is_ours(bytes: &[u8], marker: &str) -> bool {
    String::from_utf8_lossy(bytes)
        .lines()
        .take(5)
        .any(|line| line.contains(marker))
}

pub(super) fn io_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::PermissionDenied {
        return Error::Rights {
            what: format!("cannot {action} {}", path.display()),
        };
    }
    Error::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

fn refused(error: syft_state::Error) -> Error {
    match error {
        syft_state::Error::Io {
            path,
            action,
            source,
        } => io_error(action, &path, source),
        error => Error::Write(error),
    }
}
