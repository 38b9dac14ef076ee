//! `syft-sync start`.

use std::{ffi::OsString, path::Path, time::Duration};

use syft_daemon::{Launch, StartError, Started, StartedBy};
use syft_state::fs::create_private_dir;
use syft_terminal::log::Only;

use super::{logs, stop, supervise::Files};
use crate::{
    config::{Config, Severity},
    exit::{Exit, Failure, Outcome, chain},
    origin::Options,
    place::{self, PROGRAM, Place, Running},
    session::Wanted,
    term::{self, ACCENT, BOLD, DIM, GOOD, WARN, paint},
    words,
};

/// How long to wait until it is ready; it goes on starting after that, too.
const PATIENCE: Duration = Duration::from_secs(90);
/// So much of the log explains most failures.
const LAST_LINES: usize = 10;
/// What is logged before a window is attached to is of interest, too.
const WINDOW_LINES: usize = 20;

pub(crate) async fn run(wanted: &Wanted) -> Outcome {
    let is_own_window = term::window::is_own();
    let outcome = begin(wanted).await;
    if is_own_window && outcome.is_ok() {
        term::say(paint(
            DIM,
            "This window follows the log; closing it, or Ctrl+C, stops nothing.",
        ));
        return logs::follow(wanted, WINDOW_LINES, Only::default()).await;
    }
    outcome
}

async fn begin(wanted: &Wanted) -> Outcome {
    let place = place::find(wanted)?;
    match place.running()? {
        Some(running) => {
            tell_running(&running, wanted, &place);
            Ok(())
        }
        None => {
            stop::mention_stale(&place);
            launch(wanted, place.config()?).await
        }
    }
}

/// Starts it, with everything that a person should know about it.
pub(crate) async fn launch(wanted: &Wanted, config: Config) -> Outcome {
    let paths = place::paths(&config.daemon.pid_file);
    let files = Files::of(&config);
    announce(&config);
    create_private_dir(&config.daemon.state_dir).map_err(|error| Failure::error(chain(&error)))?;
    let launch = Launch {
        paths,
        program: syft_daemon::this_program()?,
        arguments: arguments("supervise", wanted, config.file.as_deref()),
        environment: secrets(wanted),
        error_log: files.supervisor.clone(),
        patience: PATIENCE,
        on_status: Box::new(|_| {}),
    };
    let started = tokio::select! {
        started = syft_daemon::start(launch) => started,
        never = term::waiting() => match never {},
        _ = tokio::signal::ctrl_c() => {
            term::end_progress();
            return Err(Failure::error(
                "interrupted; it goes on starting in the background",
            )
            .hint("`syft-sync status` shows how it goes, `syft-sync stop` ends it"));
        }
    };
    term::end_progress();
    match started {
        Ok(started) => {
            tell_started(&started);
            Ok(())
        }
        // Two starts at once want the same.
        Err(StartError::Running(holder)) => {
            term::say(paint(
                GOOD,
                format_args!("✅ started by another start (PID {})", holder.pid),
            ));
            Ok(())
        }
        Err(error) => Err(failed(error, &files)),
    }
}

fn announce(config: &Config) {
    term::say(format_args!(
        "Starting {} in the background …",
        paint(BOLD, PROGRAM)
    ));
    let file = config.file.as_deref();
    let file = file.map_or_else(
        || "none; only what PocketBase or defaults say".to_owned(),
        |file| file.display().to_string(),
    );
    term::say(format_args!("  Config    {file}"));
    term::say(format_args!(
        "  PID file  {}",
        config.daemon.pid_file.display()
    ));
    term::say(format_args!(
        "  Log       {}",
        config.telemetry.log_file_path.display()
    ));
    remark(config);
}

/// Says what should be known about a config that can be used.
pub(crate) fn remark(config: &Config) {
    let file = config.file.as_deref();
    for note in &config.notes {
        if note.severity == Severity::Warning {
            term::warning(note.line(file));
        } else {
            tracing::info!("{}", note.line(file));
        }
    }
}

/// Returns the command line of another process of the same daemon, without secrets.
pub(crate) fn arguments(command: &str, wanted: &Wanted, config: Option<&Path>) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec![command.into()];
    let mut option = |name: &str, value: Option<OsString>| {
        if let Some(value) = value {
            line.extend([name.into(), value]);
        }
    };
    let start = &wanted.start;
    let config = wanted.config.as_deref().or(config);
    option("--config", config.map(Into::into));
    option(
        "--log-level",
        wanted.log_level.map(|level| level.as_str().into()),
    );
    option(
        "--pocketbase-url",
        start.pocketbase_url.clone().map(Into::into),
    );
    option("--admin-email", start.admin_email.clone().map(Into::into));
    option(
        "--admin-password-file",
        start.admin_password_file.clone().map(Into::into),
    );
    option("--pid-file", start.pid_file.clone().map(Into::into));
    option(
        "--metrics-port",
        start.metrics_port.map(|port| port.to_string().into()),
    );
    line
}

/// Returns what the list of processes must not show.
fn secrets(wanted: &Wanted) -> Vec<(OsString, OsString)> {
    let password = wanted.start.admin_password.as_ref();
    password
        .map(|password| ("SYNC_PB_ADMIN_PASSWORD".into(), password.into()))
        .into_iter()
        .collect()
}

fn tell_started(started: &Started) {
    term::say(paint(
        GOOD,
        format_args!("✅ started (PID {})", started.pid),
    ));
    if let Some(status) = started
        .status
        .as_deref()
        .filter(|status| status.starts_with("waiting"))
    {
        term::warning(format_args!("{status}; it tries again by itself"));
    }
    for (what, command) in [
        ("Status", "syft-sync status"),
        ("Log", "syft-sync logs --follow"),
        ("Stop", "syft-sync stop"),
    ] {
        term::say(format_args!("  {what:<8}  {}", paint(ACCENT, command)));
    }
}

/// A second start is no failure, but what it asks for may not be what runs.
fn tell_running(running: &Running, wanted: &Wanted, place: &Place) {
    let since = running.holder.since.map_or_else(String::new, |since| {
        let by = running.origin.as_ref().map(|origin| &origin.by);
        let by = by.filter(|by| **by != StartedBy::Background);
        let by = by.map_or_else(String::new, |by| format!(" by {}", by.name(PROGRAM)));
        format!(", started {}{by}", words::ago(since.into()))
    });
    term::say(format_args!(
        "{} (PID {}{since})",
        paint(GOOD, "✅ syft-sync is running already"),
        running.holder.pid
    ));
    let Some(origin) = &running.origin else {
        return;
    };
    if origin.config != place.file {
        let other = origin
            .config
            .as_deref()
            .map_or_else(|| "none".to_owned(), |config| config.display().to_string());
        term::warning(format_args!("it runs with another config: {other}"));
    }
    let options = Options::of(wanted);
    if options != Options::default() && options != origin.options {
        term::warning("it runs with other options; `syft-sync restart` takes yours");
    }
    term::say(format_args!(
        "  Stop      {}",
        paint(ACCENT, "syft-sync stop")
    ));
}

fn failed(error: StartError, files: &Files) -> Failure {
    match error {
        StartError::Ended { status, reason } => {
            show_log(files);
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            let exit = code.and_then(Exit::of).unwrap_or(Exit::Error);
            let reason = reason.unwrap_or_else(|| format!("it ended with {status}"));
            Failure::new(exit, format!("it did not start: {reason}"))
                .hint("syft-sync start --foreground shows more")
        }
        StartError::NotReady {
            pid,
            status,
            waited,
        } => Failure::error(format!(
            "it is not ready after {} s{}; it goes on starting in the background (PID {pid})",
            waited.as_secs(),
            status.map_or_else(String::new, |status| format!(" ({status})"))
        ))
        .hint("`syft-sync status` shows how it goes, `syft-sync stop` ends it"),
        error => Failure::error(chain(&error)),
    }
}

fn show_log(files: &Files) {
    let lines = term::log::last_lines(&files.supervisor, LAST_LINES);
    if lines.is_empty() {
        return;
    }
    term::say(paint(
        WARN,
        format_args!("{} ends with:", files.supervisor.display()),
    ));
    for line in lines {
        term::say(paint(DIM, format_args!("  {line}")));
    }
}
