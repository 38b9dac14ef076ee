//! Finds SyftBox job and peer events and mails the right person exactly once.

pub mod event;

pub use event::{Event, JobDetails, JobKey, Template};
