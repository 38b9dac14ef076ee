use std::{
    ffi::OsStr,
    hash::{BuildHasher, Hasher, RandomState},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{AtFlags, FlockOperation, Mode, OFlags, RenameFlags},
    io::Errno,
};

use super::{At, is_as_seen, look_at};
use crate::mirror::Meta;

/// All temporary names begin like this; no look at a tree shows them.
pub(in crate::mirror) const PREFIX: &str = ".syft-tmp.";

/// A file that is written where nobody sees it and vanishes unless it takes its place.
#[derive(Debug)]
pub(super) struct Temporary<'a> {
    directory: BorrowedFd<'a>,
    file: OwnedFd,
    name: Name,
}

#[derive(Debug)]
enum Name {
    /// It never had one, and gets its final one at once: the cheapest way to a new file, and one
    /// that leaves nothing when the process dies.
    Unnamed,
    /// It is locked while it has this name, so that others can tell it from a leftover.
    Temporary(String),
    Final,
}

/// What became of an attempt to give something its final name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mirror) enum Placed {
    Yes,
    /// Not what was seen there, so it stays.
    SomethingElseIsThere,
}

impl<'a> Temporary<'a> {
    /// Makes a file without a name, which can become a new file but replace none.
    pub(super) fn unnamed(directory: BorrowedFd<'a>, mode: Mode) -> Result<Self, Errno> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        Ok(Self {
            directory,
            file: rustix::fs::openat(directory, ".", flags, mode)?,
            name: Name::Unnamed,
        })
    }

    /// Makes a file with a temporary name.
    pub(super) fn named(directory: BorrowedFd<'a>, mode: Mode) -> Result<Self, Errno> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (name, file) = with_free_name(|name| rustix::fs::openat(directory, name, flags, mode))?;
        // Where there are no locks, the job's own lock has to do.
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).ok();
        Ok(Self {
            directory,
            file,
            name: Name::Temporary(name),
        })
    }

    pub(super) fn is_unnamed(&self) -> bool {
        matches!(self.name, Name::Unnamed)
    }

    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Makes it as if nothing had been written.
    pub(super) fn empty(&self) -> Result<(), Errno> {
        rustix::fs::ftruncate(&self.file, 0)?;
        rustix::fs::seek(&self.file, rustix::fs::SeekFrom::Start(0)).map(drop)
    }

    /// Gives it its name, over what is expected there and nothing else.
    pub(super) fn take_place(&mut self, to: At<'_>, over: Option<&Meta>) -> Result<Placed, Errno> {
        let placed = match &self.name {
            Name::Temporary(name) => {
                let from = At {
                    directory: self.directory,
                    name: OsStr::new(name),
                };
                put(from, to, over)?
            }
            Name::Unnamed | Name::Final => match link(&self.file, to) {
                Ok(()) => Placed::Yes,
                Err(Errno::EXIST) => Placed::SomethingElseIsThere,
                Err(errno) => return Err(errno),
            },
        };
        if placed == Placed::Yes {
            self.name = Name::Final;
        }
        Ok(placed)
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if let Name::Temporary(name) = &self.name {
            discard(self.directory, name);
        }
    }
}

/// Gives an open file without a name one; older systems do so by a detour alone.
fn link(file: &OwnedFd, to: At<'_>) -> Result<(), Errno> {
    let linked = rustix::fs::linkat(file, "", to.directory, to.name, AtFlags::EMPTY_PATH);
    if linked != Err(Errno::NOENT) {
        return linked;
    }
    let detour = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = AtFlags::SYMLINK_FOLLOW;
    rustix::fs::linkat(rustix::fs::CWD, detour, to.directory, to.name, flags)
}

/// Renames over what is expected at a place and nothing else.
pub(in crate::mirror) fn put(
    from: At<'_>,
    to: At<'_>,
    over: Option<&Meta>,
) -> Result<Placed, Errno> {
    match (look_at_expected(to, over)?, over) {
        (false, _) => return Ok(Placed::SomethingElseIsThere),
        (true, Some(_)) => rustix::fs::renameat(from.directory, from.name, to.directory, to.name)?,
        (true, None) => return put_where_nothing_is(from, to),
    }
    Ok(Placed::Yes)
}

/// An entry that is to be new needs no look: the system refuses if something is there.
fn look_at_expected(to: At<'_>, over: Option<&Meta>) -> Result<bool, Errno> {
    let Some(over) = over else { return Ok(true) };
    Ok(look_at(to)?.is_none_or(|now| is_as_seen(&now, over)))
}

fn put_where_nothing_is(from: At<'_>, to: At<'_>) -> Result<Placed, Errno> {
    let exclusive = rustix::fs::renameat_with(
        from.directory,
        from.name,
        to.directory,
        to.name,
        RenameFlags::NOREPLACE,
    );
    match exclusive {
        Ok(()) => Ok(Placed::Yes),
        Err(Errno::EXIST) => Ok(Placed::SomethingElseIsThere),
        // Some file systems cannot refuse by themselves.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            if look_at(to)?.is_some() {
                return Ok(Placed::SomethingElseIsThere);
            }
            rustix::fs::renameat(from.directory, from.name, to.directory, to.name)?;
            Ok(Placed::Yes)
        }
        Err(errno) => Err(errno),
    }
}

/// Makes something under a temporary name that was free.
pub(in crate::mirror) fn with_free_name<T>(
    mut make: impl FnMut(&str) -> Result<T, Errno>,
) -> Result<(String, T), Errno> {
    loop {
        let name = fresh_name();
        match make(&name) {
            Ok(made) => return Ok((name, made)),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Removes what has a temporary name; that it is gone already is as good.
pub(in crate::mirror) fn discard(directory: BorrowedFd<'_>, name: &str) {
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => tracing::warn!("cannot remove the temporary file {name}: {errno}"),
    }
}

/// Removes what a dead run left under a temporary name, unless a living one is at it.
pub(in crate::mirror) fn sweep(leftover: At<'_>) -> Result<bool, Errno> {
    if !leftover.name.as_bytes().starts_with(PREFIX.as_bytes()) {
        return Ok(false);
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match rustix::fs::openat(leftover.directory, leftover.name, flags, Mode::empty()) {
        Ok(file) => {
            let locked = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
            if locked == Err(Errno::WOULDBLOCK) {
                return Ok(false);
            }
        }
        Err(Errno::NOENT) => return Ok(false),
        // A link, or a file that not even its owner may read.
        Err(Errno::LOOP | Errno::ACCESS) => {}
        Err(errno) => return Err(errno),
    }
    rustix::fs::unlinkat(leftover.directory, leftover.name, AtFlags::empty())?;
    Ok(true)
}

fn fresh_name() -> String {
    static SEED: std::sync::LazyLock<u64> =
        std::sync::LazyLock::new(|| RandomState::new().build_hasher().finish());
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{:016x}", SEED.wrapping_add(number))
}
