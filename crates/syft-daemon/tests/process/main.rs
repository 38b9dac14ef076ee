//! Real processes: a small daemon is this test program itself, called with roles as arguments.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod daemon;
mod instance;
mod notify;
mod program;
mod start;
mod supervise;

/// The daemon and its worker; without a role there is nothing to do.
#[test]
fn program() {
    program::main();
}
