//! Never lose, never double: `syft-notify` killed, cut off and starved, and every mail counted.
//!
//! Each test plays a small SyftBox world whose mails are known, disturbs the program in one way
//! at one place after the other, starts it again as its owner would, and then compares the
//! mailboxes with the list. The counts go to standard error. It takes minutes and `strace`, so it
//! needs the feature `interop`.
//!
//! A usual run takes samples; everything, at every system call and a thousand times, is
//!
//! ```sh
//! SYFT_CRASH=full cargo test -p syft-tests --features interop --test crash -- --test-threads 1
//! ```
//!
//! `SYFT_CRASH_SEED` repeats a run whose seed was printed; `SYFT_CRASH_PROGRAM` names another
//! build of `syft-notify` than the one that the tests make.

#![cfg(feature = "interop")]
#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "crash/disk.rs"]
mod disk;
#[path = "crash/drops.rs"]
mod drops;
#[path = "crash/gaps.rs"]
mod gaps;
#[path = "crash/hook.rs"]
mod hook;
#[path = "crash/moments.rs"]
mod moments;
#[path = "crash/program.rs"]
mod program;
#[path = "crash/recovery.rs"]
mod recovery;
#[path = "crash/reported.rs"]
mod reported;
#[path = "crash/scale.rs"]
mod scale;
#[path = "crash/scene.rs"]
mod scene;
#[path = "crash/story.rs"]
mod story;
#[path = "crash/sweep.rs"]
mod sweep;
#[path = "crash/verdict.rs"]
mod verdict;
