//! Takes over the config files of earlier programs (notify.md §5.1, §5.4, §5.5).

use std::path::Path;

use serde::Deserialize;

use super::{ConfigError, read};

/// What an earlier program's config says, under the keys of `daemon.yaml`; paths as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// The data owner.
    pub do_email: Option<String>,
    /// The SyftBox directory.
    pub syftbox_root: Option<String>,
    /// The Drive token.
    pub drive_token_path: Option<String>,
    /// The Gmail token.
    pub gmail_token_path: Option<String>,
    /// The OAuth client.
    pub credentials_path: Option<String>,
    /// The notification ledger.
    pub state_path: Option<String>,
    /// Seconds between two looks.
    pub interval: Option<u64>,
}

/// All earlier schemas at once: their keys do not contradict each other.
#[derive(Debug, Default, Deserialize)]
struct Earlier {
    do_email: Option<String>,
    syftbox_root: Option<String>,
    drive_token_path: Option<String>,
    gmail_token_path: Option<String>,
    token_file: Option<String>,
    credentials_path: Option<String>,
    credentials_file: Option<String>,
    state_path: Option<String>,
    state_file: Option<String>,
    interval: Option<u64>,
    notify: Option<EarlierNotify>,
}

#[derive(Debug, Default, Deserialize)]
struct EarlierNotify {
    do_email: Option<String>,
    syftbox_root: Option<String>,
    drive_token_path: Option<String>,
    gmail_token_path: Option<String>,
    credentials_path: Option<String>,
    notify_state_path: Option<String>,
    interval: Option<u64>,
}

/// Reads `~/.syft-creds/config.yaml`, `~/.syft-bg/config.yaml`, `notification_config.yaml` or a
/// `daemon.yaml`.
///
/// # Errors
/// [`ConfigError`] when there is none or it is not such a file.
pub fn import(path: &Path) -> Result<Imported, ConfigError> {
    let text = read(path)?;
    let earlier: Earlier = serde_yaml::from_str(&text).map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let section = earlier.notify.unwrap_or_default();
    let imported = Imported {
        do_email: earlier.do_email.or(section.do_email),
        syftbox_root: earlier.syftbox_root.or(section.syftbox_root),
        drive_token_path: earlier.drive_token_path.or(section.drive_token_path),
        gmail_token_path: earlier
            .gmail_token_path
            .or(section.gmail_token_path)
            .or(earlier.token_file),
        credentials_path: earlier
            .credentials_path
            .or(section.credentials_path)
            .or(earlier.credentials_file),
        state_path: earlier
            .state_path
            .or(section.notify_state_path)
            .or(earlier.state_file),
        interval: earlier.interval.or(section.interval),
    };
    if imported.do_email.is_none() && imported.syftbox_root.is_none() {
        return Err(ConfigError::Malformed {
            path: path.to_owned(),
            reason: "it names neither `do_email` nor `syftbox_root`, so it is not a SyftBox config"
                .to_owned(),
        });
    }
    Ok(imported)
}
