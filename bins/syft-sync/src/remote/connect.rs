//! From the config to a client.

use std::{sync::Arc, time::Duration};

use syft_transport::{
    http::Retry,
    pocketbase::{Client, Observer, Options},
};

use super::Error;
use crate::config::{Config, PocketBase};

/// The longest pause between two attempts (B1).
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Returns `[pocketbase]`.
pub(crate) fn configured(config: &Config) -> Result<&PocketBase, Error> {
    config.pocketbase.as_ref().ok_or(Error::NotConfigured)
}

/// Prepares calls; nothing is connected yet.
pub(crate) fn client(
    pocketbase: &PocketBase,
    observer: Option<Arc<dyn Observer>>,
) -> Result<Client, Error> {
    Ok(Client::new(Options {
        observer,
        ..options(pocketbase)
    })?)
}

pub(super) fn options(pocketbase: &PocketBase) -> Options {
    // One without the other is nobody's: the sample's password may stay where no e-mail is.
    let account = pocketbase
        .admin_email
        .as_ref()
        .zip(pocketbase.password.as_ref());
    Options {
        identity: account.map(|(email, _)| email.clone()),
        password: account.map(|(_, password)| password.clone()),
        auth_collection: pocketbase.auth_collection.clone(),
        timeout: pocketbase.timeout,
        whole_timeout: pocketbase.api_timeout.max(pocketbase.timeout),
        retry: Retry {
            repeats: pocketbase.retry_attempts as usize,
            first_wait: pocketbase.retry_delay,
            longest_wait: LONGEST_PAUSE,
            longest_asked: LONGEST_PAUSE,
            seed: None,
        },
        verify_certificates: pocketbase.verify_certificates,
        ..Options::new(pocketbase.url.clone())
    }
}
