//! What the end-to-end tests share: a small SyftBox world in a temporary directory.

pub mod world;

pub use world::World;
