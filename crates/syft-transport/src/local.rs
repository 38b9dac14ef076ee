//! A directory that plays Google Drive and Gmail for several accounts: the no-account twin.
//!
//! The hub may be a shared folder, a mounted NAS or a temporary directory; every account's
//! process opens it with [`LocalDrive::open`] and [`LocalMailer::open`]. Sharing is kept by
//! the programs that use the hub: what is not shared is not found. Whoever can write to the
//! directory itself can do anything, so give it to those who trust each other. Its file
//! system must have working locks (`flock`); a folder that a sync program copies between
//! machines has none.
//!
//! ```text
//! hub/lock                                  held for the milliseconds of one change
//! hub/changes.log                           JSON lines: what changed, and who sees it
//! hub/entries/<owner>/<id>.json             one entry: its name, folder, times and shares
//! hub/content/<owner>/<id>                  the bytes of a file, which never change
//! hub/tmp/                                  what is being written
//! hub/mail/<recipient>/<message-id>.eml     the mails, as any mail program shows them
//! ```
//!
//! Owners are e-mail addresses in lower case. An entry belongs to the account in whose
//! directory its record lies. Names of entries are never names on the disk. A file appears
//! with its content or not at all, whenever a process is killed, and a record that cannot be
//! read is an error that names it.

mod disk;
mod feed;
mod hub;
mod mailer;
mod record;
mod rules;
mod store;
mod tree;

use std::{collections::HashSet, path::Path, sync::Arc, time::SystemTime};

use async_trait::async_trait;
use syft_state::{Email, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{
    drive::{
        Changes, Cursor, Drive, Entry, EntryKind, FileId, NewEntry, Page, PageToken, Query, Role,
    },
    error::{Error, Result},
};
use feed::Position;
use record::root_of;
use store::{Loaded, Store};

pub use mailer::LocalMailer;

/// One account's view of a hub.
///
/// `root` stands for the account's own root folder wherever an id is asked for.
#[derive(Clone, Debug)]
pub struct LocalDrive {
    store: Arc<Store>,
    account: Email,
}

impl LocalDrive {
    /// Opens a hub as `account`, and creates it where there is none.
    ///
    /// # Errors
    /// [`Error::Local`] where the directory cannot be used, [`Error::BadFile`] where it holds
    /// something that is no hub or a record that cannot be read.
    pub fn open(hub: &Path, account: Email) -> Result<Self> {
        let store = Arc::new(Store::open(hub, now())?);
        Ok(Self { store, account })
    }

    /// Returns an id for [`NewEntry::id`].
    #[must_use]
    pub fn new_id() -> FileId {
        FileId::new(uuid::Uuid::new_v4().simple().to_string())
    }

    /// Runs `work` where it may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store, &Email) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Self { store, account } = self.clone();
        let work = tokio::task::spawn_blocking(move || work(&store, &account));
        match work.await.map_err(tokio::task::JoinError::try_into_panic) {
            Ok(result) => result,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(cancelled)) => Err(Error::Unavailable {
                what: "the hub".into(),
                reason: "the program is ending".into(),
                source: Some(Box::new(cancelled)),
            }),
        }
    }

    fn resolve(&self, id: &FileId) -> FileId {
        match id.as_str() {
            "root" => root_of(&self.account),
            _ => id.clone(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the hub plays the server, whose clock stamps the entries"
)]
fn now() -> Timestamp {
    SystemTime::now().into()
}

#[async_trait]
impl Drive for LocalDrive {
    async fn account(&self) -> Result<Email> {
        Ok(self.account.clone())
    }

    async fn list(&self, query: &Query, page: Option<&PageToken>) -> Result<Page> {
        let mut query = query.clone();
        query.parent = query.parent.as_ref().map(|id| self.resolve(id));
        let page = page.cloned();
        self.blocking(move |store, me| {
            let listed = store.current()?.tree.list(me, &query, page.as_ref());
            listed.ok_or_else(|| Error::Rejected {
                what: "the listing of files".into(),
                reason: "its page token is not of this hub".into(),
            })
        })
        .await
    }

    async fn get(&self, id: &FileId) -> Result<Entry> {
        let id = self.resolve(id);
        self.blocking(move |store, me| found(&*store.current()?, me, &id))
            .await
    }

    async fn changes(&self, since: Option<&Cursor>) -> Result<Changes> {
        let since: Option<Position> = since.map(|cursor| cursor.as_str().parse()).transpose()?;
        self.blocking(move |store, me| changes(store, me, since.as_ref()))
            .await
    }

    async fn read(
        &self,
        id: &FileId,
        limit: u64,
        into: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<u64> {
        let what = format!("file {id}");
        let id = self.resolve(id);
        let (file, size) = self
            .blocking(move |store, me| open(store, me, &id, limit))
            .await?;
        let unavailable = |reason: &str, source: std::io::Error| Error::Unavailable {
            what: what.clone(),
            reason: reason.into(),
            source: Some(Box::new(source)),
        };
        let mut content = tokio::fs::File::from_std(file).take(size);
        let mut buffer = vec![0; 64 * 1024];
        let mut length = 0;
        loop {
            let read = content.read(&mut buffer).await;
            let read = read.map_err(|error| unavailable("its content cannot be read", error))?;
            if read == 0 {
                break;
            }
            let written = into.write_all(&buffer[..read]).await;
            written.map_err(|error| unavailable("what was read cannot be kept", error))?;
            length += read as u64;
        }
        let flushed = into.flush().await;
        flushed.map_err(|error| unavailable("what was read cannot be kept", error))?;
        match length == size {
            true => Ok(length),
            false => Err(Error::Garbled {
                what,
                reason: format!("its content ended after {length} of {size} bytes"),
            }),
        }
    }

    async fn create(&self, entry: NewEntry) -> Result<Entry> {
        let parent = entry.parent.as_ref();
        let parent = parent.map_or_else(|| root_of(&self.account), |id| self.resolve(id));
        self.blocking(move |store, me| {
            let id = entry.id.unwrap_or_else(Self::new_id);
            let staged = store.stage(&entry.content)?;
            let wanted = rules::Wanted {
                id: id.clone(),
                name: entry.name,
                parent,
                size: staged.as_ref().map(|(_, length)| *length),
            };
            let content = staged.map(|(file, _)| file);
            let decide = |tree: &_| rules::create(tree, me, wanted, now()).map(Some);
            found(&*store.change(content, decide)?, me, &id)
        })
        .await
    }

    async fn relocate(&self, id: &FileId, from: &FileId, to: &FileId) -> Result<Entry> {
        let (id, from, to) = (self.resolve(id), self.resolve(from), self.resolve(to));
        self.blocking(move |store, me| {
            let decide = |tree: &_| rules::relocate(tree, me, &id, &from, &to);
            found(&*store.change(None, decide)?, me, &id)
        })
        .await
    }

    async fn share(&self, id: &FileId, with: &Email, role: Role) -> Result<()> {
        let (id, with) = (self.resolve(id), with.clone());
        self.blocking(move |store, me| {
            let decide = |tree: &_| rules::share(tree, me, &id, &with, role);
            store.change(None, decide).map(drop)
        })
        .await
    }

    async fn trash(&self, id: &FileId) -> Result<()> {
        let id = self.resolve(id);
        self.blocking(move |store, me| {
            let decide = |tree: &_| rules::trash(tree, me, &id);
            store.change(None, decide).map(drop)
        })
        .await
    }
}

fn found(loaded: &Loaded, me: &Email, id: &FileId) -> Result<Entry> {
    let entry = loaded.tree.entry(me, id);
    entry.ok_or_else(|| rules::not_found(id))
}

fn changes(store: &Store, me: &Email, since: Option<&Position>) -> Result<Changes> {
    let mut news = Changes {
        entries: Vec::new(),
        removed: Vec::new(),
        cursor: Cursor::new(""),
    };
    if let Some(since) = since
        && store.is_idle_since(since)?
    {
        news.cursor = Cursor::new(since.to_string());
        return Ok(news);
    }
    let loaded = store.current()?;
    let until = loaded.position()?;
    news.cursor = Cursor::new(until.to_string());
    let Some(since) = since else {
        return Ok(news);
    };
    let mut changes = store.changes(since, &until)?;
    changes.retain(|change| change.audience.contains(me));
    // The last mention of an entry counts.
    changes.reverse();
    let mut told = HashSet::new();
    changes.retain(|change| told.insert(change.id.clone()));
    for change in changes.into_iter().rev() {
        match loaded.tree.entry(me, &change.id) {
            Some(entry) => news.entries.push(entry),
            // A line without a record is of a writer that was killed in between.
            None if loaded.tree.record(&change.id).is_some() => news.removed.push(change.id),
            None => {}
        }
    }
    Ok(news)
}

fn open(store: &Store, me: &Email, id: &FileId, limit: u64) -> Result<(std::fs::File, u64)> {
    let loaded = store.current()?;
    let record = rules::visible(&loaded.tree, me, id)?;
    match (record.kind, record.size) {
        (EntryKind::File, Some(size)) if size > limit => Err(Error::TooLarge {
            what: format!("file {id}"),
            limit,
        }),
        (EntryKind::File, Some(size)) => Ok((store.open_content(record)?, size)),
        _ => Err(Error::Rejected {
            what: format!("the reading of {id}"),
            reason: "it is a folder".into(),
        }),
    }
}

#[cfg(test)]
mod tests;
