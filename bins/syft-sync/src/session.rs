//! What this person and this machine say before any config is read.

use std::{path::PathBuf, time::SystemTime};

use syft_state::Timestamp;

use crate::{
    args::{Global, LogLevel, StartArgs},
    config::{Machine, Overrides, Sources},
    exit::{Failure, Outcome},
};

/// What the command line says about the daemon that is meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) config: Option<PathBuf>,
    pub(crate) log_level: Option<LogLevel>,
    pub(crate) start: StartArgs,
}

impl Wanted {
    pub(crate) fn of(global: &Global, start: StartArgs) -> Outcome<Self> {
        let absolute = |path: Option<PathBuf>| {
            path.map(|path| {
                std::path::absolute(&path)
                    .map_err(|error| Failure::error(format!("{}: {error}", path.display())))
            })
            .transpose()
        };
        // A daemon's working directory is not that of the person.
        Ok(Self {
            config: absolute(global.config.clone())?,
            log_level: global.log_level,
            start: StartArgs {
                admin_password_file: absolute(start.admin_password_file)?,
                pid_file: absolute(start.pid_file)?,
                ..start
            },
        })
    }

    /// Returns where the config comes from: the command line, the environment, the home.
    #[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
    pub(crate) fn sources(&self) -> Outcome<Sources> {
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        let home = home.ok_or_else(|| {
            Failure::error("the home directory is unknown").hint("set HOME to your home directory")
        })?;
        Ok(Sources {
            config: self.config.clone(),
            overrides: Overrides {
                log_level: self.log_level.map(|level| level.as_str().to_owned()),
                pocketbase_url: self.start.pocketbase_url.clone(),
                admin_email: self.start.admin_email.clone(),
                admin_password: self.start.admin_password.clone().map(Into::into),
                admin_password_file: self.start.admin_password_file.clone(),
                pid_file: self.start.pid_file.clone(),
                metrics_port: self.start.metrics_port,
            },
            environment: std::env::vars_os().collect(),
            home,
            machine: Machine::this(),
            is_here_meant: false,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the binary is the shell that reads the clock"
)]
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}
