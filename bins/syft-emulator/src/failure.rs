//! What can go wrong in a command, and how the user hears of it.

use std::{error::Error, io, path::PathBuf, process::ExitCode};

use anstyle::{AnsiColor, Style};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Failure {
    #[error(transparent)]
    Emulator(#[from] syft_emulator::Error),
    #[error(
        "no emulator answers at {url}: start one with `syft-emulator serve`, or name it by --url"
    )]
    Unreachable {
        url: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("{url} answered {status}: {message}")]
    Refused {
        url: String,
        status: u16,
        message: String,
    },
    #[error("{url} is not the address of an emulator: expected http://HOST:PORT")]
    Address { url: String },
    #[error("{} names no running emulator: start one with `syft-emulator serve --data {}`",
        path.display(), path.display())]
    NotRunning { path: PathBuf },
    #[error("cannot access {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("no directory for the certificates is known: name one by --dir")]
    NoDirectory,
    #[error("cannot write to the terminal")]
    Output(#[from] io::Error),
    #[error("the fault is not valid JSON")]
    Fault(#[from] serde_json::Error),
}

/// Prints an error with its causes, and returns the exit code 1.
pub(crate) fn report(error: &dyn Error) -> ExitCode {
    let style = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    anstream::eprintln!("{style}error:{style:#} {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        anstream::eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}
