//! The program as people and service managers run it.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "program/background.rs"]
mod background;
#[path = "program/config.rs"]
mod config;
#[path = "program/desk.rs"]
mod desk;
#[path = "program/foreground.rs"]
mod foreground;
#[path = "program/lines.rs"]
mod lines;
#[path = "program/services.rs"]
mod services;
