//! What every SyftBox daemon needs besides its work.
//!
//! One instance at a time, a start in the background that tells whether it worked, a supervisor,
//! log files that rotate, service files, and a health page.

pub mod http;
pub mod logs;
pub mod service;
