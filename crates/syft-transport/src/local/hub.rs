//! The directory of a hub: its paths, modes, lock and new files.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use syft_state::{Email, fs::create_private_dir};
use tempfile::NamedTempFile;

use super::disk::{OPEN_FLAGS, broken, cannot, names, sync_directory};
use crate::error::{Error, Result};

/// A change takes milliseconds; who holds the lock longer was stopped.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// How the names of files that are being written begin.
pub(super) const TEMP_PREFIX: &str = ".syft-new-";
/// What a hub consists of.
const PARTS: [&str; 6] = ["changes.log", "content", "entries", "lock", "mail", "tmp"];

/// The directory of a hub.
///
/// What is created in it has its mode: a hub is made for its owner alone (0700), and one that
/// an administrator makes for a group (2770) can be used by the whole group. Nothing is ever
/// writable for everybody.
#[derive(Clone, Debug)]
pub(super) struct Hub {
    root: PathBuf,
    mode: u32,
}

/// The lock of a hub, which ends with its process.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub(super) struct HubLock {
    _file: File,
}

impl Hub {
    /// Opens a hub with these directories and creates what is missing.
    ///
    /// A directory that holds other things and no hub is refused.
    pub(super) fn open(root: &Path, directories: &[&str]) -> Result<Self> {
        create_private_dir(root)?;
        check_is_hub(root)?;
        let about = fs::metadata(root).map_err(|error| cannot(root, error))?;
        let hub = Self {
            root: root.to_owned(),
            mode: about.mode() & 0o2775,
        };
        for directory in directories {
            hub.create_dir(&root.join(directory))?;
        }
        Ok(hub)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of an account's file.
    pub(super) fn path(&self, directory: &str, account: &Email, name: &str) -> PathBuf {
        self.root.join(directory).join(account.key()).join(name)
    }

    pub(super) fn file_mode(&self) -> u32 {
        self.mode & 0o666
    }

    /// Creates a directory; what stands there instead, even a link to one, is an error.
    pub(super) fn create_dir(&self, path: &Path) -> Result<()> {
        match DirBuilder::new().mode(self.mode).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(cannot(path, error)),
            Err(_) => {
                let about = path.symlink_metadata();
                let is_dir = about.map_err(|error| cannot(path, error))?.is_dir();
                let is_other = || broken(path, "it is not a directory: move it away");
                is_dir.then_some(()).ok_or_else(is_other)
            }
            Ok(()) => {
                // The umask may have taken away what the mode of the hub gives.
                let widened = fs::set_permissions(path, Permissions::from_mode(self.mode));
                widened.map_err(|error| cannot(path, error))?;
                sync_directory(path.parent().unwrap_or(path))
            }
        }
    }

    /// Writes what `content` holds durably into a file of no name yet; also returns its length.
    pub(super) fn new_file(&self, mut content: impl Read) -> Result<(NamedTempFile, u64)> {
        let directory = self.root.join("tmp");
        let mode = Permissions::from_mode(self.file_mode());
        let write = || {
            let mut file = tempfile::Builder::new()
                .prefix(TEMP_PREFIX)
                .tempfile_in(&directory)?;
            let length = io::copy(&mut content, file.as_file_mut())?;
            file.as_file().set_permissions(mode)?;
            file.as_file().sync_all()?;
            Ok((file, length))
        };
        write().map_err(|error| cannot(&directory, error))
    }

    /// Waits for the lock of the hub.
    pub(super) fn lock(&self) -> Result<HubLock> {
        let path = self.root.join("lock");
        let file = self.lock_file(&path)?;
        let started = Instant::now();
        loop {
            match fs2::FileExt::try_lock_exclusive(&file) {
                Ok(()) => return Ok(HubLock { _file: file }),
                Err(error) if error.kind() != fs2::lock_contended_error().kind() => {
                    return Err(cannot(&path, error));
                }
                Err(_) if started.elapsed() > LOCK_PATIENCE => {
                    return Err(Error::Unavailable {
                        what: format!("the hub {}", self.root.display()),
                        reason: "another process holds its lock for over 30 seconds".into(),
                        source: None,
                    });
                }
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn lock_file(&self, path: &Path) -> Result<File> {
        let open = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).custom_flags(OPEN_FLAGS);
            match options.open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let file = options.create(true).mode(self.file_mode()).open(path)?;
                    file.set_permissions(Permissions::from_mode(self.file_mode()))?;
                    Ok(file)
                }
                opened => opened,
            }
        };
        open().map_err(|error| cannot(path, error))
    }
}

/// Refuses a directory of something else: a hub sweeps what it takes for its leftovers.
fn check_is_hub(root: &Path) -> Result<()> {
    let names = names(root)?;
    if names.iter().any(|(name, _)| name == "changes.log") {
        return Ok(());
    }
    let is_other = |name: &str| !PARTS.contains(&name) && !name.starts_with('.');
    match names.iter().find(|(name, _)| is_other(name)) {
        None => Ok(()),
        Some((name, _)) => {
            let reason = format!("it is no hub and holds {name:?}: name an empty directory");
            Err(broken(root, reason))
        }
    }
}
