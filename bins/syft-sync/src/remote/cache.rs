//! The last good copy of what PocketBase said, for starts without it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use syft_state::{
    Timestamp,
    fs::{create_private_dir, read_capped, write_atomic},
};
use url::Url;

use super::Error;
use crate::config::RemoteRecords;

const FILE: &str = "config-cache.json";
/// No copy is larger: 10,000 jobs of 6 kB.
const MOST: u64 = 64 << 20;

/// Where the copy is, and whose it is.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    url: String,
    daemon_id: String,
}

/// The copy; it holds no account and no password.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Copy {
    version: u32,
    url: String,
    daemon_id: String,
    pub(super) saved_at: Timestamp,
    pub(super) records: RemoteRecords,
}

impl Cache {
    pub(super) fn new(directory: &Path, url: &Url, daemon_id: &str) -> Self {
        Self {
            directory: directory.to_owned(),
            url: url.to_string(),
            daemon_id: daemon_id.to_owned(),
        }
    }

    /// Returns the copy, or `None` if there is none of this server and this daemon.
    ///
    /// # Errors
    ///
    /// It is there but cannot be read: then nobody knows which jobs there are.
    pub(super) fn read(&self) -> Result<Option<Copy>, Error> {
        let path = self.path();
        if let Ok(false) = path.try_exists() {
            return Ok(None);
        }
        let bytes = read_capped(&path, MOST)?;
        let copy: Copy = serde_json::from_slice(&bytes).map_err(|error| Error::Corrupt {
            path,
            reason: format!(
                "is no copy of PocketBase's jobs ({error}); remove it and start again once \
                 PocketBase answers"
            ),
        })?;
        let is_ours = copy.url == self.url && copy.daemon_id == self.daemon_id;
        Ok(Some(copy).filter(|_| is_ours))
    }

    pub(super) fn write(&self, records: &RemoteRecords, saved_at: Timestamp) -> Result<(), Error> {
        let copy = Copy {
            version: 1,
            url: self.url.clone(),
            daemon_id: self.daemon_id.clone(),
            saved_at,
            records: records.clone(),
        };
        let bytes = serde_json::to_vec_pretty(&copy).expect("records are JSON");
        create_private_dir(&self.directory)?;
        Ok(write_atomic(&self.path(), &bytes, 0o600)?)
    }

    fn path(&self) -> PathBuf {
        self.directory.join(FILE)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::json;

    use super::*;

    fn cache(directory: &Path, url: &str) -> Cache {
        Cache::new(directory, &url.parse().unwrap(), "laptop-1")
    }

    #[test]
    fn a_copy_is_read_as_it_was_written_and_by_nobody_else() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("new");
        let ours = cache(&directory, "http://127.0.0.1:8090");
        assert!(ours.read().unwrap().is_none());
        let records: RemoteRecords =
            serde_json::from_value(json!({"jobs": [{"job_id": "a"}], "watchers": []})).unwrap();
        ours.write(&records, Timestamp::from_seconds(7)).unwrap();
        let copy = ours.read().unwrap().unwrap();
        assert_eq!((copy.records, copy.saved_at.as_seconds()), (records, 7));
        let mode = std::fs::metadata(ours.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = cache(&directory, "http://127.0.0.1:8091");
        assert!(
            other.read().unwrap().is_none(),
            "it is that of another server"
        );
    }

    #[test]
    fn a_broken_copy_is_not_the_same_as_none() {
        let home = tempfile::tempdir().unwrap();
        let ours = cache(home.path(), "http://127.0.0.1:8090");
        for broken in ["", "{}", "{\"jobs\":["] {
            write_atomic(&ours.path(), broken.as_bytes(), 0o600).unwrap();
            let error = ours.read().unwrap_err().to_string();
            assert!(error.contains("config-cache.json is no copy"), "{error}");
        }
    }
}
