//! `syft-sync supervise`: the process that `start` leaves behind.

use std::{path::PathBuf, time::Duration};

use syft_daemon::{
    End, Instance, Link, Notifier, Restarts, StartedBy, Supervision, WATCHDOG,
    logs::{Line, LogFile, SharedLog},
};
use syft_state::fs::create_private_dir;
use tracing_subscriber::{Layer, layer::SubscriberExt, util::SubscriberInitExt};

use super::start;
use crate::{
    config::Config,
    exit::{Exit, Failure, Outcome, chain},
    origin::Origin,
    place::{self, PROGRAM},
    session::Wanted,
    term,
};

/// Somebody may look for an instant whether the lock is free.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);
/// Beyond what the worker takes by itself before it is cut off.
const GRACE: Duration = Duration::from_secs(3);

/// Where a daemon in the background writes what is not its log.
#[derive(Debug)]
pub(crate) struct Files {
    /// What the supervisor and a worker that cannot log have to say.
    pub(crate) supervisor: PathBuf,
}

impl Files {
    pub(crate) fn of(config: &Config) -> Self {
        let name = place::paths(&config.daemon.pid_file).name;
        Self {
            supervisor: config
                .daemon
                .state_dir
                .join(format!("{name}.supervisor.log")),
        }
    }
}

pub(crate) async fn run(wanted: &Wanted) -> Outcome {
    let link = Link::stdin()?;
    syft_daemon::detach()?;
    let above = link
        .as_ref()
        .map_or_else(Notifier::none, |link| link.notifier(None));
    let begun = begin(wanted, link).await;
    let supervision = begun.inspect_err(|failure| {
        // `start` shows this.
        above.status(&failure.message);
    })?;
    match syft_daemon::supervise(supervision).await? {
        // The worker has said so.
        End::Stopped { forced: false } | End::Finished => Ok(()),
        End::Stopped { forced: true } => {
            tracing::warn!("stopped; the worker had to be cut off");
            Ok(())
        }
        // It has been logged, and told.
        End::GaveUp { code, .. } => Err(Failure::silent(Exit::of(code).unwrap_or(Exit::Error))),
    }
}

async fn begin(wanted: &Wanted, link: Option<Link>) -> Outcome<Supervision> {
    let config = Config::load(&wanted.sources()?)?;
    let paths = place::paths(&config.daemon.pid_file);
    let instance = Instance::acquire(&paths, LOCK_PATIENCE).await?;
    let log = open_log(&config)?;
    term::into_log();
    Origin::of_this(wanted, config.file.as_deref(), StartedBy::Background)
        .logging_to(Some(config.telemetry.log_file_path.clone()))
        .save(&paths);
    Ok(Supervision {
        instance,
        link,
        program: syft_daemon::this_program()?,
        arguments: start::arguments("work", wanted, config.file.as_deref()),
        restarts: Restarts::default(),
        watchdog: WATCHDOG,
        patience: config.daemon.shutdown_timeout + GRACE,
        lines: Box::new(move |line: &[u8]| log.write_line(line)),
    })
}

/// The worker writes the log itself; this one has what happens around it.
fn open_log(config: &Config) -> Outcome<SharedLog> {
    let failed = |error: &dyn std::error::Error| Failure::error(chain(error));
    create_private_dir(&config.daemon.state_dir).map_err(|error| failed(&error))?;
    let path = Files::of(config).supervisor;
    let log = LogFile::open(&path, Line::text(PROGRAM)).map_err(|error| failed(&error))?;
    let log = SharedLog::new(log);
    let layer = tracing_subscriber::fmt::layer()
        .log_internal_errors(false)
        .event_format(Line::text(PROGRAM))
        .with_writer(log.clone())
        .with_filter(tracing_subscriber::filter::LevelFilter::INFO);
    tracing_subscriber::registry().with(layer).init();
    Ok(log)
}
