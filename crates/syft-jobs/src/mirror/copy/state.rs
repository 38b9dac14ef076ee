use std::{
    os::fd::AsFd,
    time::{Duration, SystemTime},
};

use rustix::fs::{FileType, Stat};

use crate::mirror::{Kind, Meta, Time, execute::Failure};

/// The slowest tick of the clock by which Linux stamps files; usually it is 4 ms or less.
const FRESH: Duration = Duration::from_millis(10);

/// What a source file is at a moment; whatever happens to the file changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) meta: Meta,
    /// Shows changes even where somebody sets the modification time back.
    changed: Time,
    /// In units of 512 bytes; fewer than the size needs where there are holes.
    blocks: u64,
}

/// Looks at an open file.
pub(super) fn examine(file: impl AsFd) -> Result<State, Failure> {
    let stat = rustix::fs::fstat(file).map_err(|errno| Failure::of("examine", errno))?;
    Ok(State {
        meta: Meta::from(&stat),
        changed: time(stat.st_ctime, stat.st_ctime_nsec),
        blocks: u64::try_from(stat.st_blocks).unwrap_or(0),
    })
}

impl State {
    /// Returns whether it changed so lately that one more change could leave no trace.
    ///
    /// The clock of file systems ticks every few milliseconds, and a write is stamped before
    /// its bytes are all there.
    pub(super) fn is_fresh(&self) -> bool {
        !self.rest_of_freshness().is_zero()
    }

    /// Returns how long it takes until the next change is sure to be seen.
    pub(super) fn rest_of_freshness(&self) -> Duration {
        FRESH.saturating_sub(now().distance(self.changed))
    }

    /// Returns whether some of it is probably not stored, as it reads as zeros anyway.
    pub(super) fn has_holes(&self) -> bool {
        self.blocks.saturating_mul(512) < self.meta.size
    }
}

impl From<&Stat> for Meta {
    fn from(stat: &Stat) -> Self {
        Self {
            kind: match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                FileType::Symlink => Kind::Symlink,
                _ => Kind::Special,
            },
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime: time(stat.st_mtime, stat.st_mtime_nsec),
            mode: u16::try_from(stat.st_mode & 0o7777).unwrap_or(0),
            uid: stat.st_uid,
            gid: stat.st_gid,
            dev: stat.st_dev,
            ino: stat.st_ino,
            links: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
        }
    }
}

/// The system's own types differ in sign and width from one machine to the next.
fn time(seconds: impl TryInto<i64>, nanos: impl TryInto<u32>) -> Time {
    Time {
        seconds: seconds.try_into().unwrap_or(0),
        nanos: nanos.try_into().unwrap_or(0),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is compared with what the file system stamped by the same clock"
)]
fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let since = since.unwrap_or_default();
    time(since.as_secs(), since.subsec_nanos())
}
