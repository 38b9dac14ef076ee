use std::{
    io::IoSlice,
    path::{Path, PathBuf},
};

use super::{
    Op, State,
    apply::Change,
    backup,
    fingerprint::Fingerprint,
    parse::{self, Mistake},
};
use crate::{
    Error,
    fs::{self, Lock, Replacement},
};

/// A ledger larger than this many bytes is not one.
const MAX_SIZE: u64 = 256 * 1024 * 1024;
/// For its owner alone: it tells who works with whom.
const MODE: u32 = 0o600;
/// How often a file is looked at again that somebody changes at the same time.
const ATTEMPTS: usize = 8;

/// The file `notification_state.json`, shared with Python's program and with people's editors.
///
/// Changes are made in a [`Session`], which holds `notification_state.lock`.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    lock_path: PathBuf,
    lock: Option<Lock>,
    known: Option<Known>,
}

/// What the file held when it was last read or written.
#[derive(Debug)]
struct Known {
    state: State,
    seen: Seen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    File(Fingerprint),
    /// Somebody wrote into our file while it took its place.
    Unclear,
}

impl Ledger {
    /// Opens the ledger at `path`, and makes an empty one if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] when the file holds anything else than a ledger (T13); it is left
    /// as it is. [`Error::Io`], [`Error::NotRegular`], [`Error::TooLarge`], [`Error::Newer`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        fs::sweep(path)?;
        let lock_path = lock_path(path);
        let mut ledger = Self {
            path: path.to_owned(),
            lock_path,
            lock: None,
            known: None,
        };
        if ledger.try_lock()? {
            let made = ledger.refresh().and_then(|()| ledger.make_if_missing());
            ledger.lock = None;
            made?;
        } else {
            ledger.refresh()?;
        }
        Ok(ledger)
    }

    /// Returns what the file holds, without the lock and without changing anything.
    ///
    /// # Errors
    ///
    /// Those of [`Ledger::open`], and [`Error::is_not_found`] when there is no file.
    pub fn read(path: &Path) -> Result<State, Error> {
        match load(path)? {
            Known {
                seen: Seen::Nothing,
                ..
            } => Err(Error::io(path, "read", std::io::ErrorKind::NotFound)),
            known => Ok(known.state),
        }
    }

    /// Puts the generation before a damaged file in its place and returns where the damaged one is now.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] while another process works with the ledger, [`Error::Corrupt`]
    /// when the backup is no ledger either, and [`Error::Io`].
    pub fn restore_backup(path: &Path) -> Result<PathBuf, Error> {
        let lock_path = lock_path(path);
        let Some(lock) = Lock::try_acquire(&lock_path)? else {
            return Err(Error::Locked { path: lock_path });
        };
        let aside = backup::restore(path, MAX_SIZE, MODE);
        drop(lock);
        aside
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins to work with the ledger, unless another process is doing so.
    ///
    /// # Errors
    ///
    /// Those of [`Ledger::session`].
    pub fn try_session(&mut self) -> Result<Option<Session<'_>>, Error> {
        if self.try_lock()? {
            self.session().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Takes the lock for [`Ledger::session`] if nobody else holds it; never waits.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::NotRegular`] about the lock file.
    pub fn try_lock(&mut self) -> Result<bool, Error> {
        if self.lock.is_none() {
            self.lock = Lock::try_acquire(&self.lock_path)?;
        }
        Ok(self.lock.is_some())
    }

    /// Begins to work with the ledger; it is read again if somebody has changed it.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] while another process works with it; [`Error::Corrupt`] while the
    /// file is damaged, perhaps because somebody is writing it just now: try again later.
    pub fn session(&mut self) -> Result<Session<'_>, Error> {
        if !self.try_lock()? {
            return Err(Error::Locked {
                path: self.lock_path.clone(),
            });
        }
        if let Err(error) = self.refresh().and_then(|()| self.make_if_missing()) {
            self.lock = None;
            return Err(error);
        }
        Ok(Session { ledger: self })
    }

    /// Reads the file again unless it is the one that we know.
    fn refresh(&mut self) -> Result<(), Error> {
        let seen = Fingerprint::at(&self.path)?.map_or(Seen::Nothing, Seen::File);
        if self.known.as_ref().is_none_or(|known| known.seen != seen) {
            self.known = Some(load(&self.path)?);
        }
        Ok(())
    }

    fn make_if_missing(&mut self) -> Result<(), Error> {
        if self.known().seen != Seen::Nothing {
            return Ok(());
        }
        if self.replace()? {
            return fs::sync_parent(&self.path);
        }
        // Somebody else has just made one.
        self.refresh()
    }

    fn known(&mut self) -> &mut Known {
        self.known
            .as_mut()
            .expect("the file was read when the ledger was opened")
    }

    fn commit(&mut self, ops: &[Op]) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            self.refresh()?;
            let undo = self.known().state.apply_all(ops);
            if undo.is_empty() {
                return Ok(());
            }
            if self.replace_or_revert(undo)? {
                return fs::sync_parent(&self.path);
            }
        }
        Err(Error::Contended {
            path: self.path.clone(),
        })
    }

    fn replace_or_revert(&mut self, undo: Vec<Change>) -> Result<bool, Error> {
        let replaced = self.replace();
        if !matches!(replaced, Ok(true)) {
            self.known().state.revert(undo);
        }
        replaced
    }

    /// Writes the state into a new file that takes the place of the one that we know.
    ///
    /// Returns false and changes nothing when that one is not there any more: an edit without
    /// the lock must not get lost. Only the directory is left to be synced.
    fn replace(&mut self) -> Result<bool, Error> {
        let known = self
            .known
            .as_mut()
            .expect("the file was read when the ledger was opened");
        let mut new = Replacement::create(&self.path, MODE)?;
        known.state.refresh_text();
        let pieces = known.state.pieces();
        let mut slices: Vec<_> = pieces
            .iter()
            .map(|piece| IoSlice::new(piece.as_bytes()))
            .collect();
        new.write(&mut slices)?;
        if Fingerprint::at(&self.path)?.map_or(Seen::Nothing, Seen::File) != known.seen {
            return Ok(false);
        }
        if known.seen != Seen::Nothing {
            backup::keep(&self.path, MAX_SIZE, MODE)?;
        }
        let written = Fingerprint::from(&new.metadata()?);
        new.take_place()?;
        known.seen = match new.metadata().map(|metadata| Fingerprint::from(&metadata)) {
            Ok(placed) if placed.has_content_of(&written) => Seen::File(placed),
            _ => Seen::Unclear,
        };
        Ok(true)
    }
}

/// Work with the ledger under its lock; dropping it gives the lock back.
#[derive(Debug)]
pub struct Session<'a> {
    ledger: &'a mut Ledger,
}

impl Session<'_> {
    /// Returns what the file held when it was last looked at.
    #[must_use]
    pub fn state(&self) -> &State {
        let known = self.ledger.known.as_ref();
        &known
            .expect("the file was read when the session began")
            .state
    }

    /// Reads the file again if somebody has changed it.
    ///
    /// # Errors
    ///
    /// Those of [`Ledger::session`]; then [`Self::state`] stays what it was.
    pub fn refresh(&mut self) -> Result<(), Error> {
        self.ledger.refresh()
    }

    /// Does what the ops say in one step, which is on the disk when this returns.
    ///
    /// If somebody has changed the file meanwhile, the ops are applied to what it holds now.
    /// Nothing is written when they change nothing.
    ///
    /// # Errors
    ///
    /// Then the file is as it was, and so is [`Self::state`]; only when the directory cannot
    /// be synced, both are new and may not survive a power failure.
    pub fn commit(&mut self, ops: &[Op]) -> Result<(), Error> {
        self.ledger.commit(ops)
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.ledger.lock = None;
    }
}

/// Python's `with_suffix('.lock')`.
fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

/// Reads and parses the file; somebody may be writing it at the same time.
fn load(path: &Path) -> Result<Known, Error> {
    for _ in 0..ATTEMPTS {
        let file = match fs::open_nofollow(path) {
            Ok(file) => file,
            Err(error) if error.is_not_found() => {
                return Ok(Known {
                    state: State::default(),
                    seen: Seen::Nothing,
                });
            }
            Err(error) => return Err(error),
        };
        let examine = || {
            file.metadata()
                .map_err(|error| Error::io(path, "examine", error))
        };
        let before = Fingerprint::from(&examine()?);
        let bytes = fs::read_open(&file, path, MAX_SIZE)?;
        let after = Fingerprint::from(&examine()?);
        if before == after && bytes.len() as u64 == after.length {
            let state = parse::parse(&bytes).map_err(|mistake| damaged(path, mistake))?;
            return Ok(Known {
                state,
                seen: Seen::File(after),
            });
        }
    }
    Err(Error::Contended {
        path: path.to_owned(),
    })
}

fn damaged(path: &Path, mistake: Mistake) -> Error {
    match mistake {
        Mistake::Newer(found) => Error::Newer {
            path: path.to_owned(),
            found,
        },
        Mistake::Text(reason) => Error::Corrupt {
            path: path.to_owned(),
            reason,
            backup: backup::find(path, MAX_SIZE),
        },
    }
}
