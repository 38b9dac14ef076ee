//! Changes to files; each tells the change feeds.

use chrono::{DateTime, Utc};

use super::{Store, drive_time};
use crate::drive::file::{Audience, File, Grant, Role};

impl Store {
    /// Adds a new file; its id must be free.
    pub(crate) fn insert(&mut self, file: File, now: DateTime<Utc>) {
        let id = file.id.clone();
        self.change(&id.clone(), now, |store| store.files.insert(id, file));
    }

    /// Changes a file in place; `by` is who did it.
    pub(crate) fn edit(
        &mut self,
        id: &str,
        by: &str,
        now: DateTime<Utc>,
        act: impl FnOnce(&mut File),
    ) {
        self.change(id, now, |store| {
            if let Some(file) = store.files.get_mut(id) {
                file.version += 1;
                file.viewed.insert(by.to_owned(), drive_time(now));
                act(file);
            }
        });
    }

    /// Remembers that an account has opened a file; nobody is told.
    pub(crate) fn mark_viewed(&mut self, id: &str, by: &str, at: DateTime<Utc>) {
        if let Some(file) = self.files.get_mut(id) {
            file.viewed.insert(by.to_owned(), drive_time(at));
        }
    }

    /// Deletes a file for good, with everything below that has the same owner.
    ///
    /// What others own below it stays theirs, without a parent.
    pub(crate) fn delete(&mut self, id: &str, now: DateTime<Utc>) {
        let Some(owner) = self.files.get(id).map(|file| file.owner.clone()) else {
            return;
        };
        let doomed = self.subtree(id);
        self.change(id, now, |store| {
            for id in &doomed {
                if store.files.get(id).is_some_and(|file| file.owner == owner) {
                    store.files.remove(id);
                    store.unindexed.remove(id);
                }
            }
            let files = &store.files;
            let lost = |file: &File| {
                let parent = file.parent.as_ref();
                parent.is_some_and(|parent| !files.contains_key(parent))
            };
            let orphans: Vec<String> = doomed
                .iter()
                .filter(|id| files.get(*id).is_some_and(lost))
                .cloned()
                .collect();
            for id in orphans {
                if let Some(file) = store.files.get_mut(&id) {
                    file.parent = None;
                }
            }
        });
    }

    /// Deletes everything that the account has thrown away.
    pub(crate) fn empty_trash(&mut self, account: &str, now: DateTime<Utc>) {
        let thrown: Vec<String> = self
            .files
            .values()
            .filter(|file| file.owner == account && file.trashed.is_some())
            .map(|file| file.id.clone())
            .collect();
        for id in thrown {
            self.delete(&id, now);
        }
    }

    /// Gives a permission, or changes the role of the one that the audience already has.
    pub(crate) fn grant(&mut self, id: &str, grant: Grant, now: DateTime<Utc>) {
        self.change(id, now, |store| {
            let Some(file) = store.files.get_mut(id) else {
                return;
            };
            file.version += 1;
            match file.grants.iter_mut().find(|known| known.id == grant.id) {
                Some(known) => {
                    known.role = grant.role;
                    known.discoverable = grant.discoverable;
                }
                None => file.grants.push(grant),
            }
        });
    }

    /// Takes a permission back.
    pub(crate) fn revoke(&mut self, id: &str, permission: &str, now: DateTime<Utc>) {
        self.change(id, now, |store| {
            if let Some(file) = store.files.get_mut(id) {
                file.version += 1;
                file.grants.retain(|grant| grant.id != permission);
            }
        });
    }

    /// Makes another account the owner; the former one keeps writing.
    pub(crate) fn transfer(&mut self, id: &str, to: &str, former: Grant, now: DateTime<Utc>) {
        self.change(id, now, |store| {
            let Some(file) = store.files.get_mut(id) else {
                return;
            };
            file.version += 1;
            to.clone_into(&mut file.owner);
            file.grants
                .retain(|grant| grant.audience != Audience::User(to.to_owned()));
            file.grants.push(Grant {
                role: Role::Writer,
                ..former
            });
        });
    }

    /// Returns whether `folder` is the file or lies below it.
    pub(crate) fn is_below(&self, folder: &File, id: &str) -> bool {
        folder.id == id || self.ancestors(folder).any(|above| above.id == id)
    }
}
