use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use super::{
    Error,
    chain::{self, read_at},
};

const BLOCK: usize = 64 * 1024;

/// What the bytes after the last line break of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// A last line, to which nothing will be added.
    IsALine,
    /// The beginning of a line that is still being written.
    IsToCome,
}

/// Writes the last `lines` lines of a log to `out`, reaching back into its rotated files.
///
/// It needs the same small memory for any number of lines. Files that are rotated meanwhile do
/// not disturb it. A last line without line break gets one.
///
/// # Errors
///
/// [`Error::is_not_found`] holds when nothing was logged yet; others when the log cannot be read
/// or `out` takes no more.
pub fn tail(path: &Path, lines: usize, out: &mut dyn Write) -> Result<(), Error> {
    let found = chain::scan(path, |_| false)?;
    if found.is_empty() {
        let missing = io::ErrorKind::NotFound.into();
        return Err(Error::io(path, "open", missing));
    }
    let unreadable = |error| Error::io(path, "read", error);
    let mut parts = Vec::new();
    let mut missing = lines;
    for file in found.into_iter().filter_map(|one| one.file) {
        let end = file.metadata().map_err(unreadable)?.len();
        let (begin, count) = start_of_last(&file, missing, Rest::IsALine).map_err(unreadable)?;
        parts.push((file, begin, end));
        missing -= count;
        if missing == 0 {
            break;
        }
    }
    for (file, begin, end) in parts.iter().rev() {
        copy(path, file, *begin, *end, out)?;
    }
    out.flush().map_err(Error::Output)
}

/// Copies a part of a file, and ends its last line.
fn copy(path: &Path, file: &File, begin: u64, end: u64, out: &mut dyn Write) -> Result<(), Error> {
    let mut block = vec![0; BLOCK];
    let mut last = b'\n';
    let mut offset = begin;
    while offset < end {
        let size = usize::try_from(end - offset).map_or(BLOCK, |left| left.min(BLOCK));
        let size = read_at(file, &mut block[..size], offset)
            .map_err(|error| Error::io(path, "read", error))?;
        let Some(byte) = block[..size].last() else {
            break;
        };
        last = *byte;
        out.write_all(&block[..size]).map_err(Error::Output)?;
        offset += size as u64;
    }
    if last != b'\n' {
        out.write_all(b"\n").map_err(Error::Output)?;
    }
    Ok(())
}

/// Returns where the last `lines` lines of a file begin, and how many there are at most that many.
pub(super) fn start_of_last(file: &File, lines: usize, rest: Rest) -> io::Result<(u64, usize)> {
    let end = file.metadata()?.len();
    if lines == 0 && rest == Rest::IsALine {
        return Ok((end, 0));
    }
    let mut block = vec![0; BLOCK];
    let mut found = 0;
    let mut position = end;
    while position > 0 {
        let begin = position.saturating_sub(BLOCK as u64);
        let size = usize::try_from(position - begin).unwrap_or(BLOCK);
        let size = read_at(file, &mut block[..size], begin)?;
        let block = &block[..size];
        if position == end && rest == Rest::IsALine && block.last() != Some(&b'\n') {
            found += 1;
        }
        let breaks = block.iter().enumerate().rev();
        for (index, _) in breaks.filter(|(_, byte)| **byte == b'\n') {
            if found == lines {
                return Ok((begin + index as u64 + 1, found));
            }
            found += 1;
        }
        position = begin;
    }
    Ok((0, found))
}

#[cfg(test)]
mod tests;
