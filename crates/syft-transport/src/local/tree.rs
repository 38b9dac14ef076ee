//! All entries of a hub and who may see them: a value without a disk.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

use syft_state::{Email, Timestamp};

use super::record::{Access, Record, owner_of_root, root_of};
use crate::drive::{Entry, EntryKind, FileId, Order, Page, PageToken, Query};

/// Folders nest no deeper, as on Google Drive.
pub(super) const MAX_DEPTH: usize = 100;
const MAX_PAGE: usize = 1000;

/// The entries of all accounts by id.
#[derive(Debug, Default)]
pub(super) struct Tree {
    records: HashMap<FileId, Record>,
}

impl Tree {
    pub(super) fn record(&self, id: &FileId) -> Option<&Record> {
        self.records.get(id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn put(&mut self, record: Record) {
        self.records.insert(record.id.clone(), record);
    }

    /// Returns an entry as `me` sees it, and `None` where it must not even be known.
    pub(super) fn entry(&self, me: &Email, id: &FileId) -> Option<Entry> {
        if *id == root_of(me) {
            return Some(root_entry(me));
        }
        let record = self.record(id)?;
        self.access(me, id).map(|_| self.seen_by(me, record))
    }

    fn seen_by(&self, me: &Email, record: &Record) -> Entry {
        let parent_is_visible = self.access(me, &record.parent).is_some();
        Entry {
            id: record.id.clone(),
            name: record.name.clone(),
            kind: record.kind,
            parents: Vec::from_iter(parent_is_visible.then(|| record.parent.clone())),
            owner: Some(record.owner.clone()),
            size: record.size,
            created: record.created,
            modified: record.modified,
            trashed: self.line(&record.id).any(|above| above.trashed),
        }
    }

    /// Returns what `who` may do with an entry or a root.
    ///
    /// Owners and those it is shared with have access, and so has everybody who has access
    /// to the folder it is in.
    pub(super) fn access(&self, who: &Email, id: &FileId) -> Option<Access> {
        let granted = |record: &Record| {
            let owned = (record.owner == *who).then_some(Access::Writer);
            owned.max(record.shares.get(who).copied())
        };
        let inherited = self.line(id).filter_map(granted).max();
        let is_my_root = self.top(id) == root_of(who);
        inherited.max(is_my_root.then_some(Access::Writer))
    }

    /// Returns everybody who can see an entry.
    pub(super) fn audience(&self, id: &FileId) -> BTreeSet<Email> {
        let accounts = |record: &Record| [vec![record.owner.clone()], shared_with(record)].concat();
        self.line(id)
            .flat_map(accounts)
            .chain(owner_of_root(&self.top(id)))
            .collect()
    }

    /// Returns an entry and every entry below it.
    pub(super) fn subtree(&self, id: &FileId) -> Vec<FileId> {
        let is_file = |record: &Record| record.kind == EntryKind::File;
        if self.record(id).is_some_and(is_file) {
            return vec![id.clone()];
        }
        let below = |record: &&Record| self.line(&record.id).any(|above| above.id == *id);
        let records = self.records.values().filter(below);
        records.map(|record| record.id.clone()).collect()
    }

    /// Returns how many folders an entry is in.
    pub(super) fn depth(&self, id: &FileId) -> usize {
        self.line(id).count()
    }

    /// Goes from an entry upwards; ends even where records that were edited form a ring.
    fn line(&self, id: &FileId) -> impl Iterator<Item = &Record> {
        std::iter::successors(self.record(id), |record| self.record(&record.parent))
            .take(MAX_DEPTH + 1)
    }

    /// Returns the id above the topmost record: a root, or a folder that does not exist.
    fn top(&self, id: &FileId) -> FileId {
        let last = self.line(id).last();
        last.map_or_else(|| id.clone(), |record| record.parent.clone())
    }

    /// Returns one page of what `me` sees and asks for.
    ///
    /// A page token is the id of the last entry of the page before. Ids, names and creation
    /// times never change, so an entry that is there from the first page to the last is never
    /// missed, whatever is created meanwhile.
    pub(super) fn list(&self, me: &Email, query: &Query, page: Option<&PageToken>) -> Option<Page> {
        let last = match page {
            None => None,
            Some(token) => Some(self.record(&FileId::new(token.as_str()))?),
        };
        let comes_later = |record: &&Record| {
            last.is_none_or(|last| compare(query.order, record, last) == Ordering::Greater)
        };
        let mut found: Vec<(&Record, Entry)> = self
            .records
            .values()
            .filter(|record| query.accepts_name(&record.name))
            .filter(comes_later)
            .filter(|record| self.access(me, &record.id).is_some())
            .map(|record| (record, self.seen_by(me, record)))
            .filter(|(_, entry)| query.accepts(entry, me))
            .collect();
        found.sort_by(|a, b| compare(query.order, a.0, b.0));

        let asked = query.page_size.map_or(MAX_PAGE, |size| size as usize);
        let size = asked.clamp(1, MAX_PAGE);
        let more = found.len() > size;
        found.truncate(size);
        let next = found.last().filter(|_| more);
        let next = next.map(|(record, _)| PageToken::new(record.id.as_str()));
        let entries = found.into_iter().map(|(_, entry)| entry).collect();
        Some(Page { entries, next })
    }
}

fn shared_with(record: &Record) -> Vec<Email> {
    record.shares.keys().cloned().collect()
}

/// A total order in every case, because ids differ.
fn compare(order: Order, a: &Record, b: &Record) -> Ordering {
    let wanted = match order {
        Order::Any | Order::Created => a.created.cmp(&b.created),
        Order::Name => a.name.cmp(&b.name),
        Order::NameDescending => b.name.cmp(&a.name),
    };
    wanted.then_with(|| a.id.cmp(&b.id))
}

fn root_entry(me: &Email) -> Entry {
    Entry {
        id: root_of(me),
        name: "My Drive".into(),
        kind: EntryKind::Folder,
        parents: Vec::new(),
        owner: Some(me.clone()),
        size: None,
        created: Timestamp::EPOCH,
        modified: Timestamp::EPOCH,
        trashed: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::drive::{NameMatch, Owner};

    const ACCOUNTS: [&str; 3] = ["a@x.org", "b@x.org", "c@x.org"];

    fn account(n: usize) -> Email {
        ACCOUNTS[n % 3].parse().unwrap()
    }

    fn id(n: usize) -> FileId {
        FileId::new(format!("entry{n:02}"))
    }

    /// Trees as they may be on a disk that people edit: with rings and missing folders.
    fn trees() -> impl Strategy<Value = Tree> {
        let shares = proptest::collection::btree_map(
            (0..3usize).prop_map(account),
            prop_oneof![Just(Access::Reader), Just(Access::Writer)],
            0..2,
        );
        let record = (
            0..3usize,
            0..14usize,
            shares,
            any::<bool>(),
            0..4i64,
            "[ab]{1,2}",
        );
        proptest::collection::vec(record, 0..12).prop_map(|records| {
            let mut tree = Tree::default();
            for (n, (owner, parent, shares, trashed, created, name)) in records.iter().enumerate() {
                let is_root = parent % 4 == 0;
                let time = Timestamp::from_seconds(*created);
                tree.put(Record {
                    id: id(n),
                    owner: account(*owner),
                    name: name.clone(),
                    kind: EntryKind::Folder,
                    parent: if is_root {
                        root_of(&account(*owner))
                    } else {
                        id(*parent)
                    },
                    size: None,
                    created: time,
                    modified: time,
                    trashed: *trashed && parent % 3 == 0,
                    shares: shares.clone(),
                });
            }
            tree
        })
    }

    fn pages(tree: &Tree, me: &Email, query: &Query) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut next = None;
        loop {
            let page = tree.list(me, query, next.as_ref()).unwrap();
            entries.extend(page.entries);
            next = page.next;
            if next.is_none() {
                return entries;
            }
        }
    }

    proptest! {
        #[test]
        fn those_who_have_access_are_the_audience(tree in trees()) {
            for n in 0..12 {
                let exists = tree.record(&id(n)).is_some();
                for who in (0..3).map(account) {
                    let sees = exists && tree.access(&who, &id(n)).is_some();
                    prop_assert_eq!(sees, exists && tree.audience(&id(n)).contains(&who));
                    prop_assert_eq!(sees, tree.entry(&who, &id(n)).is_some());
                }
            }
        }

        #[test]
        fn access_to_a_folder_is_access_to_all_below(tree in trees()) {
            for n in 0..12 {
                for below in tree.subtree(&id(n)) {
                    for who in (0..3).map(account) {
                        prop_assert!(tree.access(&who, &below) >= tree.access(&who, &id(n)));
                    }
                }
            }
        }

        #[test]
        fn pages_hold_every_visible_match_once_and_in_order(
            tree in trees(),
            size in 1..5u32,
            descending in any::<bool>(),
            name in "[ab]{0,1}",
        ) {
            let me = account(0);
            let query = Query {
                any_name: vec![NameMatch::StartsWith(name)],
                owner: descending.then_some(Owner::NotMe),
                order: if descending { Order::NameDescending } else { Order::Created },
                page_size: Some(size),
                ..Query::default()
            };
            let listed = pages(&tree, &me, &query);
            for pair in listed.windows(2) {
                let is_sorted = match descending {
                    true => pair[0].name >= pair[1].name,
                    false => pair[0].created <= pair[1].created,
                };
                prop_assert!(is_sorted);
            }
            let listed: Vec<FileId> = listed.into_iter().map(|entry| entry.id).collect();
            let wanted: BTreeSet<FileId> = (0..12)
                .filter_map(|n| tree.entry(&me, &id(n)))
                .filter(|entry| query.accepts(entry, &me))
                .map(|entry| entry.id)
                .collect();
            prop_assert_eq!(listed.len(), wanted.len());
            prop_assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), wanted);
        }
    }
}
