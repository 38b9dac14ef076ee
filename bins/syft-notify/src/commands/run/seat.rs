//! The right to be the one that watches, and whom to tell how it goes.

use std::{path::PathBuf, time::Duration};

use syft_daemon::{Error, Holder, Instance, Link, Notifier, StartedBy, WATCHDOG};
use syft_monitor::config::Config;
use syft_state::fs::Lock;

use super::Plan;
use crate::{
    args::RunArgs,
    commands::status::report,
    exit::{Failure, Outcome, chain},
    origin::Origin,
    place,
};

/// Somebody may look for an instant whether the lock is free.
const PATIENCE: Duration = Duration::from_secs(1);
/// Kept for as long as the monitor runs.
pub(super) struct Seat {
    /// A supervised monitor's supervisor has it.
    _instance: Option<Instance>,
    _alone: Lock,
    pub(super) link: Option<Link>,
    pub(super) notifier: Notifier,
}

impl Seat {
    pub(super) async fn take(
        args: &RunArgs,
        plan: &Plan,
        config: &Config,
        verbose: u8,
    ) -> Outcome<Self> {
        let link = if args.supervised { Some(link()?) } else { None };
        let notifier = match &link {
            Some(link) => link.notifier(Some(WATCHDOG)),
            None => systemd()?,
        };
        let instance = match &link {
            Some(_) => None,
            None => Some(instance(args, plan, config, verbose).await?),
        };
        Ok(Self {
            _instance: instance,
            _alone: report::watch_alone(config).await?,
            link,
            notifier,
        })
    }
}

fn link() -> Outcome<Link> {
    let link = Link::stdin().map_err(|error| Failure::error(chain(&error)))?;
    link.ok_or_else(|| {
        Failure::error("--supervised is for the worker of `syft-notify start`")
            .hint("leave it out to watch in the foreground")
    })
}

#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
fn systemd() -> Outcome<Notifier> {
    Notifier::systemd(|name| std::env::var_os(name)).map_err(|error| Failure::error(chain(&error)))
}

async fn instance(args: &RunArgs, plan: &Plan, config: &Config, verbose: u8) -> Outcome<Instance> {
    let paths = place::paths(&config.state_path);
    let instance = Instance::acquire(&paths, PATIENCE).await;
    let instance = instance.map_err(|error| not_alone(error, config))?;
    Origin::of_this(config, plan.args(), verbose, started_by())
        .logging_to(log_file(args, config))
        .save(&paths);
    Ok(instance)
}

#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
fn started_by() -> StartedBy {
    StartedBy::of_this(|name| std::env::var(name).ok())
}

/// Returns the file that `--log-file` asks for, by itself or by name.
pub(super) fn log_file(args: &RunArgs, config: &Config) -> Option<PathBuf> {
    let path = args.log_file.as_ref()?;
    let path = path.clone().unwrap_or_else(|| config.log.path.clone());
    // T15: a daemon's working directory is not that of the person.
    Some(std::path::absolute(&path).unwrap_or(path))
}

/// Says who watches already, and with what.
pub(crate) fn not_alone(error: Error, config: &Config) -> Failure {
    match error {
        Error::Running(holder) => watched(&holder, config),
        error => Failure::error(chain(&error)),
    }
}

fn watched(holder: &Holder, config: &Config) -> Failure {
    let paths = place::paths(&config.state_path);
    let origin = Origin::read(&paths, holder.pid);
    let other = origin.filter(|origin| origin.config != config.file);
    let pid = holder.pid;
    match other {
        None => Failure::error(format!(
            "another syft-notify (PID {pid}) watches already with {}",
            config.state_path.display()
        ))
        .hint("stop it with `syft-notify stop`, or look in between with `syft-notify run --once`"),
        Some(other) => Failure::error(format!(
            "another syft-notify (PID {pid}) keeps its files in {} already, with the config {}",
            paths.directory.display(),
            other.config.display()
        ))
        .hint(format!(
            "put the `state_path` of {} into a directory of its own",
            config.file.display()
        )),
    }
}
