//! What the end-to-end tests share: small SyftBox worlds, one on a local hub, one on Google.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

pub mod cable;
pub mod google_world;
pub mod home;
pub mod peers;
pub mod sync_home;
pub mod world;

pub use cable::Cable;
pub use google_world::GoogleWorld;
pub use sync_home::SyncHome;
pub use world::World;
