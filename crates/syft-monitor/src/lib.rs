//! Finds SyftBox job and peer events and mails the right person exactly once.
//!
//! A round has six steps, and only the first and the last touch the outside world:
//! [`look`] at Drive → [`sight`] sorts what is there → [`proposal`] and [`local_jobs`] open it →
//! [`detect`] decides what happened → [`notice`] claims the mails in the ledger → they are sent
//! and settled.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use syft_monitor::NotificationMonitor;
//! use syft_state::Email;
//! use syft_transport::{LocalDrive, LocalMailer};
//!
//! # let dir = tempfile::tempdir()?;
//! # let (hub, syftbox, ledger) = (dir.path().join("hub"), dir.path().join("box"), dir.path().join("state.json"));
//! let me: Email = "owner@example.org".parse()?;
//! let mailer = Arc::new(LocalMailer::open(&hub, me.clone())?);
//! let mut monitor = NotificationMonitor::builder(me.clone(), &syftbox, &ledger, mailer)
//!     .drive(Arc::new(LocalDrive::open(&hub, me)?))
//!     .build();
//!
//! let round = monitor.run_once().await?;
//! assert!(round.seeded && round.sent.is_empty());
//! # Ok(())
//! # }
//! ```

pub mod config;
pub mod connect;
mod deliver;
pub mod detect;
mod digest;
pub mod error;
pub mod event;
pub mod fetch;
#[cfg(any(test, feature = "fixtures"))]
pub mod fixtures;
mod halt;
pub mod heartbeat;
pub mod hold;
pub mod interval;
pub mod layout;
pub mod local_jobs;
pub mod look;
pub mod monitor;
pub mod notice;
pub mod outbox;
pub mod peers_file;
pub mod proposal;
pub mod quiet;
pub mod render;
pub mod round;
pub mod sight;
mod text;
mod worker;

pub use config::Config;
pub use detect::Scope;
pub use error::Error;
pub use event::{Event, JobDetails, JobKey, Template};
pub use hold::Holds;
pub use monitor::{Builder, NotificationMonitor, Observer};
pub use outbox::RetryPolicy;
pub use quiet::{QuietHours, Zone};
pub use round::{Round, Trouble};
