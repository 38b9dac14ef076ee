//! What is done with single entries that have no content to copy.

use std::ffi::OsStr;

use rustix::{
    fs::{AtFlags, Mode},
    io::Errno,
};

use super::{Failure, worker::Done};
use crate::mirror::{
    ErrorKind, Kind, Meta, Options,
    copy::{
        self, At, is_as_seen, look_at,
        temporary::{Placed, discard, put, with_free_name},
    },
    plan::{Work, aside::aside_name},
};

/// Makes a directory, open to its owner until it is finished.
pub(super) fn make_directory(to: At<'_>, mode: u16) -> Result<Done, Failure> {
    let mode = Mode::from_raw_mode(u32::from(mode) & 0o777 | 0o700);
    match rustix::fs::mkdirat(to.directory, to.name, mode) {
        Ok(()) => Ok(Done::CreatedDirectory),
        Err(Errno::EXIST) => match look(to)? {
            Some(meta) if meta.kind == Kind::Directory => Ok(Done::Settled),
            _ => Err(Failure::unexpected()),
        },
        Err(errno) => Err(Failure::of("make the directory", errno)),
    }
}

pub(super) fn make_symlink(
    to: At<'_>,
    target: &OsStr,
    meta: &Meta,
    over: Option<&Meta>,
    options: &Options,
) -> Result<Done, Failure> {
    if over.is_none() {
        return match rustix::fs::symlinkat(target, to.directory, to.name) {
            Ok(()) => copy::give_link(to, meta, options).map(|()| Done::Copied(0)),
            Err(Errno::EXIST) => Err(Failure::unexpected()),
            Err(errno) => Err(Failure::of("make the link", errno)),
        };
    }
    let make = |name: &str| rustix::fs::symlinkat(target, to.directory, name);
    let (name, ()) = with_free_name(make).map_err(|errno| Failure::of("make the link", errno))?;
    let from = At {
        directory: to.directory,
        name: OsStr::new(&name),
    };
    let placed = copy::give_link(from, meta, options).and_then(|()| replace(from, to, over));
    if placed.is_err() {
        discard(to.directory, &name);
    }
    placed.map(|()| Done::Updated(0))
}

/// Makes a further name of a file that was copied; `None` when that does not work here.
pub(super) fn make_hard_link(
    first: At<'_>,
    model: &Meta,
    to: At<'_>,
    over: Option<&Meta>,
    options: &Options,
) -> Result<Option<Done>, Failure> {
    let Some(copied) = look(first)? else {
        return Ok(None);
    };
    // If its copy failed, there may be an older one, and its further names would be as old.
    let is_current = copied.kind == Kind::File
        && copied.size == model.size
        && (!options.timestamps || copied.mtime.distance(model.mtime) <= options.modify_window);
    if !is_current {
        return Ok(None);
    }
    let link = |name: &OsStr| {
        let flags = AtFlags::empty();
        rustix::fs::linkat(first.directory, first.name, to.directory, name, flags)
    };
    if over.is_none() {
        return match link(to.name) {
            Ok(()) => Ok(Some(Done::Copied(0))),
            Err(Errno::EXIST) => Err(Failure::unexpected()),
            Err(errno) if cannot_link(errno) => Ok(None),
            Err(errno) => Err(Failure::of("link", errno)),
        };
    }
    let name = match with_free_name(|name| link(OsStr::new(name))) {
        Ok((name, ())) => name,
        Err(errno) if cannot_link(errno) => return Ok(None),
        Err(errno) => return Err(Failure::of("link", errno)),
    };
    let from = At {
        directory: to.directory,
        name: OsStr::new(&name),
    };
    let placed = replace(from, to, over);
    // Renaming does nothing when both are names of one file already.
    discard(to.directory, &name);
    placed.map(|()| Some(Done::Updated(0)))
}

pub(super) fn set_attributes(to: At<'_>, meta: &Meta, options: &Options) -> Result<Done, Failure> {
    match meta.kind {
        Kind::Symlink => copy::give_link(to, meta, options)?,
        _ => copy::give(to, meta, options)?,
    }
    Ok(Done::Updated(0))
}

/// Deletes an entry if it is what was seen there, a directory if it is empty.
pub(super) fn delete(at: At<'_>, seen: &Meta) -> Result<Done, Failure> {
    let Some(now) = look(at)? else {
        return Ok(Done::Settled);
    };
    if !is_as_seen(&now, seen) {
        return Err(Failure::unexpected());
    }
    let flags = match now.kind {
        Kind::Directory => AtFlags::REMOVEDIR,
        _ => AtFlags::empty(),
    };
    match rustix::fs::unlinkat(at.directory, at.name, flags) {
        Ok(()) => Ok(Done::Deleted),
        Err(Errno::NOENT) => Ok(Done::Settled),
        // What is in there takes no part or is new; so the directory stays.
        Err(Errno::NOTEMPTY | Errno::EXIST) if now.kind == Kind::Directory => Ok(Done::Skipped),
        Err(errno) => Err(Failure::of("delete", errno)),
    }
}

/// A directory that has to stay is a failure when something else was to take its place.
pub(super) fn check_room(work: Work, done: Done) -> Result<Done, Failure> {
    if work == Work::MakeRoom && done == Done::Skipped {
        return Err(Failure::new(
            ErrorKind::TypeClash,
            "a directory is in its place and holds what takes no part",
        ));
    }
    Ok(done)
}

/// Moves an entry to a name of its own beside its place.
pub(super) fn keep_aside(at: At<'_>, seen: &Meta) -> Result<Done, Failure> {
    match look(at)? {
        None => return Ok(Done::Settled),
        Some(now) if !is_as_seen(&now, seen) => return Err(Failure::unexpected()),
        Some(_) => {}
    }
    for attempt in 1.. {
        let name = aside_name(at.name, seen.mtime, attempt);
        let to = At { name: &name, ..at };
        match put(at, to, None) {
            Ok(Placed::Yes) => break,
            Ok(Placed::SomethingElseIsThere) => {}
            Err(errno) => return Err(Failure::of("move aside", errno)),
        }
    }
    Ok(Done::Settled)
}

fn replace(from: At<'_>, to: At<'_>, over: Option<&Meta>) -> Result<(), Failure> {
    match put(from, to, over) {
        Ok(Placed::Yes) => Ok(()),
        Ok(Placed::SomethingElseIsThere) => Err(Failure::unexpected()),
        Err(errno) => Err(Failure::of("replace", errno)),
    }
}

fn look(at: At<'_>) -> Result<Option<Meta>, Failure> {
    look_at(at).map_err(|errno| Failure::of("examine", errno))
}

/// Whether a file system refuses links altogether, or has too many of this file.
fn cannot_link(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::MLINK | Errno::XDEV | Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS
    )
}
