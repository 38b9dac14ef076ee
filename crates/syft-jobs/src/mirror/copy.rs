//! How one file comes to its new place.
//!
//! The content goes to a temporary file beside the place, which gets its name when it is whole.

mod attributes;
mod content;
mod state;
pub(super) mod temporary;

use std::{
    ffi::OsStr,
    os::fd::{BorrowedFd, OwnedFd},
    sync::atomic::Ordering,
    thread,
};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use super::{Durability, Kind, Meta, Options, Symlinks, execute::Failure};
pub(super) use attributes::{give, give_link, give_open};
use content::Abilities;
pub(super) use content::Buffer;
use state::{State, examine};
use temporary::{Placed, Temporary};

/// So often a file is copied that changes each time.
const ATTEMPTS: usize = 3;

/// What all copies of a run have in common.
#[derive(Debug)]
pub(super) struct Copier<'a> {
    options: &'a Options,
    abilities: Abilities,
}

/// A name in an open directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    pub(super) directory: BorrowedFd<'a>,
    pub(super) name: &'a OsStr,
}

/// A file to be copied, and where to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand<'a> {
    pub(super) from: At<'a>,
    /// What the look at the source said about it.
    pub(super) seen: &'a Meta,
    pub(super) to: At<'a>,
    /// What is there and is to be replaced.
    pub(super) over: Option<&'a Meta>,
}

impl<'a> Copier<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self {
            options,
            abilities: Abilities::default(),
        }
    }

    /// Copies a file and returns how many bytes it has.
    ///
    /// What was at its place stays until all is there, and stays for good when this fails.
    pub(super) fn copy(
        &self,
        errand: &Errand<'_>,
        buffer: &mut Buffer,
        heard: &dyn Fn(u64),
    ) -> Result<u64, Failure> {
        let (source, before) = self.open(errand)?;
        let mut temporary = self.temporary(errand)?;
        let (size, meta) = self.fill(&source, before, &temporary, buffer, heard)?;
        self.give_attributes(errand, &source, &meta, &temporary)?;
        match temporary.take_place(errand.to, errand.over) {
            Ok(Placed::Yes) => Ok(size),
            Ok(Placed::SomethingElseIsThere) => Err(Failure::unexpected()),
            // Not every system lets a file have a name that had none.
            Err(Errno::NOENT | Errno::PERM | Errno::XDEV | Errno::OPNOTSUPP)
                if temporary.is_unnamed() =>
            {
                let cannot = &self.abilities.cannot_be_unnamed;
                cannot.store(true, Ordering::Relaxed);
                self.copy(errand, buffer, heard)
            }
            Err(errno) => Err(Failure::of("name", errno)),
        }
    }

    /// Copies the content until it is the source's at one moment.
    fn fill(
        &self,
        source: &OwnedFd,
        mut before: State,
        temporary: &Temporary<'_>,
        buffer: &mut Buffer,
        heard: &dyn Fn(u64),
    ) -> Result<(u64, Meta), Failure> {
        let (file, abilities) = (temporary.file(), &self.abilities);
        for _ in 0..ATTEMPTS {
            let size = before.meta.size;
            let copied = content::copy(source, file, &before, abilities, buffer, heard)?;
            let after = examine(source)?;
            if copied == size && after == before && !after.is_fresh() {
                if self.options.verify {
                    content::verify(source, file, size, buffer)?;
                }
                return Ok((size, after.meta));
            }
            thread::sleep(after.rest_of_freshness());
            before = examine(source)?;
            temporary
                .empty()
                .map_err(|errno| Failure::of("empty the temporary file", errno))?;
        }
        Err(Failure::changed_during_copy(ATTEMPTS))
    }

    /// Makes the file that is to become the copy, without a name where that will do.
    fn temporary<'b>(&self, errand: &Errand<'b>) -> Result<Temporary<'b>, Failure> {
        let (directory, mode) = (errand.to.directory, self.first_mode(errand));
        let cannot = &self.abilities.cannot_be_unnamed;
        if errand.over.is_none() && !cannot.load(Ordering::Relaxed) {
            match Temporary::unnamed(directory, mode) {
                // So say file systems that know no such files, and old systems.
                Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {
                    cannot.store(true, Ordering::Relaxed);
                }
                made => {
                    return made.map_err(|errno| Failure::of("create a temporary file for", errno));
                }
            }
        }
        Temporary::named(directory, mode)
            .map_err(|errno| Failure::of("create a temporary file for", errno))
    }

    /// Opens the source and makes sure that it is a file, and one that was seen.
    fn open(&self, errand: &Errand<'_>) -> Result<(OwnedFd, State), Failure> {
        let follows = self.options.symlinks == Symlinks::Follow;
        let mut flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        flags.set(OFlags::NOFOLLOW, !follows);
        let source = self
            .open_unnoticed(errand.from, flags)
            .map_err(|errno| Failure::of("open", errno))?;
        let state = examine(&source)?;
        if state.meta.kind != Kind::File {
            return Err(Failure::special(state.meta.kind));
        }
        let is_it = (state.meta.dev, state.meta.ino) == (errand.seen.dev, errand.seen.ino);
        if follows && !is_it {
            // A link that leads elsewhere by now could lead out of bounds.
            return Err(Failure::changed_during_copy(1));
        }
        Ok((source, state))
    }

    /// Opens a file without a trace in its time of access, where its owner or root asks.
    fn open_unnoticed(&self, from: At<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
        let open = |flags| rustix::fs::openat(from.directory, from.name, flags, Mode::empty());
        let is_noticed = &self.abilities.is_noticed;
        if is_noticed.load(Ordering::Relaxed) {
            return open(flags);
        }
        match open(flags | OFlags::NOATIME) {
            Err(Errno::PERM) => {
                is_noticed.store(true, Ordering::Relaxed);
                open(flags)
            }
            opened => opened,
        }
    }

    /// The temporary file is never open to more people than the file will be.
    fn first_mode(&self, errand: &Errand<'_>) -> Mode {
        let wanted = if self.options.ownership {
            0o600
        } else {
            u32::from(errand.seen.mode) & 0o777
        };
        Mode::from_raw_mode(wanted)
    }

    fn give_attributes(
        &self,
        errand: &Errand<'_>,
        source: &OwnedFd,
        meta: &Meta,
        temporary: &Temporary<'_>,
    ) -> Result<(), Failure> {
        if self.options.xattrs {
            attributes::copy_xattrs(source, temporary.file())?;
        }
        attributes::give_new(temporary.file(), meta, errand.over, self.options)?;
        if self.options.durability == Durability::File {
            rustix::fs::fsync(temporary.file()).map_err(|errno| Failure::of("flush", errno))?;
        }
        Ok(())
    }
}

/// Looks at a name, without following a link.
pub(super) fn look_at(at: At<'_>) -> Result<Option<Meta>, Errno> {
    match rustix::fs::statat(at.directory, at.name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(Meta::from(&stat))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Returns whether what is at a place is what was seen there.
pub(super) fn is_as_seen(now: &Meta, seen: &Meta) -> bool {
    let content = |meta: &Meta| (meta.kind, meta.size, meta.mtime);
    match now.kind {
        // Its size and time change with what is in it.
        Kind::Directory => seen.kind == Kind::Directory,
        _ => content(now) == content(seen),
    }
}
