//! One module per command; each returns what the exit code and the error line are made of.

use clap::CommandFactory;

use crate::{
    args::{Cli, Command},
    exit::{Failure, Outcome},
    term,
};

pub(crate) fn run(cli: Cli) -> Outcome {
    if cli.global.no_color {
        term::no_color();
    }
    match cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "syft-sync", &mut script);
            term::bytes(&script);
            Ok(())
        }
        command => Err(Failure::error(format!("not there yet: {command:?}"))),
    }
}
