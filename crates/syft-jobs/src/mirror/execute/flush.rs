//! What was written goes to the disk, partly while more is being written.

use std::{
    path::PathBuf,
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use super::{Execution, Failure, outcome::Ending};
use crate::mirror::{Durability, Report, plan::Side};

/// So often the disk is kept busy while files are copied.
const EVERY: Duration = Duration::from_millis(300);

/// Tells the thread that flushes meanwhile that there is nothing more to come.
#[derive(Debug, Default)]
pub(super) struct Whistle {
    is_over: Mutex<bool>,
    blown: Condvar,
}

impl Whistle {
    pub(super) fn blow(&self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.blown.notify_all();
    }

    /// Waits for a while; returns whether it is over.
    fn listen(&self) -> bool {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .blown
            .wait_timeout_while(is_over, EVERY, |is_over| !*is_over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Execution<'_> {
    /// Flushes now and then until the whistle is blown, so that little is left in the end.
    pub(super) fn flush_meanwhile(&self, whistle: &Whistle) {
        while !whistle.listen() {
            self.flush_sides();
        }
    }

    /// Flushes all that was written, and says if that cannot be done.
    ///
    /// One flush of a file system is much cheaper than one of each file.
    pub(super) fn flush(&self, report: &mut Report) {
        self.flush_sides();
        if let Some((side, failure)) = self.unflushed.get() {
            let root = self.ground(*side).place.root.display();
            let reason = format!("{root}: {}", failure.message);
            self.end(Ending::Stopped(reason));
            report.fail(failure.clone().at(PathBuf::new()));
        }
    }

    pub(super) fn is_durable(&self) -> bool {
        self.options.durability != Durability::None
    }

    /// The system tells of a failure once, so each of them is kept.
    fn flush_sides(&self) {
        if !self.is_durable() {
            return;
        }
        for side in [Side::Destination, Side::Source] {
            if !self.plan.actions.iter().any(|action| action.on == side) {
                continue;
            }
            if let Err(errno) = rustix::fs::syncfs(&self.ground(side).root) {
                let failure = Failure::of("flush what was written to", errno);
                drop(self.unflushed.set((side, failure)));
            }
        }
    }
}
