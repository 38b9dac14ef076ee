//! One module per command; each returns what the exit code and the error line are made of.

mod config;
mod doctor;
mod explain;
mod install;
mod jobs;
mod logs;
mod metrics;
mod pb;
mod plan;
mod reload;
mod restart;
mod runs;
mod service;
pub(crate) mod start;
mod status;
mod stop;
mod supervise;
mod trigger;
mod uninstall;

use clap::CommandFactory;

use crate::{
    args::{Cli, Command},
    daemon::{self, Role},
    exit::{Failure, Outcome},
    session::Wanted,
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
        Command::Man { command } => print_manual(&command),
        _ => {
            let runtime = runtime()?;
            let outcome = runtime.block_on(run_async(cli));
            // A thread that still waits for an answer at the terminal must not keep us.
            runtime.shutdown_background();
            outcome
        }
    }
}

async fn run_async(cli: Cli) -> Outcome {
    let global = cli.global;
    let wanted = |start| Wanted::of(&global, start);
    let plain = || wanted(crate::args::StartArgs::default());
    let is_json = global.json;
    match cli.command {
        Command::Start(args) if global.foreground => foreground(&wanted(args)?).await,
        Command::Start(args) => start::run(&wanted(args)?).await,
        Command::Run(args) => foreground(&wanted(args)?).await,
        Command::Restart(args) => restart::run(&wanted(args)?, global.foreground).await,
        Command::Supervise(args) => supervise::run(&wanted(args)?).await,
        Command::Work(args) => {
            term::into_log();
            daemon::run(&wanted(args)?, Role::Worker).await
        }
        Command::Stop(args) => stop::run(&plain()?, args.timeout).await,
        Command::Reload => reload::run(&plain()?, is_json).await,
        Command::Status(args) => status::run(&plain()?, &args, is_json).await,
        Command::Logs(args) => logs::run(&plain()?, &args).await,
        Command::Jobs { command } => jobs::run(&plain()?, command, is_json).await,
        Command::Trigger(args) => trigger::run(&plain()?, &args, is_json).await,
        Command::Plan(args) => plan::run(&plain()?, &args.job, is_json),
        Command::Runs(args) => runs::run(&plain()?, &args, is_json),
        Command::Explain { path } => explain::run(&plain()?, &path, is_json),
        Command::Doctor(args) => doctor::run(&plain()?, &args, is_json).await,
        Command::Metrics => metrics::run(&plain()?).await,
        Command::Pb { command } => pb::run(&plain()?, command, is_json).await,
        Command::Install(args) => install::run(&global, &args).await,
        Command::Uninstall(args) => uninstall::run(&args).await,
        Command::Config { command } => config::run(&command, &plain()?, is_json),
        Command::Completions { .. } | Command::Man { .. } => Ok(()),
    }
}

/// Runs the daemon in this process.
pub(crate) async fn foreground(wanted: &Wanted) -> Outcome {
    daemon::run(wanted, Role::Foreground).await
}

/// One thread is enough for waiting, and keeps the daemon small; runs have threads of their own.
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
            Failure::error(format!("there is no command {name:?}")).hint("syft-sync help")
        })?;
    }
    let mut manual = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut manual)
        .map_err(|error| Failure::error(format!("cannot write the manual: {error}")))?;
    term::bytes(&manual);
    Ok(())
}
