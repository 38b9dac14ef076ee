use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    fs::{AtFlags, Gid, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, Uid, XattrFlags},
    io::Errno,
};

use super::At;
use crate::mirror::{Meta, Options, Time, execute::Failure};

/// The only extended attributes that concern users and that every user may set.
const NAMESPACE: &[u8] = b"user.";
/// Linux lists and keeps no more.
const MOST_XATTR_BYTES: usize = 64 * 1024;

/// Gives a new file the attributes of its model, or keeps those of the one that it replaces.
pub(super) fn give_new(
    file: BorrowedFd<'_>,
    model: &Meta,
    over: Option<&Meta>,
    options: &Options,
) -> Result<(), Failure> {
    let mode = if options.permissions {
        Some(model.mode)
    } else {
        over.map(|over| over.mode)
            .or_else(|| options.ownership.then_some(model.mode))
    };
    give_to(file, mode, model, options)
}

/// Brings the attributes of a file or directory in step with those of its model.
pub(in crate::mirror) fn give(at: At<'_>, model: &Meta, options: &Options) -> Result<(), Failure> {
    let open = |access: OFlags| {
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        rustix::fs::openat(at.directory, at.name, flags, Mode::empty())
    };
    let file = match open(OFlags::RDONLY) {
        // An owner who may not read may still be able to write, and who may neither, can
        // give himself the right.
        Err(Errno::ACCESS) => open(OFlags::WRONLY).or_else(|_| {
            let readable = Mode::from_raw_mode(u32::from(model.mode) | 0o400);
            rustix::fs::chmodat(at.directory, at.name, readable, AtFlags::SYMLINK_NOFOLLOW)?;
            open(OFlags::RDONLY)
        }),
        file => file,
    };
    let file = file.map_err(|errno| Failure::of("open", errno))?;
    give_open(file.as_fd(), model, options)
}

/// Brings owner and times of a symbolic link in step with those of its model.
pub(in crate::mirror) fn give_link(
    at: At<'_>,
    model: &Meta,
    options: &Options,
) -> Result<(), Failure> {
    if options.ownership {
        let (uid, gid) = owner(model);
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        rustix::fs::chownat(at.directory, at.name, uid, gid, flags)
            .map_err(|errno| Failure::of("change the owner of", errno))?;
    }
    if options.timestamps {
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        match rustix::fs::utimensat(at.directory, at.name, &times(model.mtime), flags) {
            // Some file systems keep no times of links.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(errno) => return Err(Failure::of("set the times of", errno)),
        }
    }
    Ok(())
}

/// Brings the attributes of what is open in step with those of its model.
pub(in crate::mirror) fn give_open(
    file: BorrowedFd<'_>,
    model: &Meta,
    options: &Options,
) -> Result<(), Failure> {
    let mode = options.permissions.then_some(model.mode);
    give_to(file, mode, model, options)
}

fn give_to(
    file: BorrowedFd<'_>,
    mode: Option<u16>,
    model: &Meta,
    options: &Options,
) -> Result<(), Failure> {
    // A change of the owner takes away some permissions, so it comes first.
    if options.ownership {
        let (uid, gid) = owner(model);
        rustix::fs::fchown(file, uid, gid)
            .map_err(|errno| Failure::of("change the owner of", errno))?;
    }
    if let Some(mode) = mode {
        rustix::fs::fchmod(file, Mode::from_raw_mode(u32::from(mode)))
            .map_err(|errno| Failure::of("set the permissions of", errno))?;
    }
    if options.timestamps {
        rustix::fs::futimens(file, &times(model.mtime))
            .map_err(|errno| Failure::of("set the times of", errno))?;
    }
    Ok(())
}

/// Copies the extended attributes that are the user's own, and takes away those the source lacks.
pub(super) fn copy_xattrs(from: &OwnedFd, to: BorrowedFd<'_>) -> Result<(), Failure> {
    let failure = |errno| Failure::of("copy the extended attributes of", errno);
    let Some(names) = xattr_names(from.as_fd()).map_err(failure)? else {
        return Ok(());
    };
    let mut value = vec![0; MOST_XATTR_BYTES];
    for name in names {
        let length = rustix::fs::fgetxattr(from, &*name, &mut *value).map_err(failure)?;
        rustix::fs::fsetxattr(to, &*name, &value[..length], XattrFlags::empty())
            .map_err(failure)?;
    }
    Ok(())
}

/// Lists the user's extended attributes; none where the file system keeps none.
fn xattr_names(file: BorrowedFd<'_>) -> Result<Option<Vec<Vec<u8>>>, Errno> {
    let mut list = vec![0; MOST_XATTR_BYTES];
    let length = match rustix::fs::flistxattr(file, &mut *list) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Ok(None),
        Err(errno) => return Err(errno),
    };
    let names = list[..length].split(|byte| *byte == 0);
    let wanted = names.filter(|name| name.starts_with(NAMESPACE));
    Ok(Some(wanted.map(<[u8]>::to_vec).collect()))
}

fn owner(model: &Meta) -> (Option<Uid>, Option<Gid>) {
    (
        Some(Uid::from_raw(model.uid)),
        Some(Gid::from_raw(model.gid)),
    )
}

fn times(mtime: Time) -> Timestamps {
    Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: mtime.seconds,
            tv_nsec: mtime.nanos.into(),
        },
    }
}
