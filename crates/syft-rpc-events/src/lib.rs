//! File-based RPC and file events for SyftBox, on the wire compatible with Python's `syft-event`
//! 0.4 and `syft-rpc` 0.4, and with the Go client that carries the files.

pub mod interval;
pub mod message;
pub mod url;
