//! Finds SyftBox job and peer events and mails the right person exactly once.

pub mod event;
#[cfg(feature = "fixtures")]
pub mod fixtures;
pub mod layout;
pub mod local_jobs;
pub mod peers_file;
pub mod proposal;
pub mod render;
mod text;
mod yaml;

pub use event::{Event, JobDetails, JobKey, Template};
