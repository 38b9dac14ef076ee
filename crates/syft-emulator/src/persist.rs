//! The data directory: the world, the certificate authority, and where the emulator answers.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    blob::{self, Blobs},
    ca::Authority,
    error::Error,
    state::{App, Shared, World},
};

/// Version of the snapshot's form.
const VERSION: u32 = 1;
/// Changes within this time after the first are saved with it.
const DEBOUNCE: Duration = Duration::from_millis(200);

const WORLD: &str = "world.json";
const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca-key.pem";
const BLOBS: &str = "blobs";
const LOCK: &str = "lock";
const ADDRESS: &str = "url";

#[derive(Serialize, Deserialize)]
struct Snapshot<W> {
    version: u32,
    clock_offset_millis: i64,
    world: W,
}

/// An opened data directory; its lock lives as long as this.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory if need be, private to its owner, and locks it.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        make_dir(path)?;
        let lock_path = path.join(LOCK);
        let failed = |source| Error::Data {
            path: lock_path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&lock_path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Reads the saved world and the offset of its clock; a new directory has an empty one.
    pub(crate) fn world(&self) -> Result<(World, TimeDelta), Error> {
        let path = self.path.join(WORLD);
        let Some(text) = read(&path)? else {
            return Ok((World::default(), TimeDelta::zero()));
        };
        let damaged = |problem: String| Error::Corrupt {
            path: path.clone(),
            problem,
        };
        let parsed = blob::with_dir(&self.path.join(BLOBS), || serde_json::from_str(&text));
        let saved: Snapshot<World> = parsed.map_err(|error| damaged(error.to_string()))?;
        if saved.version != VERSION {
            return Err(damaged(format!(
                "version {} instead of {VERSION}",
                saved.version
            )));
        }
        let offset = TimeDelta::try_milliseconds(saved.clock_offset_millis)
            .ok_or_else(|| damaged("the clock is out of range".to_owned()))?;
        Ok((saved.world, offset))
    }

    /// Reads the certificate authority, or makes and saves one.
    pub(crate) fn authority(&self, today: NaiveDate) -> Result<Authority, Error> {
        let (pem_path, key_path) = (self.path.join(CA_CERTIFICATE), self.path.join(CA_KEY));
        match (read(&pem_path)?, read(&key_path)?) {
            (Some(pem), Some(key)) => Authority::load(pem, &key).map_err(|error| Error::Corrupt {
                path: key_path,
                problem: error.to_string(),
            }),
            (None, _) => {
                let made = Authority::generate(today)?;
                replace(&key_path, made.key_pem().as_bytes())?;
                replace(&pem_path, made.pem().as_bytes())?;
                Ok(made)
            }
            (Some(_), None) => Err(Error::Corrupt {
                path: key_path,
                problem: "it is missing".to_owned(),
            }),
        }
    }

    /// Notes where the emulator answers, for commands that are given the directory alone.
    pub(crate) fn set_address(&self, url: &str) -> Result<(), Error> {
        replace(&self.path.join(ADDRESS), format!("{url}\n").as_bytes())
    }

    /// Saves the contents first, then what speaks of them, and then forgets the rest.
    fn save(&self, app: &Shared) -> Result<(), Error> {
        let (text, blobs) = blob::collect(|| {
            app.read(|world| {
                serde_json::to_vec(&Snapshot {
                    version: VERSION,
                    clock_offset_millis: app.clock_offset().num_milliseconds(),
                    world,
                })
            })
        });
        let path = self.path.join(WORLD);
        let text = text.map_err(|error| Error::Data {
            path: path.clone(),
            source: error.into(),
        })?;
        self.save_blobs(&blobs)?;
        replace(&path, &text)?;
        self.forget_blobs_except(&blobs)
    }

    fn save_blobs(&self, blobs: &Blobs) -> Result<(), Error> {
        let dir = self.path.join(BLOBS);
        if !blobs.is_empty() {
            make_dir(&dir)?;
        }
        for (name, bytes) in blobs {
            let path = dir.join(name);
            // The name is the sum of the content, so what is there is right.
            if !path.exists() {
                replace(&path, bytes)?;
            }
        }
        Ok(())
    }

    fn forget_blobs_except(&self, blobs: &Blobs) -> Result<(), Error> {
        let dir = self.path.join(BLOBS);
        let failed = |source| Error::Data {
            path: dir.clone(),
            source,
        };
        let entries = match fs::read_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            if name.to_str().is_none_or(|name| !blobs.contains_key(name)) {
                fs::remove_file(dir.join(name)).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Saves changes as they come until `stop`, then what is left.
    pub(crate) async fn keep(self, app: App, stop: CancellationToken) -> Result<(), Error> {
        let mut dir = self;
        while stop.run_until_cancelled(app.changed()).await.is_some() {
            stop.run_until_cancelled(tokio::time::sleep(DEBOUNCE)).await;
            let result;
            (dir, result) = dir.flush(&app).await;
            if let Err(error) = result {
                tracing::error!(error = &error as &dyn std::error::Error, "cannot save");
            }
        }
        let (dir, result) = dir.flush(&app).await;
        // Nobody answers here any more; the file is a hint, so a failure to remove it is no loss.
        if let Err(error) = fs::remove_file(dir.path.join(ADDRESS)) {
            tracing::debug!(%error, "cannot remove the address");
        }
        result
    }

    async fn flush(self, app: &App) -> (Self, Result<(), Error>) {
        if !app.take_dirty() {
            return (self, Ok(()));
        }
        let shared = App::clone(app);
        let saving = tokio::task::spawn_blocking(move || {
            let result = self.save(&shared);
            if result.is_err() {
                shared.still_dirty();
            }
            (self, result)
        });
        saving
            .await
            .expect("saving does not panic, and nobody aborts it")
    }
}

fn make_dir(path: &Path) -> Result<(), Error> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(|source| Error::Data {
        path: path.to_owned(),
        source,
    })
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(Error::Corrupt {
            path: path.to_owned(),
            problem: "it is not UTF-8".to_owned(),
        }),
        Err(source) => Err(Error::Data {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Replaces a file in one step, readable by its owner alone.
fn replace(path: &Path, content: &[u8]) -> Result<(), Error> {
    let temporary = path.with_extension("new");
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent()
            .map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    };
    write().map_err(|source| Error::Data {
        path: path.to_owned(),
        source,
    })
}
