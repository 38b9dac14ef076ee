//! The change feed of each account.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Store, View, drive_time};

/// What each account would learn; one entry per file, the newest.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Feeds {
    /// Number of the latest change anywhere.
    head: u64,
    accounts: BTreeMap<String, Feed>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Feed {
    entries: BTreeMap<u64, Entry>,
    latest: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    file: String,
    at: DateTime<Utc>,
    /// Whether the file lay, or had lain, in the account's "My Drive".
    my_drive: bool,
}

/// One change as an account sees it.
#[derive(Debug, Clone)]
pub(crate) struct Change<'a> {
    pub(crate) file_id: &'a str,
    pub(crate) at: DateTime<Utc>,
    /// `None` when the file is gone or no longer shared.
    pub(crate) view: Option<View<'a>>,
}

/// A page of changes.
#[derive(Debug, Clone)]
pub(crate) struct ChangePage<'a> {
    pub(crate) changes: Vec<Change<'a>>,
    /// Where the next page starts, or where the next poll does.
    pub(crate) next: u64,
    pub(crate) last: bool,
}

/// Who saw what before a change.
#[derive(Debug)]
pub(super) struct Audiences(BTreeMap<String, Seen>);

#[derive(Debug, Default)]
struct Seen {
    watchers: BTreeSet<String>,
    my_drive: BTreeSet<String>,
}

impl Store {
    /// Returns the cursor from which only future changes are seen.
    pub(crate) fn start_page(&self) -> u64 {
        self.feeds.head + 1
    }

    /// Returns up to `limit` changes since the cursor `since`; `None` when there never was one.
    ///
    /// `keep` tells which changes count; skipped ones do not fill the page.
    pub(crate) fn changes<'a>(
        &'a self,
        viewer: &'a str,
        since: u64,
        limit: usize,
        keep: impl Fn(&Change<'a>, bool) -> bool,
    ) -> Option<ChangePage<'a>> {
        let start = self.start_page();
        if since == 0 || since > start {
            return None;
        }
        let mut page = ChangePage {
            changes: Vec::new(),
            next: start,
            last: true,
        };
        let feed = self.feeds.accounts.get(viewer);
        let entries = feed
            .into_iter()
            .flat_map(|feed| feed.entries.range(since..));
        for (number, entry) in entries {
            let change = Change {
                file_id: &entry.file,
                at: entry.at,
                view: self.view(&entry.file, viewer).filter(View::listed),
            };
            if !keep(&change, entry.my_drive) {
                continue;
            }
            if page.changes.len() == limit {
                page.next = *number;
                page.last = false;
                break;
            }
            page.changes.push(change);
        }
        Some(page)
    }

    /// Makes one change to a file, and with it to everything below, and tells all concerned.
    pub(super) fn change<T>(
        &mut self,
        id: &str,
        now: DateTime<Utc>,
        act: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let mut before = self.audiences(id);
        let result = act(self);
        for (file, seen) in self.audiences(id).0 {
            let known = before.0.entry(file).or_default();
            known.watchers.extend(seen.watchers);
            known.my_drive.extend(seen.my_drive);
        }
        self.tell(before, now);
        result
    }

    pub(super) fn audiences(&self, id: &str) -> Audiences {
        let seen = self.subtree(id).into_iter().map(|id| {
            let watchers = self.watchers(&id);
            let at_home = |viewer: &&String| {
                let view = self.view(&id, viewer);
                view.is_some_and(|view| view.in_my_drive())
            };
            let my_drive = watchers.iter().filter(at_home).cloned().collect();
            (id, Seen { watchers, my_drive })
        });
        Audiences(seen.collect())
    }

    pub(super) fn tell(&mut self, audiences: Audiences, now: DateTime<Utc>) {
        for (file, seen) in audiences.0 {
            for account in seen.watchers {
                self.feeds.head += 1;
                let number = self.feeds.head;
                let feed = self.feeds.accounts.entry(account.clone()).or_default();
                if let Some(old) = feed.latest.insert(file.clone(), number) {
                    feed.entries.remove(&old);
                }
                let entry = Entry {
                    file: file.clone(),
                    at: drive_time(now),
                    my_drive: seen.my_drive.contains(&account),
                };
                feed.entries.insert(number, entry);
            }
        }
    }
}
