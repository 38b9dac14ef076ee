//! `syft-notify`: watches Google Drive and the local SyftBox and mails about what happens.

mod args;
mod commands;
mod exit;
mod journal;
mod origin;
mod place;
mod prompt;
mod session;
mod term;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::report(commands::run(args::parse()))
}
