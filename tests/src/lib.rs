//! What the end-to-end tests share: a small SyftBox world in a temporary directory.

pub mod clients;
pub mod world;

pub use clients::Clients;
pub use world::World;
