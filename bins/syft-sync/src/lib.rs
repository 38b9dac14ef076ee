//! The command `syft-sync`, which also answers to the name `sync-daemon`.
//!
//! This is a program and no library: other programs embed `syft-jobs`. It is a crate of its own
//! so that both names lead to one program.
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     syft_sync::main()
//! }
//! ```

mod args;
mod commands;
mod config;
mod daemon;
mod exit;
mod http;
mod origin;
mod place;
mod prompt;
mod record;
mod remote;
mod session;
mod telemetry;
mod words;

use std::process::ExitCode;

use syft_terminal as term;

/// Runs the program with the arguments of this process, and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    exit::report(commands::run(args::parse()))
}
