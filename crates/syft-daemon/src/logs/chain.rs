//! The files of a log: the current one and the rotated ones, found again by what they are.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
    time::SystemTime,
};

use super::{Error, KEPT_FILES, rotated};

/// How many bytes before the place of reading are remembered, to notice that the file was cut.
const MARK: usize = 64;

/// What a file is, whatever its name; the number of a removed file may soon be that of another,
/// which was born later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    number: u64,
    born: Option<SystemTime>,
}

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            number: metadata.ino(),
            born: metadata.created().ok(),
        }
    }
}

/// What is missing before a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gap {
    /// How many files were given up unread.
    pub(super) files: usize,
    /// Whether there may have been others, which came and went between two looks.
    pub(super) is_unsure: bool,
}

/// One file of a log and the place in it up to which it was read.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) file: File,
    pub(super) identity: Identity,
    pub(super) offset: u64,
    pub(super) gap: Gap,
    mark: Vec<u8>,
}

impl Reader {
    pub(super) fn new(file: File, identity: Identity, gap: Gap) -> Self {
        Self {
            file,
            identity,
            offset: 0,
            gap,
            mark: Vec::new(),
        }
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Fills the buffer from the place of reading on, as far as there is something.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        read_at(&self.file, buffer, self.offset)
    }

    /// Moves the place of reading to `offset`.
    pub(super) fn go_to(&mut self, offset: u64) -> io::Result<()> {
        let begin = offset.saturating_sub(MARK as u64);
        let mut mark = vec![0; usize::try_from(offset - begin).unwrap_or(MARK)];
        let size = read_at(&self.file, &mut mark, begin)?;
        mark.truncate(size);
        self.offset = offset;
        self.mark = mark;
        Ok(())
    }

    /// Returns whether what was read last is no longer where it was.
    pub(super) fn is_cut(&self) -> io::Result<bool> {
        Ok(!self.is_continued_by(&self.file)?)
    }

    /// Returns the copy of this file that somebody made before he emptied it, to be read on.
    pub(super) fn copy_in(&self, path: &Path) -> Option<Self> {
        let file = syft_state::fs::open_nofollow(path).ok()?;
        let identity = Identity::from(&file.metadata().ok()?);
        let is_copy = !self.mark.is_empty()
            && identity != self.identity
            && self.is_continued_by(&file).ok()?;
        is_copy.then(|| Self {
            file,
            identity,
            offset: self.offset,
            gap: Gap::default(),
            mark: self.mark.clone(),
        })
    }

    /// Returns whether a file holds what was read last at the same place.
    fn is_continued_by(&self, file: &File) -> io::Result<bool> {
        let mut there = [0; MARK];
        let there = &mut there[..self.mark.len()];
        let size = read_at(file, there, self.offset - self.mark.len() as u64)?;
        Ok(there[..size] == self.mark)
    }
}

pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A file of a log, which is open unless it was known before.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) identity: Identity,
    pub(super) file: Option<File>,
}

/// Returns the files of a log that are there, newest first, each once.
///
/// Files only ever move to higher numbers, and the highest first. Looked at from the lowest on,
/// none can slip by, also while they are being rotated.
pub(super) fn scan(log: &Path, is_known: impl Fn(Identity) -> bool) -> Result<Vec<Found>, Error> {
    let mut found: Vec<Found> = Vec::new();
    // The oldest one bears one number more just before it is removed.
    for number in 0..=KEPT_FILES + 1 {
        let path = rotated(log, number);
        let one = match look_at(&path, &is_known) {
            Ok(Some(one)) => one,
            Err(error) if number == 0 => return Err(error),
            Ok(None) | Err(_) => continue,
        };
        if found.iter().all(|earlier| earlier.identity != one.identity) {
            found.push(one);
        }
    }
    Ok(found)
}

fn look_at(path: &Path, is_known: impl Fn(Identity) -> bool) -> Result<Option<Found>, Error> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(path, "examine", error)),
    };
    let identity = Identity::from(&metadata);
    if is_known(identity) {
        let file = None;
        return Ok(Some(Found { identity, file }));
    }
    match syft_state::fs::open_nofollow(path) {
        Ok(file) => {
            let metadata = file
                .metadata()
                .map_err(|error| Error::io(path, "examine", error))?;
            Ok(Some(Found {
                identity: Identity::from(&metadata),
                file: Some(file),
            }))
        }
        Err(error) if error.is_not_found() => Ok(None),
        Err(syft_state::Error::NotRegular { path, what }) => Err(Error::NotAFile { path, what }),
        Err(syft_state::Error::Io { source, .. }) => Err(Error::io(path, "open", source)),
        Err(error) => Err(Error::io(path, "open", io::Error::other(error))),
    }
}
