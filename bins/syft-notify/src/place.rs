//! Where the daemon of a config has its files, also while the config is broken.

use std::path::{Path, PathBuf};

use syft_daemon::{Holder, Paths};
use syft_monitor::config::{Config, ConfigError, Locations};

use crate::{args::ConfigArg, exit::Outcome, origin::Origin, session};

/// The name of the daemon's files.
pub(crate) const NAME: &str = "syft-notify";

/// What a `--config`, or its absence, leads to.
#[derive(Debug)]
pub(crate) struct Place {
    /// The config file that is meant, which need not exist.
    pub(crate) file: PathBuf,
    pub(crate) config: Result<Config, ConfigError>,
    pub(crate) state_path: PathBuf,
    /// The daemon's files, beside the state.
    pub(crate) paths: Paths,
}

/// Finds the daemon of a config; one that cannot be read still says where its state is.
pub(crate) fn find(arg: &ConfigArg) -> Outcome<Place> {
    let locations = session::locations()?;
    let file = session::config_path(arg, &locations)?;
    let config = Config::load(&file, &locations);
    let state_path = match &config {
        Ok(config) => config.state_path.clone(),
        // Nothing is known of a config that somebody names and that is not there.
        Err(ConfigError::Missing { .. }) if arg.config.is_some() => {
            return Err(config.map(drop).expect_err("it is missing").into());
        }
        Err(_) => state_path(&file, &locations),
    };
    Ok(Place {
        paths: paths(&state_path),
        file,
        config,
        state_path,
    })
}

/// The daemon that runs, and how it was started if it has come to saying that.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) holder: Holder,
    pub(crate) origin: Option<Origin>,
}

impl Place {
    pub(crate) fn running(&self) -> Outcome<Option<Running>> {
        let holder = syft_daemon::holder(&self.paths)?;
        Ok(holder.map(|holder| Running {
            origin: Origin::read(&self.paths, holder.pid),
            holder,
        }))
    }

    /// Returns the number in a pid file that nobody has taken away.
    pub(crate) fn stale_pid(&self) -> Option<u32> {
        read_pid(&self.paths)
    }
}

/// Returns the PID of a Python daemon that a pid file names, and that would mail as well.
pub(crate) fn python_daemon(paths: &Paths) -> Option<u32> {
    let pid = read_pid(paths)?;
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line).into_owned();
    let mut words = line.split('\0');
    let is_python = words.next()?.contains("python");
    (is_python && words.any(|word| word.ends_with("syft-notify"))).then_some(pid)
}

/// A number in a file proves nothing (T22).
fn read_pid(paths: &Paths) -> Option<u32> {
    let text = syft_state::fs::read_capped(&paths.pid(), 64).ok()?;
    String::from_utf8(text).ok()?.trim().parse().ok()
}

/// Returns the daemon's files beside a state file.
pub(crate) fn paths(state_path: &Path) -> Paths {
    Paths {
        directory: state_path.parent().unwrap_or(Path::new("/")).to_owned(),
        name: NAME.to_owned(),
    }
}

/// Returns the state file of a config that is broken elsewhere.
fn state_path(file: &Path, locations: &Locations) -> PathBuf {
    let text = syft_state::fs::read_capped(file, 1024 * 1024).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find(|line| line.starts_with("state_path:"));
    let whole = format!(
        "do_email: nobody@example.org\nsyftbox_root: /\n{}\n",
        line.unwrap_or_default()
    );
    Config::parse(&whole, file, locations).map_or_else(
        |_| locations.creds_dir.join("notification_state.json"),
        |config| config.state_path,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, state: &str) {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("daemon.yaml");
        syft_state::fs::write_atomic(&file, text.as_bytes(), 0o600).expect("a file");
        let locations = Locations {
            home: "/home/me".into(),
            creds_dir: "/home/me/.syft-creds".into(),
        };
        let found = state_path(&file, &locations);
        assert_eq!(found, dir.path().join(state), "{text}");
    }

    #[test]
    fn a_broken_config_still_says_where_its_state_is() {
        let default = "/home/me/.syft-creds/notification_state.json";
        check("state_path: a.json\ninterval: soon\n", "a.json");
        check("state_path: ~/b.json # mine\n]", "/home/me/b.json");
        check("state_path: \"/c d.json\"\n{", "/c d.json");
        check("interval: soon\n", default);
        check("state_path: {\n", default);
        check("", default);
    }
}
