//! Google Drive, Gmail and OAuth on loopback, good enough for unmodified clients.
//!
//! One port answers everything: plain HTTP for clients that can be told an address, and
//! `CONNECT` with certificates of its own for those that insist on `https://www.googleapis.com`.
//! Accounts come into being when somebody mentions them, faults can be injected, the clock can be
//! moved, and every request is on record.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), syft_emulator::Error> {
//! use syft_emulator::{Effect, Emulator, Fault, Options, scopes};
//!
//! let emulator = Emulator::start(Options::default()).await?;
//! let token = emulator.token("owner@example.org", &[scopes::DRIVE]);
//! assert_eq!(token["universe_domain"], "googleapis.com");
//!
//! emulator.inject(Fault::new(Effect::DropAfter).api("gmail.users.messages.send").times(1));
//! assert!(emulator.inbox("owner@example.org").is_empty());
//! emulator.shutdown().await
//! # }
//! ```

mod blob;
mod ca;
mod control;
mod drive;
mod emulator;
mod error;
mod faults;
mod log;
mod mail;
mod oauth;
mod page;
mod params;
mod persist;
mod server;
mod state;

pub use emulator::{Emulator, Options};
pub use error::Error;
pub use faults::{Effect, Fault, FaultStatus};
pub use log::Request;
pub use mail::{Label, Mail};

/// Scopes that the emulator's users ask for most.
pub mod scopes {
    /// All of the Drive.
    pub const DRIVE: &str = "https://www.googleapis.com/auth/drive";
    /// Sending mail, and nothing else.
    pub const GMAIL_SEND: &str = "https://www.googleapis.com/auth/gmail.send";
    /// Writing drafts and sending mail.
    pub const GMAIL_COMPOSE: &str = "https://www.googleapis.com/auth/gmail.compose";
    /// Reading, writing and sending mail.
    pub const GMAIL_MODIFY: &str = "https://www.googleapis.com/auth/gmail.modify";
}
