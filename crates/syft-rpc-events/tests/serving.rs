//! A server and the files of its peers.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "serving/delivery.rs"]
mod delivery;
#[path = "serving/desk.rs"]
mod desk;
#[path = "serving/rows.rs"]
mod rows;
#[path = "serving/upkeep.rs"]
mod upkeep;
