//! The examples are beside this directory: `cargo run -p syft-examples --example embedding`.

use syft_rpc_events::config::{ClientConfig, ConfigError};

/// Reads the config of the SyftBox on this machine: where `SYFTBOX_CLIENT_CONFIG_PATH` says, else
/// in `~/.syftbox`.
///
/// # Errors
/// [`ConfigError`], as when the client has not been set up.
#[expect(
    clippy::disallowed_methods,
    reason = "it is a part of programs, and programs read the environment"
)]
pub fn config() -> Result<ClientConfig, ConfigError> {
    let home = std::env::home_dir().unwrap_or_default();
    let path = ClientConfig::locate(None, |name| std::env::var_os(name), &home);
    ClientConfig::load(&path, &home)
}

/// Compiles and runs what the book shows.
#[cfg(doctest)]
#[doc = include_str!("../../docs/src/rpc.md")]
pub struct Book;
