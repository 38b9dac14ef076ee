use std::{io, path::PathBuf};

use crate::Holder;

/// Says why a daemon cannot be run, found or told something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It runs already.
    #[error("already running (PID {})", .0.pid)]
    Running(Holder),
    /// The lock is held, but by no process that can be seen from here.
    #[error(
        "{} is held by a process that cannot be seen from here: \
         look in other containers and machines that share this directory", lock.display()
    )]
    HeldElsewhere {
        /// The lock file.
        lock: PathBuf,
    },
    /// A process survived even the signal that cannot be refused.
    #[error("process {pid} does not end: it may be waiting for a disk or a network file system")]
    Immortal {
        /// Its number.
        pid: u32,
    },
    /// A lock, pid or record file cannot be read or written.
    #[error(transparent)]
    File(#[from] syft_state::Error),
    /// The service manager's notification socket cannot be used.
    #[error("cannot use the notification socket {socket}: {reason}")]
    Socket {
        /// The value of `NOTIFY_SOCKET`.
        socket: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot {action}")]
    System {
        /// What was tried, as `send a signal to process 17`.
        action: String,
        /// The system's answer.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn system(action: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::System {
            action: action.into(),
            source: source.into(),
        }
    }
}
