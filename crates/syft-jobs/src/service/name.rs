//! Names of runs, and other things that have to differ from process to process.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Utc};

use crate::JobId;

/// What makes names that no other process makes.
#[derive(Debug)]
pub(super) struct Names {
    key: [u8; 32],
    count: AtomicU64,
}

impl Names {
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        for part in key.chunks_exact_mut(8) {
            // Each state of the standard library's hashers is seeded by the system anew.
            part.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
        }
        Self {
            key,
            count: AtomicU64::new(0),
        }
    }

    /// Makes the name of a run: 15 of `a`-`z` and `0`-`9`.
    pub(super) fn run(&self, now: DateTime<Utc>) -> String {
        const DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let text = format!("{count} {}", now.timestamp_micros());
        let digest = blake3::keyed_hash(&self.key, text.as_bytes());
        let digits = digest.as_bytes()[..15].iter();
        digits
            .map(|byte| char::from(DIGITS[usize::from(*byte) % DIGITS.len()]))
            .collect()
    }

    /// Returns a number of a job that is the same for this process alone.
    pub(super) fn seed(&self, job: &JobId) -> u64 {
        let digest = blake3::keyed_hash(&self.key, job.as_str().as_bytes());
        u64::from_le_bytes(
            digest.as_bytes()[..8]
                .try_into()
                .expect("eight of 32 bytes"),
        )
    }
}
