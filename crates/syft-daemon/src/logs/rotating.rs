//! One file that lines are appended to, whatever happens around it.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};

use rustix::io::Errno;

use super::{Error, compress, numbered};

/// How long it may go unnoticed that somebody moved or removed the file.
const PATIENCE: Duration = Duration::from_millis(100);

/// What happened to the file beyond the writing of a line, to be told in the log itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// The file or its directory was removed, with the lines in it.
    Removed,
    /// Lines could not be written, until now.
    Lost { lines: u64, reason: String },
}

#[derive(Debug)]
pub(super) struct Rotating {
    path: PathBuf,
    limit: u64,
    kept: usize,
    compresses: bool,
    /// Compresses closed files, which must stay where they are as long as that takes.
    compressor: Option<JoinHandle<()>>,
    file: Option<File>,
    length: u64,
    looked: Instant,
    /// When a rotation that failed is tried again.
    retry: Option<Instant>,
    was_removed: bool,
    lost: u64,
    reason: String,
}

impl Rotating {
    pub(super) fn open(path: &Path, limit: u64, kept: usize, now: Instant) -> Result<Self, Error> {
        let file = open(path)?;
        let length = complete(&file).map_err(|error| Error::io(path, "write", error))?;
        Ok(Self {
            path: path.to_owned(),
            limit,
            kept,
            compresses: false,
            compressor: None,
            file: Some(file),
            length,
            looked: now,
            retry: None,
            was_removed: false,
            lost: 0,
            reason: String::new(),
        })
    }

    /// Has closed files compressed from now on.
    pub(super) fn compressing(mut self) -> Self {
        self.compresses = true;
        self.compressor = compress::begin(&self.path, self.kept);
        self
    }

    #[cfg(test)]
    pub(super) fn finish_compressing(&mut self) {
        if let Some(compressor) = self.compressor.take() {
            compressor.join().expect("it does not panic");
        }
    }

    /// Returns when something was written last, if something was.
    pub(super) fn written(&self) -> Option<SystemTime> {
        let file = self.file.as_ref().filter(|_| self.length > 0)?;
        file.metadata().ok()?.modified().ok()
    }

    /// Begins a new file although the current one has room; returns whether there is one.
    pub(super) fn begin_anew(&mut self, now: Instant) -> bool {
        self.find_place();
        if self.file.is_some() && self.length > 0 {
            self.turn();
        }
        self.looked = now;
        self.length == 0
    }

    /// Makes sure that the file is the one at its path, at most every [`PATIENCE`], and returns
    /// what is to be told before the next line.
    pub(super) fn look_after(&mut self, now: Instant) -> Option<Remark> {
        if now.duration_since(self.looked) >= PATIENCE {
            self.looked = now;
            self.find_place();
        }
        if self.lost > 0 {
            return Some(Remark::Lost {
                lines: self.lost,
                reason: self.reason.clone(),
            });
        }
        (self.was_removed && self.file.is_some()).then_some(Remark::Removed)
    }

    /// Forgets a remark that has been written.
    pub(super) fn told(&mut self, remark: &Remark) {
        match remark {
            Remark::Removed => self.was_removed = false,
            Remark::Lost { .. } => self.lost = 0,
        }
    }

    /// Appends whole lines with their line breaks and returns whether that was possible; if not,
    /// one more line is lost.
    pub(super) fn append(&mut self, lines: &[u8], now: Instant) -> bool {
        let outcome = self.try_append(lines, now);
        if let Err(error) = &outcome {
            self.lose(&error.to_string());
        }
        outcome.is_ok()
    }

    pub(super) fn lose(&mut self, reason: &str) {
        self.lost += 1;
        reason.clone_into(&mut self.reason);
    }

    /// Appends everything or nothing.
    pub(super) fn try_append(&mut self, line: &[u8], now: Instant) -> io::Result<()> {
        let size = line.len() as u64;
        if self.is_full(size) && self.retry.is_none_or(|time| now >= time) {
            self.rotate(size, now);
        }
        let Some(file) = &mut self.file else {
            return Err(io::Error::other(self.reason.clone()));
        };
        append_whole(file, line)?;
        self.length += size;
        Ok(())
    }

    fn is_full(&self, more: u64) -> bool {
        self.length > 0 && self.length + more > self.limit
    }

    /// Begins a new file; where there can be none, the full one is gone on with.
    fn rotate(&mut self, size: u64, now: Instant) {
        self.find_place();
        if self.file.is_some() && self.is_full(size) {
            self.turn();
        }
        self.retry = self.is_full(size).then_some(now + PATIENCE);
    }

    fn turn(&mut self) {
        if let Some(compressor) = self.compressor.take_if(|thread| thread.is_finished()) {
            drop(compressor.join());
        }
        if self.compressor.is_some() {
            return;
        }
        // What it means that this failed shows in the file that is there then.
        drop(numbered::rotate(&self.path, self.kept));
        self.find_place();
        if self.compresses {
            self.compressor = compress::begin(&self.path, self.kept);
        }
    }

    /// Opens the file at the path if it is not the open one.
    fn find_place(&mut self) {
        let open_one = self.file.as_ref().and_then(|file| file.metadata().ok());
        let there = self.path.symlink_metadata().ok();
        if let (Some(ours), Some(there)) = (&open_one, &there)
            && (ours.dev(), ours.ino()) == (there.dev(), there.ino())
        {
            // Somebody may have shortened it.
            self.length = ours.len();
            return;
        }
        let is_gone = open_one.is_some_and(|ours| ours.nlink() == 0);
        match open(&self.path) {
            Ok(file) => {
                self.length = complete(&file).unwrap_or(0);
                self.was_removed |= is_gone;
                self.file = Some(file);
            }
            // A file that was only renamed still keeps what is written to it.
            Err(_) if self.file.is_some() && !is_gone => {}
            Err(error) => {
                self.was_removed |= is_gone;
                self.reason = error.to_string();
                self.file = None;
            }
        }
    }
}

/// Opens a log for appending, and creates it and its directory for their owner alone.
fn open(path: &Path) -> Result<File, Error> {
    if let Some(directory) = path.parent() {
        // Whether it is there or cannot be made, opening the file tells.
        drop(syft_state::fs::create_private_dir(directory));
    }
    let special = |what| Error::NotAFile {
        path: path.to_owned(),
        what,
    };
    let file =
        numbered::options()
            .open(path)
            .map_err(|error| match Errno::from_io_error(&error) {
                Some(Errno::LOOP) => special("a symbolic link"),
                Some(Errno::ISDIR) => special("a directory"),
                Some(Errno::NXIO) => special("a socket or a pipe"),
                _ => Error::io(path, "open", error),
            })?;
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    is_file
        .then_some(file)
        .ok_or_else(|| special("a device or a pipe"))
}

/// Ends the line that a crash or a full disk cut short, and returns the length.
fn complete(file: &File) -> io::Result<u64> {
    use std::os::unix::fs::FileExt;

    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    if last == [b'\n'] {
        return Ok(length);
    }
    let mut file = file;
    file.write_all(b"\n")?;
    Ok(length + 1)
}

/// Writes all bytes or takes back what was written of them, so that no line is torn.
fn append_whole(file: &mut File, line: &[u8]) -> io::Result<()> {
    let mut written = 0;
    while written < line.len() {
        let outcome = match file.write(&line[written..]) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            outcome => outcome,
        };
        match outcome {
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                take_back(file, written as u64);
                return Err(error);
            }
        }
    }
    Ok(())
}

fn take_back(file: &File, count: u64) {
    if count == 0 {
        return;
    }
    if let Ok(metadata) = file.metadata() {
        // Where even that fails, the next opening ends the line.
        drop(file.set_len(metadata.len().saturating_sub(count)));
    }
}

#[cfg(test)]
mod tests;
