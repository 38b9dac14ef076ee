//! How much is tried, and the dice.

use std::{io::Write as _, sync::LazyLock};

/// Whether everything is tried instead of samples.
pub(crate) static IS_FULL: LazyLock<bool> =
    LazyLock::new(|| variable("SYFT_CRASH").is_some_and(|value| value == "full"));

/// Decides which samples are taken; printed, so that a failure can be repeated.
pub(crate) static SEED: LazyLock<u64> = LazyLock::new(|| {
    let given = variable("SYFT_CRASH_SEED").map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
    say(&format!("SYFT_CRASH_SEED={seed}"));
    seed
});

#[expect(
    clippy::disallowed_methods,
    reason = "a person chooses the scale of a run"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Prints a line that the test harness does not swallow: counts are the point of these tests.
pub(crate) fn say(line: &str) {
    let mut stderr = std::io::stderr();
    stderr.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// SplitMix64: good enough for moments, and the same for the same seed.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(salt: u64) -> Self {
        Self(SEED.wrapping_add(salt))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
