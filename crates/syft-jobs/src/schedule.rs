//! When a job is due.

use std::time::Duration;

/// When a job is due by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Never; somebody or something has to trigger it.
    Manual,
    /// Each time so much time has gone by.
    Interval(Duration),
}
