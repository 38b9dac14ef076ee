//! Real peers, unmodified, against the emulator and our programs; needs the feature `interop`.
//!
//! Each test provisions what it needs below `target/peers`, once, and fails when a peer cannot be
//! had: a peer that was skipped would look like one that agrees.

#![cfg(feature = "interop")]
#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "interop/browser_login.rs"]
mod browser_login;
#[path = "interop/day.rs"]
mod day;
#[path = "interop/drive_clients.rs"]
mod drive_clients;
#[path = "interop/file_rpc.rs"]
mod file_rpc;
#[path = "interop/peers.rs"]
mod peers;
#[path = "interop/pocketbase.rs"]
mod pocketbase;
#[path = "interop/programs.rs"]
mod programs;
#[path = "interop/receivers.rs"]
mod receivers;
#[path = "interop/rpc_terminal.rs"]
mod rpc_terminal;
#[path = "interop/syft_client.rs"]
mod syft_client;
#[path = "interop/sync_metrics.rs"]
mod sync_metrics;
