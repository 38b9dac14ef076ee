//! `syft-notify supervise`: the process that `start` leaves behind.

use std::{path::Path, time::Duration};

use syft_daemon::{
    End, Instance, Link, Notifier, Restarts, StartedBy, Supervision, WATCHDOG,
    logs::{LogFile, SharedLog},
};
use syft_monitor::config::Config;
use syft_state::fs::create_private_dir;
use tokio::time::MissedTickBehavior;

use super::{
    run::{Plan, seat},
    start,
};
use crate::{
    args::WatchArgs,
    exit::{Exit, Failure, Outcome, chain},
    journal,
    origin::Origin,
    place, term,
};

/// How long the worker may take for what is at hand; less than `stop` waits for us.
const PATIENCE: Duration = Duration::from_secs(5);
/// A log that is written to looks after itself; an idle machine is not woken for it each second.
const LOG_PERIOD: Duration = Duration::from_secs(10);
/// Somebody may look for an instant whether the lock is free.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

pub(crate) async fn run(args: WatchArgs, verbose: u8) -> Outcome {
    let link = Link::stdin()?;
    syft_daemon::detach()?;
    let above = link
        .as_ref()
        .map_or_else(Notifier::none, |link| link.notifier(None));
    let begun = begin(&args, verbose, link).await;
    let begun = begun.inspect_err(|failure| {
        // `start` shows this.
        above.status(&failure.message);
    })?;
    let looking_after = tokio::spawn(look_after(begun.log));
    let end = syft_daemon::supervise(begun.plan).await;
    looking_after.abort();
    match end? {
        // The worker has said so.
        End::Stopped { forced: false } | End::Finished => Ok(()),
        End::Stopped { forced: true } => {
            tracing::warn!("⚠️  stopped; the worker had to be cut off");
            Ok(())
        }
        // It has been logged, and told.
        End::GaveUp { code, .. } => Err(Failure::silent(Exit::of(code).unwrap_or(Exit::Error))),
    }
}

/// What is to be supervised, and where it is logged.
struct Begun {
    plan: Supervision,
    log: SharedLog,
}

async fn begin(args: &WatchArgs, verbose: u8, link: Option<Link>) -> Outcome<Begun> {
    let plan = Plan::of(args)?;
    // The worker says what is to be said of it.
    let config = plan.read()?;
    let paths = place::paths(&config.state_path);
    let instance = Instance::acquire(&paths, LOCK_PATIENCE).await;
    let instance = instance.map_err(|error| seat::not_alone(error, &config))?;
    let log = open_log(&config.log.path, &config)?;
    journal::install_as(&config.log, verbose, journal::To::File(log.clone()));
    term::into_log();
    Origin::of_this(&config, plan.args(), verbose, StartedBy::Background)
        .logging_to(Some(config.log.path.clone()))
        .save(&paths);
    let mut arguments = start::arguments("run", plan.args(), verbose);
    arguments.push("--supervised".into());
    let supervision = Supervision {
        instance,
        link,
        program: syft_daemon::this_program()?,
        arguments,
        restarts: Restarts::default(),
        watchdog: WATCHDOG,
        patience: PATIENCE,
        lines: Box::new({
            let log = log.clone();
            move |line: &[u8]| log.write_line(line)
        }),
    };
    Ok(Begun {
        plan: supervision,
        log,
    })
}

/// Brings back a log whose directory was removed, also while nothing is logged.
pub(super) async fn look_after(log: SharedLog) {
    let mut ticks = tokio::time::interval(LOG_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        log.look_after();
    }
}

/// Opens a log file as the config wants it, in a directory that may have to be made.
pub(super) fn open_log(path: &Path, config: &Config) -> Outcome<SharedLog> {
    if let Some(directory) = path.parent() {
        create_private_dir(directory).map_err(|error| Failure::error(chain(&error)))?;
    }
    let log = LogFile::open(path, journal::line(&config.log));
    log.map(SharedLog::new)
        .map_err(|error| Failure::error(chain(&error)))
}
