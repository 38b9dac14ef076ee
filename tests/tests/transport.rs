//! `GoogleDrive`, `Gmail` and OAuth against the emulator, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

#[path = "transport/discovery.rs"]
mod discovery;
#[path = "transport/drive.rs"]
mod drive;
#[path = "transport/google.rs"]
mod google;
#[path = "transport/mail.rs"]
mod mail;
#[path = "transport/oauth.rs"]
mod oauth;
#[path = "transport/proxy.rs"]
mod proxy;
