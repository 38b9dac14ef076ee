//! Runs of jobs on real trees: what is kept, what is refused, and in which words.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "mirror/attributes.rs"]
mod attributes;
#[path = "mirror/obstacles.rs"]
mod obstacles;
#[path = "mirror/races.rs"]
mod races;
#[path = "mirror/refusals.rs"]
mod refusals;
#[path = "mirror/scene.rs"]
mod scene;
