//! The configs of `templates/logging` read a real log of ours, each with its real program or with
//! the regular expressions of that program; needs the feature `interop`.

#![cfg(feature = "interop")]
#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "logging/patterns.rs"]
mod patterns;
#[path = "logging/peers.rs"]
mod peers;
#[path = "logging/record.rs"]
mod record;
#[path = "logging/rotated.rs"]
mod rotated;
#[path = "logging/syslog.rs"]
mod syslog;
