//! The program as a person or a script uses it, each test in a home directory of its own.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail by panicking")]

mod background;
mod bad_config;
mod bad_state;
mod bad_tokens;
mod browser;
mod demo;
mod desk;
mod doctor;
mod drive_trouble;
mod granted;
mod help;
mod import;
mod init;
mod login;
mod logs;
mod output;
mod prompts;
mod queue;
mod receivers;
mod reload;
mod restart;
mod running;
mod service;
mod service_manager;
mod status;
mod terminal;
mod windows;
