//! One module per command; each returns what the exit code and the error line are made of.

mod config;
mod demo;
mod doctor;
mod init;
mod logs;
mod notify_granted;
mod queue;
mod reload;
mod restart;
mod run;
mod service;
mod start;
mod state;
pub(crate) mod status;
mod stop;
pub(crate) mod supervise;
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
    // Those who watch read first from the config how to log.
    if !matches!(cli.command, Command::Run(_) | Command::Supervise(_)) {
        journal::install(cli.verbose, "error");
    }
    match cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "syft-notify", &mut script);
            term::bytes(&script);
            Ok(())
        }
        Command::Man { command } => print_manual(&command),
        command => {
            let runtime = runtime()?;
            let outcome = runtime.block_on(run_async(command, cli.verbose));
            // A thread that still waits for an answer at the terminal must not keep us.
            runtime.shutdown_background();
            outcome
        }
    }
}

async fn run_async(command: Command, verbose: u8) -> Outcome {
    match command {
        Command::Init(args) => init::run(*args).await,
        Command::Run(args) => run::run(args, verbose).await,
        Command::Start(args) => start::run(args, verbose).await,
        Command::Stop(args) => stop::run(args).await,
        Command::Restart(args) => restart::run(args, verbose).await,
        Command::Reload(args) => reload::run(args).await,
        Command::Supervise(args) => supervise::run(args, verbose).await,
        Command::Logs(args) => logs::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
        Command::Queue { command } => queue::run(command).await,
        Command::Service { command } => service::run(command).await,
        Command::Status(args) => status::run(&args),
        Command::NotifyGranted(args) => notify_granted::run(args).await,
        Command::State { command } => state::run(command).await,
        Command::TestEmail(args) => test_email::run(args).await,
        Command::Config { command } => config::run(command),
        Command::Demo(args) => demo::run(args).await,
        Command::Completions { .. } | Command::Man { .. } => Ok(()),
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

/// Prints the page of the program, or of one of its commands.
fn print_manual(names: &[String]) -> Outcome {
    let mut page = Cli::command();
    page.build();
    for name in names {
        page = page.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::error(format!("there is no command {name:?}")).hint("syft-notify help")
        })?;
    }
    let mut manual = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut manual)
        .map_err(|error| Failure::error(format!("cannot write the manual: {error}")))?;
    term::bytes(&manual);
    Ok(())
}
