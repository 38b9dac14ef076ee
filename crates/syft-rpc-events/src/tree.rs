//! Files in a tree that peers write into: nothing is followed, nothing is seen half.

use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::fs::FileExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

#[cfg(target_os = "linux")]
use rustix::fs::ResolveFlags;
use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat},
    io::Errno,
};
use syft_state::Timestamp;

/// No link is followed, no pipe waited for, nothing handed to children.
const GUARDED: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
const LISTED: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(GUARDED);
/// A directory that is only passed through: that wakes nobody who watches it.
#[cfg(target_os = "linux")]
const DIRECTORY: OFlags = OFlags::PATH.union(LISTED);
#[cfg(not(target_os = "linux"))]
const DIRECTORY: OFlags = LISTED;

/// Tells files that are being written by this process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A directory whose files are read and written by their paths below it, with slashes.
///
/// A link anywhere on such a path is an error, whoever made it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    staging: PathBuf,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fingerprint {
    inode: u64,
    length: u64,
    seconds: i64,
    nanoseconds: u64,
}

impl Fingerprint {
    fn of(stat: &Stat) -> Self {
        Self {
            inode: stat.st_ino,
            length: u64::try_from(stat.st_size).unwrap_or(0),
            #[expect(
                clippy::useless_conversion,
                reason = "its type differs between systems"
            )]
            seconds: stat.st_mtime.into(),
            #[expect(
                clippy::useless_conversion,
                reason = "its type differs between systems"
            )]
            nanoseconds: u64::try_from(stat.st_mtime_nsec).unwrap_or(0),
        }
    }

    /// Makes one up.
    #[cfg(test)]
    pub(crate) fn for_test(length: u64) -> Self {
        Self {
            inode: 1,
            length,
            seconds: 0,
            nanoseconds: 0,
        }
    }

    /// Makes one up of a file that was changed then, in seconds since 1970.
    #[cfg(test)]
    pub(crate) fn of_time(seconds: i64) -> Self {
        Self {
            seconds,
            ..Self::for_test(1)
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns when the file was changed.
    pub(crate) fn time(&self) -> Timestamp {
        let micros = self.modified() / 1_000;
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// Returns when the file was changed, in nanoseconds since 1970.
    pub(crate) fn modified(&self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }
}

/// The beginning of a file.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) print: Fingerprint,
    /// `None` if the file is larger than it may be.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) is_directory: bool,
}

/// Whether a file may take the place of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replace {
    Yes,
    No,
}

impl Replace {
    fn flags(self) -> RenameFlags {
        match self {
            Self::Yes => RenameFlags::empty(),
            Self::No => RenameFlags::NOREPLACE,
        }
    }
}

/// A directory of a tree, to look at many of its files.
#[derive(Debug)]
pub(crate) struct Directory(OwnedFd);

impl Directory {
    /// Returns what tells the state of a regular file or of a directory; links have none.
    pub(crate) fn look(&self, name: &str) -> io::Result<Fingerprint> {
        let stat = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile | FileType::Directory => Ok(Fingerprint::of(&stat)),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Reads a regular file of at most `limit` bytes.
    pub(crate) fn read(&self, name: &str, limit: u64) -> io::Result<Content> {
        let flags = OFlags::RDONLY | GUARDED;
        let file = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        read(file, limit)
    }

    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Removes a directory if nothing is in it.
    pub(crate) fn remove_directory(&self, name: &str) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::REMOVEDIR)?)
    }
}

impl Tree {
    pub(crate) fn new(root: PathBuf, staging: PathBuf) -> Self {
        Self { root, staging }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Reads a regular file of at most `limit` bytes.
    pub(crate) fn read(&self, path: &str, limit: u64) -> io::Result<Content> {
        let (directory, name) = self.parent(path)?;
        Directory(directory).read(name, limit)
    }

    /// Opens a directory; `""` is the root.
    pub(crate) fn directory(&self, path: &str) -> io::Result<Directory> {
        Ok(Directory(self.open_directory(path)?))
    }

    /// Returns what tells a file's state, without reading it; links and directories have none.
    pub(crate) fn look(&self, path: &str) -> io::Result<Fingerprint> {
        let (directory, name) = self.parent(path)?;
        let stat = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Fingerprint::of(&stat)),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "no regular file",
            )),
        }
    }

    /// Puts a file in its place completely or not at all, and lets watchers of any kind know.
    ///
    /// The Go client listens for writes only, which a rename is not: the last byte is written
    /// once more in place (rpc.md §3.7).
    pub(crate) fn write(&self, path: &str, bytes: &[u8], replace: Replace) -> io::Result<File> {
        let (directory, name) = self.parent(path)?;
        self.write_in(&Directory(directory), name, bytes, replace)
    }

    /// Writes as [`Self::write`] does, into a directory that is open.
    pub(crate) fn write_in(
        &self,
        directory: &Directory,
        name: &str,
        bytes: &[u8],
        replace: Replace,
    ) -> io::Result<File> {
        let (file, temporary) = self.stage(bytes)?;
        let flags = replace.flags();
        let renamed = rustix::fs::renameat_with(CWD, &temporary, &directory.0, name, flags);
        if let Err(errno) = renamed {
            // What cannot be removed is swept as any other leftover.
            std::fs::remove_file(&temporary).ok();
            return Err(errno.into());
        }
        touch(&file, bytes)?;
        Ok(file)
    }

    fn stage(&self, bytes: &[u8]) -> io::Result<(File, PathBuf)> {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("rpc-{}-{number}.tmp", std::process::id());
        let path = self.staging.join(name);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | GUARDED;
        let open = || rustix::fs::open(&path, flags, Mode::from_raw_mode(0o644));
        let file = match open() {
            Err(Errno::NOENT) => {
                std::fs::create_dir_all(&self.staging)?;
                open()?
            }
            file => file?,
        };
        let file = File::from(file);
        file.write_all_at(bytes, 0)?;
        Ok((file, path))
    }

    pub(crate) fn remove(&self, path: &str) -> io::Result<()> {
        let (directory, name) = self.parent(path)?;
        Directory(directory).remove(name)
    }

    /// Gives a file another place in the tree.
    pub(crate) fn rename(&self, from: &str, to: &str, replace: Replace) -> io::Result<()> {
        let (old_directory, old_name) = self.parent(from)?;
        let (new_directory, new_name) = self.parent(to)?;
        let flags = replace.flags();
        let renamed =
            rustix::fs::renameat_with(&old_directory, old_name, &new_directory, new_name, flags);
        Ok(renamed?)
    }

    /// Lists the regular files and directories of a directory; `""` is the root.
    ///
    /// Names that are no UTF-8 are left out: no message has one.
    pub(crate) fn list(&self, path: &str) -> io::Result<Vec<Entry>> {
        let directory = self.open_directory(path)?;
        let directory = rustix::fs::openat(&directory, ".", LISTED, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in Dir::new(directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            let is_directory = match entry.file_type() {
                FileType::Directory => true,
                FileType::RegularFile => false,
                // Some file systems do not tell; then asking costs a call.
                FileType::Unknown => {
                    let path = join(path, name);
                    match self.open_directory(&path) {
                        Ok(_) => true,
                        Err(_) if self.look(&path).is_ok() => false,
                        Err(_) => continue,
                    }
                }
                _ => continue,
            };
            if name != "." && name != ".." {
                entries.push(Entry {
                    name: name.to_owned(),
                    is_directory,
                });
            }
        }
        Ok(entries)
    }

    /// Makes a directory and those above it up to the root.
    pub(crate) fn make_directory(&self, path: &str) -> io::Result<()> {
        std::fs::create_dir_all(&self.root)?;
        let mut made = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            made = join(&made, part);
            let (directory, name) = self.parent(&made)?;
            match rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        // What stood there already may be a link or a file.
        self.open_directory(path).map(drop)
    }

    fn parent<'a>(&self, path: &'a str) -> io::Result<(OwnedFd, &'a str)> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.open_directory(directory)?, name))
    }

    fn open_directory(&self, path: &str) -> io::Result<OwnedFd> {
        // The root itself is ours, and may well be reached through links.
        let flags = DIRECTORY.difference(OFlags::NOFOLLOW);
        let root = rustix::fs::open(&self.root, flags, Mode::empty())?;
        let parts = || path.split('/').filter(|part| !part.is_empty());
        if parts().any(|part| matches!(part, "." | "..")) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        #[cfg(target_os = "linux")]
        if !path.is_empty() {
            let guard = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            // It refuses flags that mean nothing for such a directory.
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            match rustix::fs::openat2(&root, path, flags, Mode::empty(), guard) {
                // Old systems and some sandboxes have no such call.
                Err(Errno::NOSYS | Errno::PERM) => {}
                opened => return Ok(opened?),
            }
        }
        parts().try_fold(root, |above, part| {
            let opened = rustix::fs::openat(&above, part, DIRECTORY, Mode::empty());
            Ok(opened?)
        })
    }
}

fn read(file: OwnedFd, limit: u64) -> io::Result<Content> {
    let stat = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "no regular file",
        ));
    }
    let print = Fingerprint::of(&stat);
    if print.length > limit {
        return Ok(Content { print, bytes: None });
    }
    // A writer may go on meanwhile. What it adds belongs to the next state of the file, of which
    // this fingerprint is none: then it is looked at again.
    let mut bytes = vec![0; usize::try_from(print.length).unwrap_or(0)];
    let length = fill(&File::from(file), &mut bytes)?;
    bytes.truncate(length);
    Ok(Content {
        print,
        bytes: Some(bytes),
    })
}

/// Reads from the beginning until the buffer is full or the file ends; returns the length.
fn fill(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < bytes.len() {
        match file.read_at(&mut bytes[length..], length as u64) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Writes the last byte of a file once more: content and length stay, and watchers hear of it.
pub(crate) fn touch(file: &File, bytes: &[u8]) -> io::Result<()> {
    match bytes {
        [] => Ok(()),
        [.., last] => file.write_all_at(&[*last], bytes.len() as u64 - 1),
    }
}

/// Joins a path and a name with a slash where one is needed.
pub(crate) fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}/{name}")
    }
}
