use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::{
    fs::SeekFrom,
    io::{Errno, retry_on_intr},
};

use super::state::State;
use crate::mirror::execute::Failure;

/// Up to this size one read and one write are the fastest way.
const SMALL: u64 = 128 * 1024;
/// The kernel is asked to copy so much at once, so that somebody hears of it now and then.
const STEP: u64 = 16 * 1024 * 1024;

/// Room for reading, one for each thread.
#[derive(Debug)]
pub(in crate::mirror) struct Buffer(Vec<u8>);

/// What the file systems at hand cannot do is tried once and not again.
#[derive(Debug, Default)]
pub(super) struct Abilities {
    cannot_clone: AtomicBool,
    cannot_copy_range: AtomicBool,
    /// Whether every file needs a name from the beginning.
    pub(super) cannot_be_unnamed: AtomicBool,
    /// Whether files of others are read, which cannot be done without a trace.
    pub(super) is_noticed: AtomicBool,
}

impl Buffer {
    pub(in crate::mirror) fn new() -> Self {
        Self(vec![0; usize::try_from(SMALL).unwrap_or(usize::MAX)])
    }
}

/// A copy in the making.
struct Work<'a> {
    from: BorrowedFd<'a>,
    to: BorrowedFd<'a>,
    abilities: &'a Abilities,
    buffer: &'a mut Buffer,
    heard: &'a dyn Fn(u64),
}

/// Copies the content and returns how many bytes there were, at most the size in `state`.
///
/// Fewer when the source has become shorter. Both files are at their beginnings, or in the
/// target's case empty.
pub(super) fn copy(
    from: &OwnedFd,
    to: BorrowedFd<'_>,
    state: &State,
    abilities: &Abilities,
    buffer: &mut Buffer,
    heard: &dyn Fn(u64),
) -> Result<u64, Failure> {
    let size = state.meta.size;
    if size == 0 {
        return Ok(0);
    }
    let mut work = Work {
        from: from.as_fd(),
        to,
        abilities,
        buffer,
        heard,
    };
    if size > SMALL && work.clone_whole()? {
        heard(size);
        return Ok(size);
    }
    if state.has_holes() {
        return work.copy_with_holes(size);
    }
    work.copy_range(0, size)
}

/// Reads both files again and compares them.
pub(super) fn verify(
    from: &OwnedFd,
    to: BorrowedFd<'_>,
    size: u64,
    buffer: &mut Buffer,
) -> Result<(), Failure> {
    let middle = buffer.0.len() / 2;
    let (ours, theirs) = buffer.0.split_at_mut(middle);
    let mut at = 0;
    while at < size {
        let part = usize::try_from(size - at).map_or(middle, |left| left.min(middle));
        let is_read = |file: BorrowedFd<'_>, bytes: &mut [u8]| {
            read_exactly(file, bytes, at).map_err(|errno| Failure::of("read again", errno))
        };
        let equal = is_read(from.as_fd(), &mut theirs[..part])?
            && is_read(to, &mut ours[..part])?
            && ours[..part] == theirs[..part];
        if !equal {
            return Err(Failure::verify(at));
        }
        at += part as u64;
    }
    Ok(())
}

impl Work<'_> {
    /// Lets both files share their blocks, where the file system can.
    fn clone_whole(&self) -> Result<bool, Failure> {
        if self.abilities.cannot_clone.load(Ordering::Relaxed) {
            return Ok(false);
        }
        match rustix::fs::ioctl_ficlone(self.to, self.from) {
            Ok(()) => Ok(true),
            Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::IO | Errno::ROFS)) => {
                Err(Failure::of("clone", errno))
            }
            Err(_) => {
                self.abilities.cannot_clone.store(true, Ordering::Relaxed);
                Ok(false)
            }
        }
    }

    /// Copies what is stored and leaves out what only reads as zeros.
    fn copy_with_holes(&mut self, size: u64) -> Result<u64, Failure> {
        let mut at = 0;
        while at < size {
            let data = match rustix::fs::seek(self.from, SeekFrom::Data(at)) {
                Ok(data) => data.min(size),
                Err(Errno::NXIO) => break,
                // Then all of it has to be taken for data.
                Err(Errno::INVAL | Errno::OPNOTSUPP) => at,
                Err(errno) => return Err(Failure::of("look for holes in", errno)),
            };
            let hole = match rustix::fs::seek(self.from, SeekFrom::Hole(data)) {
                Ok(hole) => hole.min(size),
                Err(Errno::NXIO) => break,
                Err(Errno::INVAL | Errno::OPNOTSUPP) => size,
                Err(errno) => return Err(Failure::of("look for holes in", errno)),
            };
            let copied = self.copy_range(data, hole - data)?;
            if copied < hole - data {
                return Ok(data + copied);
            }
            at = hole;
        }
        // A hole at the end makes the file no longer by itself.
        rustix::fs::ftruncate(self.to, size).map_err(|errno| Failure::of("write", errno))?;
        Ok(size)
    }

    fn copy_range(&mut self, start: u64, length: u64) -> Result<u64, Failure> {
        let mut done = 0;
        if length > SMALL {
            done = self.copy_in_kernel(start, length)?;
        }
        while done < length {
            let part = self.pump(start + done, length - done)?;
            if part == 0 {
                break;
            }
            done += part;
        }
        Ok(done)
    }

    /// Lets the kernel copy without showing us the bytes; stops early where it cannot.
    fn copy_in_kernel(&self, start: u64, length: u64) -> Result<u64, Failure> {
        let mut done = 0;
        while done < length && !self.abilities.cannot_copy_range.load(Ordering::Relaxed) {
            let (mut from, mut to) = (start + done, start + done);
            let step = usize::try_from((length - done).min(STEP)).unwrap_or(usize::MAX);
            let copied = retry_on_intr(|| {
                rustix::fs::copy_file_range(
                    self.from,
                    Some(&mut from),
                    self.to,
                    Some(&mut to),
                    step,
                )
            });
            match copied {
                Ok(0) => break,
                Ok(copied) => {
                    done += copied as u64;
                    (self.heard)(copied as u64);
                }
                Err(errno @ (Errno::NOSPC | Errno::DQUOT | Errno::IO | Errno::FBIG)) => {
                    return Err(Failure::of("copy", errno));
                }
                Err(_) => {
                    let cannot = &self.abilities.cannot_copy_range;
                    cannot.store(true, Ordering::Relaxed);
                }
            }
        }
        Ok(done)
    }

    /// Copies what fits into the buffer and returns how much that was; 0 at the end.
    fn pump(&mut self, at: u64, length: u64) -> Result<u64, Failure> {
        let most = self.buffer.0.len();
        let part = usize::try_from(length).map_or(most, |length| length.min(most));
        let room = &mut self.buffer.0[..part];
        let read = retry_on_intr(|| rustix::io::pread(self.from, &mut *room, at))
            .map_err(|errno| Failure::of("read", errno))?;
        let mut written = 0;
        while written < read {
            let rest = &self.buffer.0[written..read];
            let more = retry_on_intr(|| rustix::io::pwrite(self.to, rest, at + written as u64))
                .map_err(|errno| Failure::of("write", errno))?;
            if more == 0 {
                return Err(Failure::of("write", Errno::IO));
            }
            written += more;
        }
        (self.heard)(read as u64);
        Ok(read as u64)
    }
}

fn read_exactly(file: BorrowedFd<'_>, bytes: &mut [u8], at: u64) -> Result<bool, Errno> {
    let mut done = 0;
    while done < bytes.len() {
        let rest = &mut bytes[done..];
        match retry_on_intr(|| rustix::io::pread(file, &mut *rest, at + done as u64))? {
            0 => return Ok(false),
            read => done += read,
        }
    }
    Ok(true)
}
