//! Where the daemon of a config has its files, also while the config is broken.

use std::path::{Path, PathBuf};

use syft_daemon::{Holder, Paths};

use crate::{
    config::{Config, ConfigError, Sources},
    exit::{Exit, Failure, Outcome},
    http::client::Control,
    origin::Origin,
    session::Wanted,
};

/// What people call the program in this book and in its messages.
pub(crate) const PROGRAM: &str = "syft-sync";

/// What the command line, the environment and the config file lead to.
#[derive(Debug)]
pub(crate) struct Place {
    /// The config file that is meant, if there is one at all.
    pub(crate) file: Option<PathBuf>,
    pub(crate) config: Result<Config, ConfigError>,
    /// The daemon's files, beside its pid file.
    pub(crate) paths: Paths,
}

/// The daemon that runs, and how it was started if it has come to saying that.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) holder: Holder,
    pub(crate) origin: Option<Origin>,
}

/// Finds the daemon that is meant; a config that cannot be read still says where its pid file is.
pub(crate) fn find(wanted: &Wanted) -> Outcome<Place> {
    let sources = wanted.sources()?;
    let file = sources.file()?;
    let config = Config::load(&sources);
    let pid_file = match &config {
        Ok(config) => config.daemon.pid_file.clone(),
        Err(_) => pid_file(file.as_deref(), &sources),
    };
    Ok(Place {
        file,
        config,
        paths: paths(&pid_file),
    })
}

impl Place {
    pub(crate) fn running(&self) -> Outcome<Option<Running>> {
        let holder = syft_daemon::holder(&self.paths)?;
        Ok(holder.map(|holder| Running {
            origin: Origin::read(&self.paths, holder.pid),
            holder,
        }))
    }

    /// Returns the config, or ends with what is wrong with it.
    pub(crate) fn config(self) -> Outcome<Config> {
        Ok(self.config?)
    }

    /// Returns the way to talk with what runs, once it has come to listening.
    pub(crate) fn control(&self) -> Outcome<Option<Control>> {
        Ok(Control::find(&self.paths)?)
    }

    /// Returns the way to talk with what runs, or ends with what to do about it.
    pub(crate) fn reach(&self) -> Outcome<Control> {
        if self.running()?.is_none() {
            return Err(
                Failure::new(Exit::NotRunning, "syft-sync is not running").hint("syft-sync start")
            );
        }
        self.control()?.ok_or_else(|| {
            Failure::error("syft-sync runs, but does not answer yet").hint("syft-sync logs")
        })
    }

    /// Returns the number in a pid file that nobody has taken away; it proves nothing.
    pub(crate) fn stale_pid(&self) -> Option<u32> {
        let text = syft_state::fs::read_capped(&self.paths.pid(), 64).ok()?;
        String::from_utf8(text).ok()?.trim().parse().ok()
    }
}

/// Returns the daemon's files: the lock and what else there is stand beside the pid file.
pub(crate) fn paths(pid_file: &Path) -> Paths {
    let name = pid_file.file_stem().unwrap_or("sync-daemon".as_ref());
    Paths {
        directory: pid_file.parent().unwrap_or(Path::new("/")).to_owned(),
        name: name.to_string_lossy().into_owned(),
    }
}

/// Returns the pid file of a config that is broken elsewhere.
fn pid_file(file: Option<&Path>, sources: &Sources) -> PathBuf {
    let text = file.and_then(|file| syft_state::fs::read_capped(file, 1024 * 1024).ok());
    let text = text.and_then(|text| String::from_utf8(text).ok());
    let line = text.iter().flat_map(|text| text.lines());
    let mut line = line.filter(|line| line.trim_start().starts_with("pid_file"));
    let only = line.next().map(|line| format!("[daemon]\n{line}\n"));
    let config = only.and_then(|only| Config::parse(&only, sources).ok());
    let config = config.or_else(|| Config::parse("", sources).ok());
    config.map_or_else(
        || "/var/run/sync-daemon.pid".into(),
        |config| config.daemon.pid_file,
    )
}
