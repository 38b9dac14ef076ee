use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::claims::Claims;

/// How a server is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Whether it takes requests.
    pub is_running: bool,
    /// Whether it hears of changes at once; without that it finds them by sweeps.
    pub is_watching: bool,
    /// When it last heard of a change.
    pub last_event: Option<Instant>,
    /// When it last looked at every file.
    pub last_sweep: Option<Instant>,
    /// How many files wait for a look because they could not be read yet.
    pub unreadable: usize,
    /// How many requests wait for their handler.
    pub waiting: usize,
    /// How many handlers run.
    pub running: usize,
    /// How many requests were answered by their handler.
    pub handled: u64,
    /// How many were answered without one: expired, malformed, too many, too large.
    pub refused: u64,
    /// How many answers could not be written; they are tried again.
    pub unwritten: u64,
}

/// Where the engine writes down how it is doing.
#[derive(Debug, Default)]
pub(super) struct Board {
    health: Mutex<Health>,
    /// The files that it is busy with.
    pub(super) claims: Claims,
}

impl Board {
    pub(super) fn note(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn health(&self, is_running: bool) -> Health {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        Health {
            is_running,
            ..health.clone()
        }
    }
}
