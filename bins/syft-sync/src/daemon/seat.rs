//! The right to be the daemon, and whom to tell how it goes.

use std::time::Duration;

use syft_daemon::{Ended, Error, Instance, Link, Notifier, Paths, StartedBy, WATCHDOG};

use super::Role;
use crate::{
    config::Config,
    exit::{Exit, Failure, Outcome, chain},
    origin::Origin,
    place::{self, PROGRAM},
    session::Wanted,
    telemetry::Telemetry,
};

/// Somebody may look for an instant whether the lock is free.
const PATIENCE: Duration = Duration::from_secs(1);

/// Kept for as long as the daemon runs.
#[derive(Debug)]
pub(super) struct Seat {
    /// A worker's supervisor has it.
    instance: Option<Instance>,
    link: Option<Link>,
    pub(super) notifier: Notifier,
    pub(super) paths: Paths,
}

impl Seat {
    pub(super) async fn take(wanted: &Wanted, config: &Config, role: Role) -> Outcome<Self> {
        let paths = place::paths(&config.daemon.pid_file);
        let link = match role {
            Role::Worker => Some(link()?),
            Role::Foreground => None,
        };
        let notifier = match &link {
            Some(link) => link.notifier(Some(WATCHDOG)),
            None => systemd()?,
        };
        let instance = match role {
            Role::Worker => None,
            Role::Foreground => Some(instance(wanted, config, &paths).await?),
        };
        Ok(Self {
            instance,
            link,
            notifier,
            paths,
        })
    }

    /// Notes where it really logs, and how often it was started again.
    pub(super) fn note(&self, telemetry: &Telemetry) {
        if let Ok(Some(ended)) = Ended::read(&self.paths) {
            telemetry.metrics.state.restarts(ended.restarts + 1);
        }
        let holder = syft_daemon::holder(&self.paths).ok().flatten();
        let origin = holder.and_then(|holder| Origin::read(&self.paths, holder.pid));
        let path = telemetry.logs.path();
        if let Some(origin) = origin
            && origin.log.as_deref() != Some(path)
        {
            origin.logging_to(Some(path.to_owned())).save(&self.paths);
        }
    }

    /// Returns the link to the supervisor, for whoever hears of its end.
    pub(super) fn link(&self) -> Option<Link> {
        self.link.clone()
    }

    /// Starts this program again in this process, which then is a daemon with nothing of before.
    pub(super) fn begin_anew(self) -> Outcome<std::convert::Infallible> {
        self.notifier.reloading();
        drop(self.instance);
        Ok(syft_daemon::start_again(self.link.as_ref())?)
    }

    /// Returns how often somebody wants a sign of life.
    pub(super) fn heartbeat(&self) -> Option<Duration> {
        self.notifier.watchdog_period()
    }
}

fn link() -> Outcome<Link> {
    Link::stdin()?.ok_or_else(|| {
        Failure::new(Exit::Usage, "`work` is for the worker of `syft-sync start`")
            .hint("syft-sync start --foreground")
    })
}

#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
fn systemd() -> Outcome<Notifier> {
    Notifier::systemd(|name| std::env::var_os(name)).map_err(|error| Failure::error(chain(&error)))
}

async fn instance(wanted: &Wanted, config: &Config, paths: &Paths) -> Outcome<Instance> {
    let instance = Instance::acquire(paths, PATIENCE).await;
    let instance = instance.map_err(|error| match error {
        Error::Running(holder) => Failure::new(
            Exit::Running,
            format!(
                "another {PROGRAM} (PID {}) runs already, by {}",
                holder.pid,
                paths.pid().display()
            ),
        )
        .hint("syft-sync stop, or another `pid_file` for a second one"),
        error => Failure::error(chain(&error)),
    })?;
    Origin::of_this(wanted, config.file.as_deref(), started_by())
        .logging_to(Some(config.telemetry.log_file_path.clone()))
        .save(paths);
    Ok(instance)
}

#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
fn started_by() -> StartedBy {
    StartedBy::of_this(|name| std::env::var(name).ok())
}
