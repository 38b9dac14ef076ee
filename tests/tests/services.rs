//! `syft-notify` under those who keep services: systemd, supervisor, launchd, Windows; and under
//! those who watch it: Prometheus, Nagios. Needs the feature `interop`.

#![cfg(feature = "interop")]
#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "services/booted.rs"]
mod booted;
#[path = "services/daemon.rs"]
mod daemon;
#[path = "services/files.rs"]
mod files;
#[path = "services/monitoring.rs"]
mod monitoring;
#[path = "services/peers.rs"]
mod peers;
#[path = "services/supervisor.rs"]
mod supervisor;
#[path = "services/sync_monitoring.rs"]
mod sync_monitoring;
