//! Mirrors that never lose a byte: random trees beside `rsync`, kills at every system call, disks
//! that fail.
//!
//! Each test runs the example `mirror` of `syft-jobs` as a process. It takes minutes, `strace`
//! and `rsync`, so it needs the feature `interop`. A usual run takes samples; everything is
//!
//! ```sh
//! SYFT_MIRROR=full cargo test --release -p syft-tests --features interop --test mirroring
//! ```
//!
//! `SYFT_MIRROR_SEED` repeats a run whose seed was printed.

#![cfg(feature = "interop")]
#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "mirroring/edits.rs"]
mod edits;
#[path = "mirroring/faults.rs"]
mod faults;
#[path = "mirroring/program.rs"]
mod program;
#[path = "mirroring/random.rs"]
mod random;
#[path = "mirroring/rsync.rs"]
mod rsync;
#[path = "mirroring/scale.rs"]
mod scale;
#[path = "mirroring/snapshot.rs"]
mod snapshot;
#[path = "mirroring/sweep.rs"]
mod sweep;
#[path = "mirroring/trees.rs"]
mod trees;
#[path = "mirroring/verdict.rs"]
mod verdict;
#[path = "mirroring/words.rs"]
mod words;
