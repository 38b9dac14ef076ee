//! `syft-notify run`.

mod fresh;
mod once;
mod page;
pub(crate) mod seat;
mod signs;
pub(crate) mod tell;
mod watch;

use std::time::Duration;

use syft_monitor::{Builder, NotificationMonitor, Scope, config::Config};

use crate::{
    args::{ConfigArg, RunArgs, WatchArgs},
    exit::Outcome,
    journal, origin, session,
};

pub(crate) async fn run(args: RunArgs, verbose: u8) -> Outcome {
    let plan = Plan::of(&args.watch)?;
    if args.once {
        journal::install(verbose, "warn");
        let config = plan.config()?;
        once::run(&plan, &config, args.json).await
    } else {
        watch::run(&args, plan, verbose).await
    }
}

/// What the command line says about watching, whatever the config says now or later.
#[derive(Debug)]
pub(crate) struct Plan {
    args: WatchArgs,
    scope: Scope,
}

impl Plan {
    /// Keeps the place of the config, which may be read again after the directory was left (T15).
    pub(crate) fn of(args: &WatchArgs) -> Outcome<Self> {
        let scope = origin::scope(args)?;
        let file = session::config_path(&args.config, &session::locations()?)?;
        let config = ConfigArg { config: Some(file) };
        Ok(Self {
            args: WatchArgs {
                config,
                ..args.clone()
            },
            scope,
        })
    }

    /// Reads the config, puts the options over it, and says which of its keys mean nothing.
    pub(crate) fn config(&self) -> Outcome<Config> {
        let config = self.read()?;
        session::remark(&config);
        Ok(config)
    }

    /// Reads the config and puts the options over it, before there is a log to say something in.
    pub(crate) fn read(&self) -> Outcome<Config> {
        let mut config = session::read(&self.args.config)?;
        // As in Python, zero means "what the config says".
        if let Some(seconds) = self.args.interval.filter(|seconds| *seconds > 0) {
            // The config's longest interval counts only if it is one, and not the same as `interval`.
            let is_set = config.interval_max > config.interval;
            config.interval = Duration::from_secs(seconds);
            config.interval_max = if is_set {
                config.interval_max.max(config.interval)
            } else {
                config.interval
            };
        }
        Ok(config)
    }

    /// Returns the command line once more, with an absolute path of the config.
    pub(crate) fn args(&self) -> &WatchArgs {
        &self.args
    }

    fn monitor(&self, builder: Builder) -> NotificationMonitor {
        let builder = builder.scope(self.scope);
        if self.args.notify_existing {
            builder.notify_existing().build()
        } else {
            builder.build()
        }
    }
}
