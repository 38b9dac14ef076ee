//! The files of a hub: loads them, keeps up with other processes, writes changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use syft_state::{
    Email, Timestamp,
    fs::{open_nofollow, write_atomic},
};
use tempfile::NamedTempFile;

use super::{
    disk::{broken, cannot, exists, load, names, owners, read_record, remove, sync_directory},
    feed::{Change, Feed, Position},
    hub::{Hub, TEMP_PREFIX},
    record::{Record, is_file_name},
    tree::Tree,
};
use crate::{
    drive::{Content, FileId},
    error::{Error, Result},
};

/// What lies so long in `tmp` belongs to nobody.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// One process's hold on a hub.
#[derive(Debug)]
pub(super) struct Store {
    hub: Hub,
    feed: Feed,
    loaded: Mutex<Loaded>,
}

/// The records as of a position in the feed; none, if they have to be loaded anew.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) tree: Tree,
    at: Option<Position>,
}

impl Store {
    /// Opens a hub and creates it where there is none.
    pub(super) fn open(root: &Path, now: Timestamp) -> Result<Self> {
        let hub = Hub::open(root, &["entries", "content", "tmp"])?;
        let store = Self {
            feed: Feed::new(root.join("changes.log"), hub.file_mode()),
            hub,
            loaded: Mutex::default(),
        };
        let lock = store.hub.lock()?;
        let mut loaded = Loaded {
            tree: load(root)?,
            at: None,
        };
        if !store.feed.exists()? {
            store.begin(&loaded.tree)?;
        }
        loaded.at = Some(store.feed.end()?);
        store.sweep(&loaded.tree, now)?;
        drop(lock);
        *store.guard() = loaded;
        Ok(store)
    }

    fn begin(&self, tree: &Tree) -> Result<()> {
        if tree.is_empty() {
            return self.feed.start();
        }
        let reason = "it is missing, although the hub holds entries; restore it, or begin a \
                      new hub in an empty directory";
        Err(broken(&self.hub.root().join("changes.log"), reason))
    }

    /// Returns the records as they are now.
    pub(super) fn current(&self) -> Result<MutexGuard<'_, Loaded>> {
        let mut loaded = self.guard();
        let is_current = match &loaded.at {
            Some(position) => self.feed.is_at(position)?,
            None => false,
        };
        if !is_current {
            let _lock = self.hub.lock()?;
            self.catch_up(&mut loaded)?;
        }
        Ok(loaded)
    }

    /// Returns whether nothing changed since a position, without looking at anything else.
    pub(super) fn is_idle_since(&self, position: &Position) -> Result<bool> {
        self.feed.is_at(position)
    }

    pub(super) fn changes(&self, since: &Position, until: &Position) -> Result<Vec<Change>> {
        self.feed.between(since, until)
    }

    /// Writes what `decide` makes of the records as they are now, and returns the records.
    ///
    /// `content` is put in place before the record that tells of it. With `None` nothing is
    /// written.
    pub(super) fn change(
        &self,
        content: Option<NamedTempFile>,
        decide: impl FnOnce(&Tree) -> Result<Option<Record>>,
    ) -> Result<MutexGuard<'_, Loaded>> {
        let mut loaded = self.guard();
        let lock = self.hub.lock()?;
        self.catch_up(&mut loaded)?;
        if let Some(record) = decide(&loaded.tree)? {
            // Cleared first: after any failure below the files are the truth.
            loaded.at = None;
            loaded.at = Some(self.commit(&mut loaded.tree, record, content)?);
        }
        drop(lock);
        Ok(loaded)
    }

    fn commit(
        &self,
        tree: &mut Tree,
        record: Record,
        content: Option<NamedTempFile>,
    ) -> Result<Position> {
        let path = self.record_path(&record);
        let id = record.id.clone();
        let bytes = serde_json::to_vec_pretty(&record).expect("records always serialise");
        if let Some(content) = content {
            self.persist(content, &record)?;
        }
        self.hub
            .create_dir(path.parent().expect("records are in directories"))?;
        let before = audiences(tree, &id);
        tree.put(record);
        let position = self.feed.append(&audience_changes(tree, before, &id))?;
        write_atomic(&path, &bytes, self.hub.file_mode())?;
        Ok(position)
    }

    fn persist(&self, content: NamedTempFile, record: &Record) -> Result<()> {
        let path = self.content_path(record);
        let directory = path.parent().expect("contents are in directories");
        self.hub.create_dir(directory)?;
        if let Err(error) = content.persist(&path) {
            return Err(cannot(&path, error.error));
        }
        sync_directory(directory)
    }

    /// Writes content durably into a file of no name yet; also returns its length in bytes.
    pub(super) fn stage(&self, content: &Content) -> Result<Option<(NamedTempFile, u64)>> {
        match content {
            Content::Folder => Ok(None),
            Content::Bytes(bytes) => self.hub.new_file(bytes.as_ref()).map(Some),
            Content::File(path) => self.hub.new_file(open_nofollow(path)?).map(Some),
        }
    }

    /// Opens the content of a file, which must be as long as its record says.
    pub(super) fn open_content(&self, record: &Record) -> Result<File> {
        let path = self.content_path(record);
        let file = open_nofollow(&path)?;
        let length = file.metadata().map_err(|error| cannot(&path, error))?.len();
        if Some(length) == record.size {
            return Ok(file);
        }
        let expected = record.size.unwrap_or_default();
        let reason = format!("it has {length} bytes and its record says {expected}");
        Err(broken(&path, reason))
    }

    fn guard(&self) -> MutexGuard<'_, Loaded> {
        // A panic leaves `at` cleared, so that the next caller loads everything anew.
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the records that changed since they were loaded; the caller holds the lock.
    fn catch_up(&self, loaded: &mut Loaded) -> Result<()> {
        let end = self.feed.end()?;
        let changes = match &loaded.at {
            Some(at) if *at == end => return Ok(()),
            Some(at) => self.feed.between(at, &end),
            None => Err(Error::CursorExpired),
        };
        match changes {
            Err(Error::CursorExpired) => loaded.tree = load(self.hub.root())?,
            changes => self.reload(&mut loaded.tree, changes?)?,
        }
        loaded.at = Some(end);
        Ok(())
    }

    fn reload(&self, tree: &mut Tree, changes: Vec<Change>) -> Result<()> {
        let changed: BTreeMap<FileId, Email> = changes
            .into_iter()
            .map(|change| (change.id, change.owner))
            .collect();
        for (id, owner) in changed {
            let path = self.hub.path("entries", &owner, &format!("{id}.json"));
            // The writer may have been killed between the line and the record.
            if is_file_name(id.as_str()) && exists(&path)? {
                tree.put(read_record(&path, &id, &owner)?);
            }
        }
        Ok(())
    }

    /// Removes what killed processes left behind; the caller holds the lock.
    fn sweep(&self, tree: &Tree, now: Timestamp) -> Result<()> {
        for (_, directory) in owners(&self.hub.root().join("content"))? {
            for (name, path) in names(&directory)? {
                let known = tree.record(&FileId::new(name.as_str())).is_some();
                if is_file_name(&name) && !known {
                    remove(&path)?;
                }
            }
        }
        for (name, path) in names(&self.hub.root().join("tmp"))? {
            let modified = path.symlink_metadata().and_then(|about| about.modified());
            if name.starts_with(TEMP_PREFIX)
                && modified.is_ok_and(|time| now.since(time.into()) > LEFTOVER_AGE)
            {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn record_path(&self, record: &Record) -> PathBuf {
        self.hub
            .path("entries", &record.owner, &format!("{}.json", record.id))
    }

    fn content_path(&self, record: &Record) -> PathBuf {
        self.hub.path("content", &record.owner, record.id.as_str())
    }
}

impl Loaded {
    /// Returns the position up to which the feed is known.
    pub(super) fn position(&self) -> Result<Position> {
        self.at.clone().ok_or(Error::CursorExpired)
    }
}

fn audiences(tree: &Tree, id: &FileId) -> BTreeMap<FileId, BTreeSet<Email>> {
    let seen = |id: FileId| (id.clone(), tree.audience(&id));
    tree.subtree(id).into_iter().map(seen).collect()
}

/// Returns what to tell about an entry and all below it: those who saw them and who see them.
fn audience_changes(
    tree: &Tree,
    mut before: BTreeMap<FileId, BTreeSet<Email>>,
    id: &FileId,
) -> Vec<Change> {
    let change = |(id, mut audience): (FileId, BTreeSet<Email>)| {
        audience.append(&mut before.remove(&id).unwrap_or_default());
        let owner = tree.record(&id)?.owner.clone();
        Some(Change {
            id,
            owner,
            audience,
        })
    };
    audiences(tree, id).into_iter().filter_map(change).collect()
}
