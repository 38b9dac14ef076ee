//! `syft-notify` as a daemon through everything that a server does to it in a year.
//!
//! Each test starts the real program in the background, lets thirteen mails fall due, does one
//! harm to it, and waits until every mail has arrived exactly once. What a person sees meanwhile is
//! printed. It takes minutes, `tmux`, `faketime` and the right to mount, so it needs the feature
//! `interop`.

#![cfg(feature = "interop")]
#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "survival/clock.rs"]
mod clock;
#[path = "survival/daemon.rs"]
mod daemon;
#[path = "survival/disk.rs"]
mod disk;
#[path = "crash/hook.rs"]
mod hook;
#[path = "survival/kills.rs"]
mod kills;
#[path = "survival/network.rs"]
mod network;
#[expect(dead_code, reason = "the crash tests use the rest of it")]
#[path = "crash/program.rs"]
mod program;
#[path = "survival/reload.rs"]
mod reload;
#[expect(dead_code, reason = "the crash tests use the rest of it")]
#[path = "crash/scale.rs"]
mod scale;
#[expect(dead_code, reason = "the crash tests use the rest of it")]
#[path = "crash/scene.rs"]
mod scene;
#[path = "survival/start.rs"]
mod start;
#[path = "survival/terminal.rs"]
mod terminal;
