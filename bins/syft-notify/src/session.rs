//! Where this person's files are, and what the config says about them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use syft_monitor::{
    Builder,
    config::{Config, Locations},
    connect::{self, Links},
};

use crate::{
    args::ConfigArg,
    exit::{Exit, Failure, Outcome, chain},
    term,
};

/// Where Google Colab mounts a Drive, which outlives the machine (notify.md §5.2).
const COLAB: &str = "/content/drive/MyDrive";
/// How long to wait before trying again to connect: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

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
    let config = read(arg)?;
    remark(&config);
    Ok(config)
}

/// Reads the config, and leaves its unknown keys to [`remark`].
pub(crate) fn read(arg: &ConfigArg) -> Outcome<Config> {
    let locations = locations()?;
    Ok(Config::load(&config_path(arg, &locations)?, &locations)?)
}

/// Says which keys of a config mean nothing.
pub(crate) fn remark(config: &Config) {
    for key in &config.unknown_keys {
        term::warning(format_args!("{}: {key}", config.file.display()));
    }
}

/// Connects everything that the config names, and returns the parts of a monitor.
pub(crate) async fn connect(config: &Config) -> Outcome<(Builder, Links)> {
    let links = connect::connect(config, extra_ca())
        .await
        .map_err(unusable)?;
    Ok(parts(config, links))
}

/// Connects as [`connect()`] does, and tries again for as long as trying again may help.
///
/// `waiting` is told what is wrong, before each wait.
pub(crate) async fn connect_patiently(
    config: &Config,
    mut waiting: impl FnMut(&str, Duration),
) -> Outcome<(Builder, Links)> {
    let mut pause = FIRST_PAUSE;
    loop {
        match connect::connect(config, extra_ca()).await {
            Err(error) if error.is_transient() => {
                waiting(&chain(&error), pause);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            links => return Ok(parts(config, links.map_err(unusable)?)),
        }
    }
}

fn parts(config: &Config, links: Links) -> (Builder, Links) {
    for note in &links.notes {
        term::warning(note);
    }
    (connect::builder(config, &links), links)
}

/// A damaged token file needs what a missing one needs.
fn unusable(error: syft_transport::Error) -> Failure {
    let is_damaged = matches!(error, syft_transport::Error::BadFile { .. });
    let failure = Failure::from(error);
    match failure.exit {
        Exit::Error if is_damaged => Failure {
            exit: Exit::LoginNeeded,
            ..failure
        },
        _ => failure,
    }
}

/// Returns the extra certificate authority of this person's network, if there is one.
#[expect(clippy::disallowed_methods, reason = "binaries read the environment")]
pub(crate) fn extra_ca() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}
