//! The log: which events are told, in which form, and where to.

use std::{io, os::fd::AsFd};

pub(crate) use syft_daemon::logs::one_line;
use syft_daemon::logs::{Line, SharedLog, panic_line};
use syft_monitor::config::{LogConfig, LogFormat, LogLevel};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::place::NAME;

/// Where the log goes.
#[derive(Debug)]
pub(crate) enum To {
    Stderr,
    /// To the files as well.
    Both(SharedLog),
    File(SharedLog),
}

/// Installs the log of a command that says itself what it does: on standard error, from the
/// usual level on, or in more detail; `SYFT_NOTIFY_LOG` overrides both.
pub(crate) fn install(verbose: u8, usual: &str) {
    let registry = tracing_subscriber::registry().with(filter(verbose, usual));
    registry.with(layer(Line::text(NAME), io::stderr)).init();
}

/// Installs the log of one who watches, as the config wants it, and logs panics, too.
pub(crate) fn install_as(config: &LogConfig, verbose: u8, to: To) {
    let line = line(config);
    let (stderr, file) = match to {
        To::Stderr => (true, None),
        To::Both(file) => (true, Some(file)),
        To::File(file) => (false, Some(file)),
    };
    let for_stderr = if stderr_is_journal() {
        line.for_journal()
    } else {
        line
    };
    tracing_subscriber::registry()
        .with(filter(verbose, usual(config.level)))
        .with(stderr.then(|| layer(for_stderr, io::stderr)))
        .with(file.map(|file| layer(line, file)))
        .init();
    std::panic::set_hook(Box::new(|panic| tracing::error!("{}", panic_line(panic))));
}

/// Returns the form of the lines of a config.
pub(crate) fn line(config: &LogConfig) -> Line {
    match config.format {
        LogFormat::Text => Line::text(NAME),
        LogFormat::Json => Line::json(NAME),
    }
}

fn layer<S, W>(line: Line, writer: W) -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'a> tracing_subscriber::fmt::MakeWriter<'a> + 'static,
{
    tracing_subscriber::fmt::layer()
        // They would be told to the same closed terminal, and end the program.
        .log_internal_errors(false)
        .event_format(line)
        .with_writer(writer)
}

fn usual(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warning => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    }
}

fn filter(verbose: u8, usual: &str) -> EnvFilter {
    EnvFilter::try_from_env("SYFT_NOTIFY_LOG")
        .unwrap_or_else(|_| EnvFilter::new(directives(verbose, usual)))
}

/// Other people's libraries are heard from warnings on, and never more than our own.
fn directives(verbose: u8, usual: &str) -> String {
    let level = match (verbose, usual) {
        (0, usual) => usual,
        (1, _) => "debug",
        _ => "trace",
    };
    let others = if level == "error" { "error" } else { "warn" };
    ["daemon", "monitor", "transport", "state", "notify"]
        .iter()
        .fold(others.to_owned(), |text, part| {
            format!("{text},syft_{part}={level}")
        })
}

/// Returns whether standard error leads to systemd's journal, which reads priorities.
#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
fn stderr_is_journal() -> bool {
    let Ok(journal) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    rustix::fs::fstat(io::stderr().as_fd())
        .is_ok_and(|stat| journal == format!("{}:{}", stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_wanted_of_our_own_crates_only() {
        for (verbose, usual, expected) in [
            (0, "error", "error,syft_daemon=error,"),
            (0, "info", "warn,syft_daemon=info,"),
            (1, "info", "warn,syft_daemon=debug,"),
            (2, "error", "warn,syft_daemon=trace,"),
        ] {
            let text = directives(verbose, usual);
            assert!(text.starts_with(expected), "{text}");
            assert!(text.parse::<EnvFilter>().is_ok(), "{text}");
        }
    }
}
