use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
};

use super::{
    Error, KEPT_FILES,
    chain::{self, Found, Gap, Identity, Reader},
    rotated,
    tail::{Rest, start_of_last},
};

/// How many bytes are handed out at once.
const CHUNK: usize = 256 * 1024;
/// The longest line that is kept whole.
const LONGEST_LINE: usize = 1024 * 1024;
/// How many files are held open at most: as many as a log has.
const MOST_FILES: usize = KEPT_FILES + 1;

/// Reads a log and goes on with what is written to it, across its rotations.
///
/// It reads a file to its end also when that was renamed, then the next newer one, and holds
/// files that it has not come to yet, so that a reader who is slow loses nothing. Half a line is
/// not handed out. One who wants to stay close calls [`look`](Self::look) about ten times a
/// second, also while nobody takes the lines, and [`step`](Self::step) until it has nothing more.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    /// The file being read, and those that are newer.
    readers: VecDeque<Reader>,
    /// The files that are there and were read, or are older than what was asked for.
    past: Vec<Identity>,
    buffer: Vec<u8>,
}

/// What there is to hand out next.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Whole lines with their line breaks.
    Lines(&'a [u8]),
    /// Here the given number of files is missing, because they were removed unread; `None` when
    /// nobody knows how many.
    Missing(Option<usize>),
    /// Somebody emptied the file; what follows is what it holds now.
    Cut,
    /// Nothing more has been written yet.
    Idle,
}

impl Follow {
    /// Begins at the last `lines` lines of a log, which need not exist yet.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or is no file.
    pub fn new(path: &Path, lines: usize) -> Result<Self, Error> {
        let mut follow = Self {
            path: path.to_owned(),
            readers: VecDeque::new(),
            past: Vec::new(),
            buffer: Vec::new(),
        };
        follow.look()?;
        let begin = follow.begin_at_last(lines);
        begin.map_err(|error| Error::io(path, "read", error))?;
        Ok(follow)
    }

    /// Returns whether there is no file yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.readers.is_empty()
    }

    fn begin_at_last(&mut self, lines: usize) -> io::Result<()> {
        let mut missing = lines;
        for index in (0..self.readers.len()).rev() {
            let is_newest = index + 1 == self.readers.len();
            let rest = if is_newest {
                Rest::IsToCome
            } else {
                Rest::IsALine
            };
            let reader = &mut self.readers[index];
            let (offset, found) = start_of_last(&reader.file, missing, rest)?;
            reader.go_to(offset)?;
            missing -= found;
            if missing == 0 {
                for _ in 0..index {
                    self.pass();
                }
                break;
            }
        }
        Ok(())
    }

    /// Looks which files there are, and takes hold of the new ones.
    ///
    /// # Errors
    ///
    /// When the log cannot be looked at, or is no file any more. A later look may succeed.
    pub fn look(&mut self) -> Result<(), Error> {
        let found = chain::scan(&self.path, |identity| self.is_held(identity))?;
        let there: Vec<Identity> = found.iter().map(|one| one.identity).collect();
        let newest = self.readers.back().map(|reader| reader.identity);
        let index = newest.and_then(|newest| there.iter().position(|one| *one == newest));
        let count = index.unwrap_or_else(|| self.count_new(&there));
        let mut gap = Gap {
            files: 0,
            // Where all have changed since the last look, there may have been more in between.
            is_unsure: index.is_none() && newest.is_some() && count > KEPT_FILES,
        };
        for Found { identity, file } in found.into_iter().take(count).rev() {
            if let Some(file) = file {
                let gap = std::mem::take(&mut gap);
                self.readers.push_back(Reader::new(file, identity, gap));
            }
        }
        self.past = there;
        self.give_up_most();
        Ok(())
    }

    /// Counts the files that are new, where the newest one known before is gone.
    fn count_new(&self, there: &[Identity]) -> usize {
        let is_new = |one: &&Identity| !self.is_held(**one) && !self.past.contains(one);
        there.iter().take_while(is_new).count()
    }

    fn is_held(&self, identity: Identity) -> bool {
        self.readers
            .iter()
            .any(|reader| reader.identity == identity)
    }

    /// Lets go of files that were removed long ago and would fill the disk unseen.
    fn give_up_most(&mut self) {
        while self.readers.len() > MOST_FILES {
            let Some(given_up) = self.readers.remove(1) else {
                return;
            };
            let gap = &mut self.readers[1].gap;
            gap.files += given_up.gap.files + 1;
            gap.is_unsure |= given_up.gap.is_unsure;
        }
    }

    /// Goes on to the next file.
    fn pass(&mut self) {
        if let Some(reader) = self.readers.pop_front() {
            self.past.push(reader.identity);
        }
    }

    /// Returns what there is to hand out next.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn step(&mut self) -> Result<Step<'_>, Error> {
        let next = self.advance();
        match next.map_err(|error| Error::io(&self.path, "read", error))? {
            Next::Lines(end) => Ok(Step::Lines(&self.buffer[..end])),
            Next::Missing(count) => Ok(Step::Missing(count)),
            Next::Cut => Ok(Step::Cut),
            Next::Idle => Ok(Step::Idle),
        }
    }

    /// Returns whether lines are written to a newer file, so that there are no more to come here.
    fn is_left(&self) -> io::Result<bool> {
        for newer in self.readers.iter().skip(1) {
            if newer.length()? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn advance(&mut self) -> io::Result<Next> {
        loop {
            // Looked at before the last read: whoever writes to a newer file has left this one.
            let is_left = self.is_left()?;
            let Some(reader) = self.readers.front_mut() else {
                return Ok(Next::Idle);
            };
            let gap = std::mem::take(&mut reader.gap);
            if gap != Gap::default() {
                return Ok(Next::Missing((!gap.is_unsure).then_some(gap.files)));
            }
            if reader.is_cut()? {
                let copy = reader.copy_in(&rotated(&self.path, 1));
                reader.go_to(0)?;
                let Some(copy) = copy else {
                    return Ok(Next::Cut);
                };
                self.readers.push_front(copy);
                continue;
            }
            let size = fill(reader, &mut self.buffer)?;
            if let Some(end) = whole_lines(&self.buffer[..size]) {
                reader.go_to(reader.offset + end as u64)?;
                return Ok(Next::Lines(end));
            }
            if size >= LONGEST_LINE {
                reader.go_to(reader.offset + size as u64)?;
                return Ok(Next::Lines(size));
            }
            if !is_left {
                return Ok(Next::Idle);
            }
            self.pass();
            if size > 0 {
                self.buffer.truncate(size);
                self.buffer.push(b'\n');
                return Ok(Next::Lines(size + 1));
            }
        }
    }
}

/// A [`Step`] whose lines are in the buffer, up to the given place.
enum Next {
    Lines(usize),
    Missing(Option<usize>),
    Cut,
    Idle,
}

/// Reads on into the buffer, which grows only for a long line.
fn fill(reader: &Reader, buffer: &mut Vec<u8>) -> io::Result<usize> {
    buffer.resize(CHUNK, 0);
    let size = reader.read(buffer)?;
    if size < CHUNK || whole_lines(buffer).is_some() {
        return Ok(size);
    }
    buffer.resize(LONGEST_LINE, 0);
    reader.read(buffer)
}

/// Returns where the last whole line ends, if there is one.
fn whole_lines(bytes: &[u8]) -> Option<usize> {
    let last = bytes.iter().rposition(|byte| *byte == b'\n')?;
    Some(last + 1)
}

#[cfg(test)]
mod tests;
