//! `syft-notify`: watches Google Drive and the local SyftBox and mails about what happens.

mod args;
mod commands;
mod exit;
mod journal;
mod origin;
mod place;
mod prompt;
mod session;

use std::process::ExitCode;

use syft_terminal as term;

fn main() -> ExitCode {
    exit::report(commands::run(args::parse()))
}
