//! What the daemon tells about itself: numbers for monitors, lines for people and PocketBase.

mod metrics;

pub(crate) use metrics::{Finished, LogCounts, Metrics, Options, Reload, WatcherState};
