//! `syft-emulator serve`.

use std::{io::Write, net::SocketAddr};

use anstyle::Style;
use serde_json::json;
use syft_emulator::{Emulator, Options};
use tokio::signal::unix::{SignalKind, signal};

use crate::{args::Serve, failure::Failure};

/// Runs an emulator until Ctrl+C or SIGTERM.
pub(super) async fn run(serve: Serve) -> Result<(), Failure> {
    // The handlers come first, so that no signal is missed once the address is known.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let emulator = Emulator::start(Options {
        address: SocketAddr::new(serve.bind, serve.port),
        data: serve.data.clone(),
        accounts: serve.accounts.clone(),
    })
    .await?;
    announce(&serve, emulator.url())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    emulator.shutdown().await?;
    if !serve.json {
        anstream::eprintln!("stopped");
    }
    Ok(())
}

fn announce(serve: &Serve, url: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    if serve.json {
        let line = json!({ "url": url, "pid": std::process::id(), "data": serve.data });
        writeln!(out, "{line}")?;
        return Ok(out.flush()?);
    }
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let kept = match &serve.data {
        Some(data) => format!("kept in {}", data.display()),
        None => "forgotten at the end; keep it with --data DIR".to_owned(),
    };
    writeln!(out, "{bold}SyftBox emulator{bold:#} at {bold}{url}{bold:#}")?;
    writeln!(out, "  {dim}everything is{dim:#}  {kept}")?;
    writeln!(out, "  {dim}mailboxes{dim:#}      {url}/")?;
    writeln!(
        out,
        "  {dim}token file{dim:#}     syft-emulator token EMAIL --out FILE --url {url}"
    )?;
    writeln!(
        out,
        "  {dim}other programs{dim:#} eval \"$(syft-emulator env --url {url})\""
    )?;
    writeln!(out, "  {dim}stop{dim:#}           Ctrl+C")?;
    Ok(out.flush()?)
}
