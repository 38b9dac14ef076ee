//! The generation before the current one, `notification_state.json.bak`.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use super::parse::{self, Mistake};
use crate::{
    Error,
    fs::{open_nofollow, read_capped, sync_parent, write_atomic},
};

/// Closing a shorter file takes less time than starting a thread, in bytes.
const WORTH_A_THREAD: u64 = 256 * 1024;
/// So many damaged files are kept.
const MAX_DAMAGED: usize = 1000;

/// Gives the current generation the name of the backup, too; costs no copy.
pub(super) fn keep(path: &Path, limit: u64, mode: u32) -> Result<(), Error> {
    let backup = with_suffix(path, ".bak");
    let link = with_suffix(path, ".bak.new");
    let linked = match fs::hard_link(path, &link) {
        // A process that died has left it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&link).and_then(|()| fs::hard_link(path, &link))
        }
        linked => linked,
    };
    match linked {
        Ok(()) => {}
        Err(error) if cannot_link(&error) => {
            return write_atomic(&backup, &read_capped(path, limit)?, mode);
        }
        Err(error) => return Err(Error::io(&backup, "write", error)),
    }
    let old = open_nofollow(&backup).ok();
    fs::rename(&link, &backup).map_err(|error| Error::io(&backup, "replace", error))?;
    close_elsewhere(old);
    // Renaming one name of a file over another one of the same file does nothing.
    match fs::remove_file(&link) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io(&link, "remove", error))
        }
        _ => Ok(()),
    }
}

/// The last one to close a file waits while the system frees its blocks: a third of a
/// millisecond for each megabyte, which a mail need not wait for.
fn close_elsewhere(file: Option<fs::File>) {
    let Some(file) = file else { return };
    if file
        .metadata()
        .is_ok_and(|metadata| metadata.len() < WORTH_A_THREAD)
    {
        return;
    }
    let closer = std::thread::Builder::new().name("close-backup".to_owned());
    if let Err(error) = closer.spawn(move || drop(file)) {
        tracing::debug!("a file is closed at once: {error}");
    }
}

/// File systems without hard links, and other people's files, need a copy.
fn cannot_link(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, TooManyLinks, Unsupported};
    matches!(error.kind(), PermissionDenied | TooManyLinks | Unsupported)
}

/// Returns the backup if it is a ledger.
pub(super) fn find(path: &Path, limit: u64) -> Option<PathBuf> {
    let backup = with_suffix(path, ".bak");
    let bytes = read_capped(&backup, limit).ok()?;
    parse::parse(&bytes).is_ok().then_some(backup)
}

/// Puts the backup in the place of the current generation, which is kept under another name.
pub(super) fn restore(path: &Path, limit: u64, mode: u32) -> Result<PathBuf, Error> {
    let backup = with_suffix(path, ".bak");
    let bytes = read_capped(&backup, limit)?;
    parse::parse(&bytes).map_err(|mistake| match mistake {
        Mistake::Newer(found) => Error::Newer {
            path: backup.clone(),
            found,
        },
        Mistake::Text(reason) => Error::Corrupt {
            path: backup.clone(),
            reason,
            backup: None,
        },
    })?;
    let aside = put_aside(path, limit, mode)?;
    write_atomic(path, &bytes, mode)?;
    Ok(aside)
}

/// Copies, because a name of its own would not save the file from being written in place.
fn put_aside(path: &Path, limit: u64, mode: u32) -> Result<PathBuf, Error> {
    let bytes = match read_capped(path, limit) {
        Err(error) if error.is_not_found() => Vec::new(),
        bytes => bytes?,
    };
    for number in 1..=MAX_DAMAGED {
        let aside = with_suffix(path, &format!(".damaged-{number}"));
        match open_nofollow(&aside) {
            Err(error) if error.is_not_found() => {
                write_atomic(&aside, &bytes, mode)?;
                sync_parent(&aside)?;
                return Ok(aside);
            }
            _ => {}
        }
    }
    Err(Error::io(path, "put aside", io::ErrorKind::AlreadyExists))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
