//! Where this person's files are, and what the config says about them.

use std::path::{Path, PathBuf};

use syft_monitor::{
    Builder,
    config::{Config, Locations},
    connect::{self, Links},
};

use crate::{
    args::ConfigArg,
    exit::{Failure, Outcome},
    term,
};

/// Where Google Colab mounts a Drive, which outlives the machine (notify.md §5.2).
const COLAB: &str = "/content/drive/MyDrive";

/// Returns the home directory and the directory of tokens and state.
#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
pub(crate) fn locations() -> Outcome<Locations> {
    let home = std::env::home_dir()
        .filter(|home| home.is_absolute())
        .ok_or_else(|| {
            Failure::error("the home directory is unknown").hint("set HOME to your home directory")
        })?;
    let creds_dir = if Path::new(COLAB).is_dir() {
        Path::new(COLAB).join("syft-creds")
    } else {
        home.join(".syft-creds")
    };
    Ok(Locations { home, creds_dir })
}

/// Returns the config file that is meant, as an absolute path (T15).
pub(crate) fn config_path(arg: &ConfigArg, locations: &Locations) -> Outcome<PathBuf> {
    let Some(path) = &arg.config else {
        return Ok(locations.creds_dir.join("daemon.yaml"));
    };
    let path = match path.strip_prefix("~") {
        Ok(rest) => locations.home.join(rest),
        Err(_) => path.clone(),
    };
    std::path::absolute(&path)
        .map_err(|error| Failure::error(format!("{}: {error}", path.display())))
}

/// Reads the config and says which of its keys mean nothing.
pub(crate) fn load(arg: &ConfigArg) -> Outcome<Config> {
    let locations = locations()?;
    let config = Config::load(&config_path(arg, &locations)?, &locations)?;
    for key in &config.unknown_keys {
        term::warning(format_args!("{}: {key}", config.file.display()));
    }
    Ok(config)
}

/// Connects everything that the config names, and returns the parts of a monitor.
pub(crate) async fn connect(config: &Config) -> Outcome<(Builder, Links)> {
    let links = connect::connect(config, extra_ca()).await?;
    for note in &links.notes {
        term::warning(note);
    }
    Ok((connect::builder(config, &links), links))
}

/// Returns the extra certificate authority of this person's network, if there is one.
#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
pub(crate) fn extra_ca() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}
