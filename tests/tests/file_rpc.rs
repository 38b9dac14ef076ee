//! File RPC under races, floods, hostile files and sudden deaths.
//!
//! A usual run takes samples; everything is
//!
//! ```sh
//! SYFT_RPC=full cargo test --release -p syft-tests --test file_rpc -- --test-threads 1 --nocapture
//! ```

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "file_rpc/crash.rs"]
mod crash;
#[path = "file_rpc/desk.rs"]
mod desk;
#[path = "file_rpc/hostile.rs"]
mod hostile;
#[path = "file_rpc/mischief.rs"]
mod mischief;
#[path = "file_rpc/race.rs"]
mod race;
