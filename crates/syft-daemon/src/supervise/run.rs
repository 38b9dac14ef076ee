use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::worker::Worker;

/// What is known of the worker at hand, and what is to happen to it.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) is_ready: bool,
    /// SIGHUP would end a worker that does not listen to it yet.
    pub(super) owes_reload: bool,
    pub(super) last_sign: Instant,
    /// When it is cut off, once it has been asked to end.
    pub(super) stop: Option<Instant>,
    pub(super) forced: bool,
    pub(super) hung: bool,
}

impl Run {
    pub(super) fn new(began: Instant) -> Self {
        Self {
            is_ready: false,
            owes_reload: false,
            last_sign: began,
            stop: None,
            forced: false,
            hung: false,
        }
    }

    /// Returns when its time is over, be it to stop or to give a sign of life.
    pub(super) fn deadline(&self, watchdog: Duration) -> Instant {
        self.stop.unwrap_or(self.last_sign + watchdog)
    }

    pub(super) fn is_cut_off(&self) -> bool {
        self.forced || self.hung
    }

    pub(super) fn cut_off(&mut self, worker: &Worker) {
        self.forced = self.stop.is_some();
        self.hung = !self.forced;
        worker.signal(Signal::KILL);
    }
}
