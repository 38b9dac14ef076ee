//! What is on record of runs, digests and trees.

use std::path::PathBuf;

use syft_jobs::store::{DigestCache, Store};

use crate::{
    config::Config,
    exit::{Failure, Outcome, chain},
};

/// Returns where it is.
pub(crate) fn path(config: &Config) -> PathBuf {
    config.daemon.state_dir.join("jobs.sqlite")
}

/// Opens it, or begins it.
pub(crate) fn open(config: &Config) -> Outcome<Store> {
    syft_state::fs::create_private_dir(&config.daemon.state_dir)
        .map_err(|error| Failure::error(chain(&error)))?;
    let digests = DigestCache {
        is_persistent: config.cache.enable_persistent_cache,
        max_bytes: config.cache.max_cache_size,
    };
    Ok(Store::open(&path(config))?.with_digests(digests))
}
