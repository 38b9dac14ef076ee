//! How much of it is done.

use std::sync::LazyLock;

#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the tests says how much"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether everything is done, which takes long.
pub(crate) static IS_FULL: LazyLock<bool> =
    LazyLock::new(|| variable("SYFT_MIRROR").is_some_and(|scale| scale == "full"));

/// Where all random choices of a run begin.
pub(crate) static SEED: LazyLock<u64> = LazyLock::new(|| {
    let seed = variable("SYFT_MIRROR_SEED").map_or_else(
        || uuid::Uuid::new_v4().as_u64_pair().0,
        |seed| seed.parse().unwrap(),
    );
    say(&format!("SYFT_MIRROR_SEED={seed}"));
    seed
});

pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    // By its own hand, so that the harness does not keep it to itself.
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{line}").unwrap();
}
