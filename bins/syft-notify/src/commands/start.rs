//! `syft-notify start`.

mod window;

use std::{ffi::OsString, time::Duration};

use syft_daemon::{Launch, StartError, Started, StartedBy};
use syft_state::fs::create_private_dir;

use super::{run::Plan, stop};
use crate::{
    args::WatchArgs,
    exit::{Exit, Failure, Outcome, chain},
    origin::Options,
    place::{self, Place, Running},
    term::{self, ACCENT, BOLD, DIM, GOOD, WARN, paint},
};

/// How long to wait until it is ready; it goes on starting after that, too.
const PATIENCE: Duration = Duration::from_secs(90);
/// So much of the log explains most failures.
const LAST_LINES: usize = 10;

pub(crate) async fn run(args: WatchArgs, verbose: u8) -> Outcome {
    let plan = Plan::of(&args)?;
    let is_own_window = term::window::is_own();
    let outcome = begin(&args, &plan, verbose).await;
    if !is_own_window {
        return outcome;
    }
    window::stay(plan.args(), outcome).await
}

async fn begin(args: &WatchArgs, plan: &Plan, verbose: u8) -> Outcome {
    let place = place::find(&plan.args().config)?;
    match place.running()? {
        Some(running) => {
            tell_running(&running, args, &place);
            Ok(())
        }
        None => {
            refuse_python(&place)?;
            stop::mention_stale(&place);
            launch(plan, verbose).await
        }
    }
}

/// Both would mail, and neither knows what the other has just sent.
fn refuse_python(place: &Place) -> Outcome {
    place::python_daemon(&place.paths).map_or(Ok(()), |pid| {
        Err(
            Failure::error(format!("the Python syft-notify still runs (PID {pid})"))
                .hint(format!("kill {pid}, then syft-notify start")),
        )
    })
}

/// Starts it, with everything that a person should know about it.
pub(crate) async fn launch(plan: &Plan, verbose: u8) -> Outcome {
    let config = plan.config()?;
    let paths = place::paths(&config.state_path);
    term::say(format_args!(
        "Starting {} in the background …",
        paint(BOLD, "syft-notify")
    ));
    term::say(format_args!("  Config    {}", config.file.display()));
    term::say(format_args!("  PID file  {}", paths.pid().display()));
    term::say(format_args!("  Log       {}", config.log.path.display()));
    if let Some(directory) = config.log.path.parent() {
        create_private_dir(directory).map_err(|error| Failure::error(chain(&error)))?;
    }
    let launch = Launch {
        paths,
        program: syft_daemon::this_program()?,
        arguments: arguments("supervise", plan.args(), verbose),
        error_log: syft_daemon::logs::error_log(&config.log.path),
        patience: PATIENCE,
        environment: Vec::new(),
        on_status: Box::new(|_| {}),
    };
    let started = tokio::select! {
        started = syft_daemon::start(launch) => started,
        never = term::waiting() => match never {},
        _ = tokio::signal::ctrl_c() => {
            term::end_progress();
            return Err(Failure::error(
                "interrupted; syft-notify goes on starting in the background",
            )
            .hint("`syft-notify status` shows how it goes, `syft-notify stop` ends it"));
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
        Err(error) => Err(failed(error, &config.log.path)),
    }
}

/// Returns the command line of another process that watches like this.
pub(crate) fn arguments(command: &str, args: &WatchArgs, verbose: u8) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec![command.into()];
    if let Some(file) = &args.config.config {
        line.extend(["--config".into(), file.into()]);
    }
    if let Some(seconds) = args.interval {
        line.extend(["--interval".into(), seconds.to_string().into()]);
    }
    let flags = [
        ("--jobs-only", args.jobs_only),
        ("--peers-only", args.peers_only),
        ("--notify-existing", args.notify_existing),
    ];
    line.extend(
        flags
            .iter()
            .filter(|(_, is_on)| *is_on)
            .map(|(flag, _)| (*flag).into()),
    );
    line.extend((0..verbose).map(|_| "--verbose".into()));
    line
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
        ("Status", "syft-notify status"),
        ("Log", "syft-notify logs --follow"),
        ("Stop", "syft-notify stop"),
    ] {
        term::say(format_args!("  {what:<8}  {}", paint(ACCENT, command)));
    }
}

/// A second start is no failure, but what it asks for may not be what runs.
fn tell_running(running: &Running, args: &WatchArgs, place: &Place) {
    let since = running.holder.since.map_or_else(String::new, |since| {
        let by = running.origin.as_ref().map(|origin| &origin.by);
        let by = by.filter(|by| **by != StartedBy::Background);
        let by = by.map_or_else(String::new, |by| format!(" by {}", by.name(place::NAME)));
        format!(", started {}{by}", super::status::words::ago(since.into()))
    });
    term::say(format_args!(
        "{} (PID {}{since})",
        paint(GOOD, "✅ syft-notify is running already"),
        running.holder.pid
    ));
    let Some(origin) = &running.origin else {
        return;
    };
    if origin.config != place.file {
        term::warning(format_args!(
            "it runs with another config: {}",
            origin.config.display()
        ));
    }
    let wanted = Options::of(args, 0);
    if wanted != Options::default()
        && wanted
            != (Options {
                verbose: 0,
                ..origin.options
            })
    {
        term::warning("it runs with other options; `syft-notify restart` takes yours");
    }
    term::say(format_args!(
        "  Stop      {}",
        paint(ACCENT, "syft-notify stop")
    ));
}

fn failed(error: StartError, log: &std::path::Path) -> Failure {
    match error {
        StartError::Ended { status, reason } => {
            show_log(log);
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            let exit = code.and_then(Exit::of).unwrap_or(Exit::Error);
            let reason = reason.unwrap_or_else(|| format!("it ended with {status}"));
            let failure = Failure::new(exit, format!("it did not start: {reason}"));
            if exit == Exit::LoginNeeded {
                failure.hint("syft-notify init, then syft-notify start")
            } else {
                failure.hint("syft-notify run shows more, in the foreground")
            }
        }
        StartError::NotReady {
            pid,
            status,
            waited,
        } => Failure::new(
            Exit::Unavailable,
            format!(
                "it is not ready after {} s{}; it goes on starting in the background (PID {pid})",
                waited.as_secs(),
                status.map_or_else(String::new, |status| format!(" ({status})"))
            ),
        )
        .hint("`syft-notify status` shows how it goes, `syft-notify stop` ends it"),
        error => Failure::error(chain(&error)),
    }
}

fn show_log(log: &std::path::Path) {
    let lines = term::log::last_lines(log, LAST_LINES);
    if lines.is_empty() {
        return;
    }
    term::say(paint(WARN, "The log ends with:"));
    for line in lines {
        term::say(paint(DIM, format_args!("  {line}")));
    }
}
