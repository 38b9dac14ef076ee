//! Log lines, log files that rotate, and readers that follow them.
//!
//! A line is exactly `YYYY-MM-DD HH:MM:SS - name - LEVEL - message`, with Python's names of the
//! levels, or one JSON object ([`Line`]). [`LogFile`] is the one writer of `<name>.log` and
//! `<name>.error.log`; [`tail()`] and [`Follow`] read what it wrote, across its rotated files.
//!
//! ```
//! use syft_daemon::logs::{Line, LogFile, level_of, tail};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("syft-notify.log");
//! let mut log = LogFile::open(&path, Line::text("syft-notify"))?;
//! log.write_line(b"2026-01-31 12:00:00 - syft-notify - INFO - started");
//! log.write_line(b"a library's own words");
//!
//! let mut shown = Vec::new();
//! tail(&path, 1, &mut shown)?;
//! assert!(shown.ends_with(b" - syft-notify - ERROR - a library's own words\n"));
//! assert_eq!(level_of(&shown), Some(tracing::Level::ERROR));
//! # Ok(())
//! # }
//! ```

mod chain;
mod compress;
mod error;
mod file;
mod follow;
mod level;
mod line;
mod numbered;
mod retention;
mod rotating;
mod shared;
mod tail;

use std::path::{Path, PathBuf};

pub use error::Error;
pub use file::LogFile;
pub use follow::{Follow, Step};
pub use level::level_of;
pub use line::{Line, one_line, panic_line};
pub use retention::{Period, Retention};
pub use shared::{LogWriter, SharedLog};
pub use tail::tail;

/// How many rotated files are kept beside the current one, unless [`Retention`] says otherwise.
pub const KEPT_FILES: usize = 7;
/// The largest size of a log file in bytes, unless [`Retention`] says otherwise: 10 MiB.
pub const FILE_SIZE: u64 = 10 * 1024 * 1024;

/// Returns where the errors of a log are repeated: `syft-notify.error.log` for `syft-notify.log`.
#[must_use]
pub fn error_log(log: &Path) -> PathBuf {
    if log.extension().is_some_and(|extension| extension == "log") {
        return log.with_extension("error.log");
    }
    let mut name = log.file_name().unwrap_or_default().to_owned();
    name.push(".error.log");
    log.with_file_name(name)
}

/// Returns where a file goes when it is rotated; zero is the current one.
fn rotated(log: &Path, number: usize) -> PathBuf {
    if number == 0 {
        return log.to_owned();
    }
    let mut name = log.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{number}"));
    log.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_log_stands_beside_the_log() {
        for (log, errors) in [
            ("/a/syft-notify.log", "/a/syft-notify.error.log"),
            ("/a/b.c.log", "/a/b.c.error.log"),
            ("/a/messages", "/a/messages.error.log"),
            ("/a.b/messages.txt", "/a.b/messages.txt.error.log"),
        ] {
            assert_eq!(error_log(Path::new(log)), Path::new(errors));
        }
    }
}
