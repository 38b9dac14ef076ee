//! What the system asks of a daemon.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Error;

/// What somebody wants from this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Finish what is at hand and end: SIGTERM, or SIGINT from a keyboard.
    Stop,
    /// Read the configuration again: SIGHUP, which also comes when a terminal closes.
    Reload,
}

/// The signals of this process, from the moment of [`Self::listen`] on.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Begins to listen; from now on these signals no longer end the process by themselves.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when the system refuses a handler.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn listen() -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(|error| Error::system("listen to signals", error));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for the next wish; those that come together may be told as one. Cancel safe.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            biased;
            Some(()) = self.terminate.recv() => Wish::Stop,
            Some(()) = self.interrupt.recv() => Wish::Stop,
            Some(()) = self.hang_up.recv() => Wish::Reload,
            // A signal stream has no end while the process lives.
            else => std::future::pending().await,
        }
    }
}
