//! One module per command; each returns what the exit code and the error line are made of.

mod config;
mod demo;
mod init;
mod notify_granted;
mod run;
mod state;
mod status;
mod test_email;

use clap::CommandFactory;

use crate::{
    args::{Cli, Command},
    exit::{Failure, Outcome},
    journal, term,
};

pub(crate) fn run(cli: Cli) -> Outcome {
    if cli.no_color {
        term::no_color();
    }
    let is_quiet = !matches!(cli.command, Command::Run(_));
    journal::install(cli.verbose, is_quiet);
    match cli.command {
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "syft-notify",
                &mut std::io::stdout(),
            );
            Ok(())
        }
        Command::Man => print_manual(),
        command => runtime()?.block_on(run_async(command)),
    }
}

async fn run_async(command: Command) -> Outcome {
    match command {
        Command::Init(args) => init::run(*args).await,
        Command::Run(args) => run::run(args).await,
        Command::Status(args) => status::run(&args),
        Command::NotifyGranted(args) => notify_granted::run(args).await,
        Command::State { command } => state::run(command),
        Command::TestEmail(args) => test_email::run(args).await,
        Command::Config { command } => config::run(command),
        Command::Demo(args) => demo::run(args).await,
        Command::Completions { .. } | Command::Man => Ok(()),
    }
}

/// One thread is enough for waiting, and keeps the daemon small.
fn runtime() -> Outcome<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_keep_alive(std::time::Duration::from_secs(2))
        .build()
        .map_err(|error| Failure::error(format!("cannot start: {error}")))
}

fn print_manual() -> Outcome {
    let manual = clap_mangen::Man::new(Cli::command());
    manual
        .render(&mut std::io::stdout())
        .map_err(|error| Failure::error(format!("cannot print the manual: {error}")))
}
