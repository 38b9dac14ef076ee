//! What every SyftBox daemon needs besides its work.
//!
//! One instance at a time, a start in the background that tells whether it worked, a supervisor,
//! log files that rotate, service files, and a health page.

mod error;
pub mod http;
mod instance;
pub mod logs;
mod notify;
mod paths;
mod process;
pub mod service;
mod signals;

pub use error::Error;
pub use instance::{Holder, Instance, Stopped, holder};
pub use notify::{Link, Notifier};
pub use paths::Paths;
pub use process::Signal;
pub use signals::{Signals, Wish};
