//! Which file is the config (C2).

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use super::{ConfigError, Sources};

/// The variable that names the file.
const VARIABLE: &str = "SYNC_DAEMON_CONFIG";
/// What `config generate` writes, by the seed.
const HERE: &str = "sync-daemon.toml";

/// Returns the config file, if there is one: the one that is named, or the first that is there.
///
/// # Errors
///
/// [`ConfigError::Read`], if it is unknown whether one is there.
pub(super) fn find(sources: &Sources) -> Result<Option<PathBuf>, ConfigError> {
    let named = sources.config.as_deref().map(Path::as_os_str);
    let named = named.or_else(|| {
        sources
            .environment
            .get(VARIABLE)
            .filter(|name| !name.is_empty())
    });
    if let Some(named) = named {
        return Ok(Some(absolute(sources, named)));
    }
    for path in candidates(sources) {
        match path.symlink_metadata() {
            Ok(_) => return Ok(Some(path)),
            Err(error) if is_absence(&error) => {}
            Err(source) => return Err(ConfigError::Read { path, source }),
        }
    }
    Ok(None)
}

/// Returns the places where a config is looked for, the first one first.
pub(super) fn candidates(sources: &Sources) -> Vec<PathBuf> {
    let here = sources
        .is_here_meant
        .then(|| sources.machine.directory.join(HERE));
    let own = sources.xdg("XDG_CONFIG_HOME", ".config");
    here.into_iter()
        .chain([
            own.join("syft-sync/config.toml"),
            sources.machine.etc.join("syft-sync/config.toml"),
            sources.machine.etc.join("sync-daemon.toml"),
        ])
        .collect()
}

/// A `~` that no shell has expanded, as in a service file, is the home directory.
fn absolute(sources: &Sources, path: &OsStr) -> PathBuf {
    let path = Path::new(path);
    match path.strip_prefix("~") {
        Ok(rest) => sources.home.join(rest),
        Err(_) => sources.machine.directory.join(path),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
