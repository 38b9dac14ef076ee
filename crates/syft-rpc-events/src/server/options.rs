use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use crate::permissions::PermissionPolicy;

/// How a server behaves; the defaults are those of a service that many use.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// How many handlers run at once.
    pub concurrency: NonZeroUsize,
    /// How many requests of one sender may wait; others are answered 429.
    pub waiting_per_sender: usize,
    /// How many requests may wait in all; others are answered 429.
    pub waiting: usize,
    /// The longest request file that is read, in bytes; others are answered 413.
    pub max_file: u64,
    /// Every file is looked at this often, whatever events there were; more seldom where that
    /// would take more than a hundredth of the time, but not many seconds.
    pub sweep_every: Duration,
    /// How far the clock of a caller may be behind.
    pub leeway: Duration,
    /// What becomes of requests that nobody handles.
    pub unknown: UnknownEndpoint,
    /// Where to keep a journal, by which no request is handled twice even after a crash.
    ///
    /// A request whose handler was interrupted is then answered 500 instead of handled again.
    pub journal: Option<PathBuf>,
    /// What it does about the app's permission file.
    pub permissions: PermissionPolicy,
    /// Whether it publishes the schema of its endpoints.
    pub publishes_schema: bool,
    /// Whether it moves requests from where they lay before 0.4 into their senders' directories,
    /// and thereby takes their word for who these are; see [`migrate`](crate::migrate::migrate).
    /// Without that such requests are answered where they lie.
    pub migrates: bool,
}

/// What becomes of a request for an endpoint that has no handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownEndpoint {
    /// It is left alone: another program may answer it.
    Ignore,
    /// It is answered 404.
    NotFound,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::new(64).expect("it is not zero"),
            waiting_per_sender: 1_000,
            waiting: 20_000,
            max_file: 8 * 1024 * 1024,
            sweep_every: Duration::from_secs(1),
            leeway: Duration::from_secs(0),
            unknown: UnknownEndpoint::NotFound,
            journal: None,
            permissions: PermissionPolicy::default(),
            publishes_schema: true,
            migrates: true,
        }
    }
}
