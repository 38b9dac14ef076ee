//! Directories below a root, opened without being led astray.

use std::{os::fd::OwnedFd, path::Path};

use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::CLOEXEC);

/// Opens the directory at a relative path below an open one; an empty path is that directory.
///
/// No symbolic link is followed anywhere on the way, so nobody who can change the tree can lead
/// this out of it. A path of any length will do.
///
/// # Errors
///
/// Those of `openat`; a link on the way is `ELOOP` or `ENOTDIR`.
pub(crate) fn open_beneath(root: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    if path.as_os_str().is_empty() {
        return rustix::fs::openat(root, ".", FLAGS, Mode::empty());
    }
    #[cfg(target_os = "linux")]
    match in_one(root, path) {
        // An old kernel, a sandbox that does not know the call, or a path that is too long.
        Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN | Errno::NAMETOOLONG) => {}
        answer => return answer,
    }
    step_by_step(root, path)
}

#[cfg(target_os = "linux")]
fn in_one(root: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    use rustix::fs::ResolveFlags;

    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    rustix::fs::openat2(root, path, FLAGS, Mode::empty(), resolve)
}

fn step_by_step(root: &OwnedFd, path: &Path) -> Result<OwnedFd, Errno> {
    let mut at = rustix::fs::openat(root, ".", FLAGS, Mode::empty())?;
    for name in path {
        at = rustix::fs::openat(&at, name, FLAGS, Mode::empty())?;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::PathBuf};

    use super::*;

    fn open(path: &Path) -> OwnedFd {
        rustix::fs::open(path, FLAGS, Mode::empty()).unwrap()
    }

    #[test]
    fn links_are_not_followed_on_the_way() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/b")).unwrap();
        symlink("a", dir.path().join("link")).unwrap();
        let root = open(dir.path());
        for opener in [open_beneath, step_by_step] {
            assert!(opener(&root, Path::new("a/b")).is_ok());
            assert!(opener(&root, Path::new("link/b")).is_err());
            assert!(opener(&root, Path::new("link")).is_err());
        }
    }

    #[test]
    fn paths_may_be_longer_than_the_system_takes_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let root = open(dir.path());
        let name = "d".repeat(200);
        let mut at = open_beneath(&root, Path::new("")).unwrap();
        let mut path = PathBuf::new();
        for _ in 0..30 {
            rustix::fs::mkdirat(&at, name.as_str(), Mode::RWXU).unwrap();
            path.push(&name);
            at = rustix::fs::openat(&at, name.as_str(), FLAGS, Mode::empty()).unwrap();
        }
        assert!(path.as_os_str().len() > 4096);
        assert!(open_beneath(&root, &path).is_ok());
    }
}
