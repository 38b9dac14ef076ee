//! One daemon per directory and name.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use syft_state::fs::{Lock, create_private_dir, read_capped, write_fleeting};
use tokio::time::{self, Instant};

use crate::{
    Error, Paths, Signal,
    process::{Identity, Process},
};

/// A holder writes its name right after it took the lock; readers wait so long for that.
const INTRODUCTION: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(10);
/// After SIGKILL only the kernel's own work is left.
const BURIAL: Duration = Duration::from_secs(10);

/// The right to be the one daemon of this name in this directory.
///
/// It is a lock that the system takes back when the process ends, however it ends. The pid file
/// beside it tells people the process number; that file being stale, wrong, removed or a
/// directory changes nothing.
#[derive(Debug)]
pub struct Instance {
    paths: Paths,
    lock: Lock,
}

impl Instance {
    /// Becomes the one instance, making the directory (0700) if it is missing.
    ///
    /// A lock that is held for an instant, as by somebody who looks whether it is free, is
    /// waited for up to `patience`; an instance that runs is not.
    ///
    /// # Errors
    ///
    /// [`Error::Running`] with the process that was first, [`Error::HeldElsewhere`] when it
    /// cannot be seen from here, and [`Error::File`].
    pub async fn acquire(paths: &Paths, patience: Duration) -> Result<Self, Error> {
        create_private_dir(&paths.directory)?;
        let path = paths.lock();
        let deadline = Instant::now() + patience.max(INTRODUCTION);
        loop {
            if let Some(lock) = Lock::try_acquire(&path)? {
                return Self::introduce(paths.clone(), lock);
            }
            if let Some(holder) = named(&path)? {
                return Err(Error::Running(holder));
            }
            if Instant::now() >= deadline {
                return Err(Error::HeldElsewhere { lock: path });
            }
            time::sleep(PAUSE).await;
        }
    }

    /// Returns where this instance keeps its files.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    fn introduce(paths: Paths, lock: Lock) -> Result<Self, Error> {
        let identity = Identity::own();
        lock.set_note(&identity.note())?;
        let pid = paths.pid();
        if let Err(error) = write_fleeting(&pid, pid_line(identity.pid).as_bytes(), 0o600) {
            tracing::warn!("⚠️  no pid file: {error}");
        }
        Ok(Self { paths, lock })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let pid = self.paths.pid();
        if read_capped(&pid, 64).is_ok_and(|text| text == pid_line(std::process::id()).as_bytes())
            && let Err(error) = fs::remove_file(&pid)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("cannot remove {}: {error}", pid.display());
        }
        // This process may live on without the lock, and must not be taken for its holder.
        if let Err(error) = self.lock.set_note("") {
            tracing::warn!("{error}");
        }
    }
}

/// The process that is the instance now.
#[derive(Debug)]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// When the process began, to the second, where the system tells it.
    pub since: Option<SystemTime>,
    process: Process,
}

/// Says how a process ended that was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It finished what was at hand.
    Gracefully,
    /// It did not end in time and was cut off.
    Forced,
    /// It had ended before it could be asked.
    AlreadyGone,
}

/// Returns the process that is the instance of these paths, or `None` when none runs.
///
/// The lock is looked at and not taken; the pid file is not read at all.
///
/// # Errors
///
/// [`Error::HeldElsewhere`] when the lock is held by a process that cannot be seen from here,
/// and [`Error::File`] when that cannot be found out.
pub fn holder(paths: &Paths) -> Result<Option<Holder>, Error> {
    let lock = paths.lock();
    let deadline = std::time::Instant::now() + INTRODUCTION;
    while Lock::is_held(&lock)? {
        if let Some(holder) = named(&lock)? {
            return Ok(Some(holder));
        }
        if std::time::Instant::now() >= deadline {
            return Err(Error::HeldElsewhere { lock });
        }
        std::thread::sleep(PAUSE);
    }
    Ok(None)
}

impl Holder {
    /// Sends a signal to this process, and to no other that might have its number by now.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the system refuses, as for another user's process. A process
    /// that has ended meanwhile is no error.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        self.process.signal(signal).map(|_| ())
    }

    /// Asks the process to end, waits for that, and cuts it off when `patience` is over.
    ///
    /// # Errors
    ///
    /// Those of [`Self::signal`], and [`Error::Immortal`].
    pub async fn stop(self, patience: Duration) -> Result<Stopped, Error> {
        if !self.process.signal(Signal::Terminate)? {
            return Ok(Stopped::AlreadyGone);
        }
        if self.process.wait(patience).await {
            return Ok(Stopped::Gracefully);
        }
        self.process.signal(Signal::Kill)?;
        if self.process.wait(BURIAL).await {
            return Ok(Stopped::Forced);
        }
        Err(Error::Immortal { pid: self.pid })
    }

    /// Waits until the process has ended; returns false when `patience` was over before.
    pub async fn ended(&self, patience: Duration) -> bool {
        self.process.wait(patience).await
    }
}

/// Returns the living process that the lock file names; a note may be its predecessor's.
fn named(lock: &Path) -> Result<Option<Holder>, Error> {
    let note = match Lock::note(lock) {
        Err(error) if error.is_not_found() => return Ok(None),
        note => note?,
    };
    let Some(identity) = Identity::parse(&note) else {
        return Ok(None);
    };
    Ok(Process::find(identity).map(|process| Holder {
        pid: identity.pid,
        since: identity.since(),
        process,
    }))
}

fn pid_line(pid: u32) -> String {
    format!("{pid}\n")
}
