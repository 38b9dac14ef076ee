//! Hints on their way to those who look. There is a limit; beyond it only the loss itself is told.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use syft_state::watch::{Change, Hint};
use tokio::sync::mpsc;

use crate::layout::REQUEST;

/// A new directory is looked into this many milliseconds afterwards. On Linux it is watched before
/// it is told; elsewhere it may be filled before it is watched.
#[cfg(target_os = "linux")]
pub(crate) const LOOKS_AT_DIRECTORY: [u64; 2] = [0, 100];
#[cfg(not(target_os = "linux"))]
pub(crate) const LOOKS_AT_DIRECTORY: [u64; 4] = [0, 10, 40, 120];
/// More than the system's own queue holds.
const WAITING: usize = 32_768;

/// The end that watches hold.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    hints: mpsc::Sender<Hint>,
    is_incomplete: Arc<AtomicBool>,
}

/// The end of whoever hears them.
#[derive(Debug)]
pub(crate) struct Hints {
    hints: mpsc::Receiver<Hint>,
    is_incomplete: Arc<AtomicBool>,
}

pub(crate) fn channel() -> (Teller, Hints) {
    let (tell, hints) = mpsc::channel(WAITING);
    let is_incomplete = Arc::<AtomicBool>::default();
    let teller = Teller {
        hints: tell,
        is_incomplete: Arc::clone(&is_incomplete),
    };
    let hints = Hints {
        hints,
        is_incomplete,
    };
    (teller, hints)
}

impl Teller {
    /// Tells a hint, and never waits.
    pub(crate) fn tell(&self, hint: Hint) {
        if self.hints.try_send(hint).is_err() {
            self.is_incomplete.store(true, Ordering::Relaxed);
        }
    }
}

impl Hints {
    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Option<Hint> {
        self.hints.recv().await
    }

    /// Returns the next one if it is there.
    pub(crate) fn try_next(&mut self) -> Option<Hint> {
        self.hints.try_recv().ok()
    }

    /// Returns whether hints were lost since the last time.
    pub(crate) fn lost_any(&self) -> bool {
        self.is_incomplete.swap(false, Ordering::Relaxed)
    }
}

/// Returns whether a hint may be about a request that is to be handled: a server causes more hints
/// than its callers do.
pub(crate) fn may_be_request(hint: &Hint) -> bool {
    match hint {
        Hint::File { change, .. } if *change == Change::Removed => false,
        Hint::File { path, .. } | Hint::Renamed { to: path, .. } => path
            .as_os_str()
            .as_encoded_bytes()
            .ends_with(REQUEST.as_bytes()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_once() {
        let (teller, mut hints) = channel();
        for _ in 0..=WAITING {
            teller.tell(Hint::Everything);
        }
        assert!(hints.lost_any());
        assert!(!hints.lost_any());
        assert_eq!(std::iter::from_fn(|| hints.try_next()).count(), WAITING);
    }
}
