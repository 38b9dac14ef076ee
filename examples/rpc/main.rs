//! RPC by files for people at a terminal: serve an echo, call an endpoint, look around, clean up.
//!
//! `cargo run -p syft-examples --example rpc -- --help`

mod args;
mod call;
mod clean;
mod failure;
mod look;
mod print;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;
use syft_rpc_events::{config::ClientConfig, layout::Workspace};
use tracing_subscriber::EnvFilter;

use crate::{
    args::{Args, Command},
    failure::{Exit, Failure, Outcome},
};

fn main() -> ExitCode {
    let args = Args::parse();
    let filter = EnvFilter::try_from_env("SYFT_RPC_LOG");
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new("warn")))
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(args)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(args: Args) -> Outcome {
    let config = config(&args)?;
    let workspace = Workspace::new(&config);
    match args.command {
        Command::Serve(serve) => serve::run(&config, serve, args.json).await,
        Command::Call(call) => call::run(workspace, call, args.json).await,
        Command::List { app } => look::list(&workspace, &app, args.json),
        Command::Schema { app, datasite } => look::schema(&workspace, &app, datasite),
        Command::Cleanup(cleanup) => clean::run(&workspace, cleanup, args.json).await,
    }
}

#[expect(clippy::disallowed_methods, reason = "a program reads the environment")]
fn config(args: &Args) -> Outcome<ClientConfig> {
    let home = std::env::home_dir().unwrap_or_default();
    let path = ClientConfig::locate(args.config.as_deref(), |name| std::env::var_os(name), &home);
    let hint = "name the client's config by --config or SYFTBOX_CLIENT_CONFIG_PATH";
    let config =
        ClientConfig::load(&path, &home).map_err(|error| Failure::error(&error).hint(hint))?;
    // Without it nobody would carry a file that is written there.
    if let Err(error) = std::fs::read_dir(&config.data_dir) {
        let place = config.data_dir.display();
        let message = format!(
            "there is no SyftBox at {place}, as {} says: {error}",
            path.display()
        );
        return Err(
            Failure::new(Exit::Error, message).hint("start the SyftBox client, which makes it")
        );
    }
    Ok(config)
}
