//! All files of all accounts, in memory.

mod access;
mod changes;
mod edit;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

pub(crate) use changes::{Change, ChangePage};

use super::{
    file::{FOLDER, File},
    id,
    upload::Sessions,
};

/// Folders nest no deeper; the bound also ends the walk up a damaged tree.
const MAX_DEPTH: usize = 100;

/// The emulated Drive of every account.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    files: BTreeMap<String, File>,
    /// Account key → id of its "My Drive".
    roots: BTreeMap<String, String>,
    feeds: changes::Feeds,
    /// Files that searches do not find yet.
    unindexed: BTreeMap<String, Lag>,
    /// Account key → how many mails "… shared a file with you" Google would have sent.
    share_mails: BTreeMap<String, u64>,
    #[serde(skip)]
    pub(crate) sessions: Sessions,
}

/// How long searches miss a new file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lag {
    pub(crate) until: DateTime<Utc>,
    pub(crate) lists: u32,
}

impl Store {
    /// Makes the account's root folder exist and returns its id.
    pub(crate) fn ensure_root(&mut self, account: &str, now: DateTime<Utc>) -> String {
        if let Some(root) = self.roots.get(account) {
            return root.clone();
        }
        let mut root = File::new(id::root(), account, now);
        root.name = "My Drive".to_owned();
        root.mime_type = FOLDER.to_owned();
        let root_id = root.id.clone();
        self.roots.insert(account.to_owned(), root_id.clone());
        self.files.insert(root_id.clone(), root);
        root_id
    }

    /// Returns the id of the account's root folder.
    pub(crate) fn root(&self, account: &str) -> Option<&str> {
        self.roots.get(account).map(String::as_str)
    }

    /// Returns whether the file is somebody's "My Drive".
    pub(crate) fn is_root(&self, file: &File) -> bool {
        self.root(&file.owner) == Some(&file.id)
    }

    /// Returns a file whoever may see it.
    pub(crate) fn file(&self, id: &str) -> Option<&File> {
        self.files.get(id)
    }

    /// Returns the file as `viewer` sees it; `root` is the viewer's "My Drive".
    ///
    /// `None` also when it exists but is not shared: Google does not tell the difference.
    pub(crate) fn view<'a>(&'a self, id: &str, viewer: &'a str) -> Option<View<'a>> {
        let id = if id == "root" { self.root(viewer)? } else { id };
        let view = View {
            store: self,
            file: self.files.get(id)?,
            viewer,
        };
        view.visible().then_some(view)
    }

    /// Returns what a search by `viewer` finds among the files that fit, roots excepted.
    ///
    /// Permissions are looked at last, since that walks up the folders.
    pub(crate) fn search<'a>(
        &'a self,
        viewer: &'a str,
        now: DateTime<Utc>,
        fits: impl Fn(&View<'a>) -> bool,
    ) -> impl Iterator<Item = View<'a>> {
        self.files
            .values()
            .map(move |file| View {
                store: self,
                file,
                viewer,
            })
            .filter(move |view| !self.is_root(view.file) && !self.lags(&view.file.id, now))
            .filter(move |view| fits(view) && view.listed())
    }

    /// Makes searches miss a file for a while.
    pub(crate) fn delay_index(&mut self, id: &str, lag: Lag) {
        self.unindexed.insert(id.to_owned(), lag);
    }

    /// Counts one search for the files that still hide from some.
    pub(crate) fn count_search(&mut self, now: DateTime<Utc>) {
        for lag in self.unindexed.values_mut() {
            lag.lists = lag.lists.saturating_sub(1);
        }
        self.unindexed
            .retain(|_, lag| lag.lists > 0 || now < lag.until);
    }

    /// Returns whether any file still hides, so that searches need counting.
    pub(crate) fn has_lag(&self) -> bool {
        !self.unindexed.is_empty()
    }

    fn lags(&self, id: &str, now: DateTime<Utc>) -> bool {
        self.unindexed
            .get(id)
            .is_some_and(|lag| lag.lists > 0 || now < lag.until)
    }

    /// Returns the bytes that the account's files take, and those of them in the trash.
    pub(crate) fn usage(&self, account: &str) -> (u64, u64) {
        let owned = self.files.values().filter(|file| file.owner == account);
        owned.fold((0, 0), |(all, trash), file| {
            let size = file.size();
            let trashed = if self.trash_owner(file).is_some() {
                size
            } else {
                0
            };
            (all + size, trash + trashed)
        })
    }

    /// Counts a share mail.
    pub(crate) fn count_share_mail(&mut self, to: &str) {
        *self.share_mails.entry(to.to_owned()).or_default() += 1;
    }

    /// Returns how many share mails Google would have sent to the account.
    pub(crate) fn share_mails(&self, to: &str) -> u64 {
        self.share_mails.get(to).copied().unwrap_or_default()
    }

    /// Returns the folders above, nearest first.
    pub(super) fn ancestors<'a>(&'a self, file: &'a File) -> impl Iterator<Item = &'a File> {
        let up = |file: &&'a File| self.files.get(file.parent.as_deref()?);
        std::iter::successors(up(&file), up).take(MAX_DEPTH)
    }

    /// Returns the file and, for a folder, everything below it.
    fn subtree(&self, id: &str) -> Vec<String> {
        let mut ids = vec![id.to_owned()];
        if self.files.get(id).is_some_and(File::is_folder) {
            let below = self
                .files
                .values()
                .filter(|file| self.ancestors(file).any(|folder| folder.id == id));
            ids.extend(below.map(|file| file.id.clone()));
        }
        ids
    }
}

/// A file with the account that looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) store: &'a Store,
    pub(crate) file: &'a File,
    pub(crate) viewer: &'a str,
}

/// Returns `time` with the milliseconds that Drive keeps.
pub(crate) fn drive_time(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(3)
}
