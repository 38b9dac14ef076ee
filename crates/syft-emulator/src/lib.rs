//! Google Drive, Gmail and OAuth on loopback, good enough for unmodified clients.

mod drive;
mod error;
mod faults;
mod mail;
mod oauth;
mod params;
mod state;
