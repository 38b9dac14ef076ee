//! Who may see and do what.

use std::collections::BTreeSet;

use super::{Store, View};
use crate::drive::file::{Audience, File, Grant, Role};

impl Store {
    /// Returns what the account may do by permissions in its own name.
    ///
    /// Permissions on a folder count for everything below it; the owner of a folder writes to
    /// whatever others put there.
    pub(crate) fn user_role(&self, account: &str, file: &File) -> Option<Role> {
        if file.owner == account {
            return Some(Role::Owner);
        }
        let own = best(file, |audience| audience.includes(account));
        let inherited = self.ancestors(file).filter_map(|folder| {
            if folder.owner == account {
                return Some(Role::Writer);
            }
            best(folder, |audience| audience.includes(account))
        });
        own.into_iter().chain(inherited).max()
    }

    /// Returns what the account may do, links open to anyone included.
    pub(crate) fn role(&self, account: &str, file: &File) -> Option<Role> {
        let open = |file: &File| best(file, |audience| *audience == Audience::Anyone);
        let by_link = std::iter::once(file)
            .chain(self.ancestors(file))
            .filter_map(open)
            .max();
        self.user_role(account, file).max(by_link)
    }

    /// Returns every permission but the owner's, inherited ones merged in, the strongest of each.
    pub(crate) fn permissions(&self, file: &File) -> Vec<Grant> {
        let mut grants: Vec<Grant> = file.grants.clone();
        for folder in self.ancestors(file) {
            for inherited in &folder.grants {
                merge(&mut grants, inherited, &file.owner);
            }
        }
        grants
    }

    /// Returns every account that would find the file in its Drive.
    pub(super) fn watchers(&self, id: &str) -> BTreeSet<String> {
        let Some(file) = self.files.get(id) else {
            return BTreeSet::new();
        };
        let mut accounts = BTreeSet::from([file.owner.clone()]);
        accounts.extend(file.viewed.keys().cloned());
        accounts.extend(self.roots.keys().cloned());
        for holder in std::iter::once(file).chain(self.ancestors(file)) {
            accounts.insert(holder.owner.clone());
            let users = holder
                .grants
                .iter()
                .filter_map(|grant| match &grant.audience {
                    Audience::User(account) => Some(account.clone()),
                    _ => None,
                });
            accounts.extend(users);
        }
        accounts.retain(|viewer| {
            let view = View {
                store: self,
                file,
                viewer,
            };
            view.listed()
        });
        accounts
    }

    /// Returns who threw the file, or a folder above it, into the trash of which account.
    pub(crate) fn trash_owner<'a>(&'a self, file: &'a File) -> Option<&'a File> {
        std::iter::once(file)
            .chain(self.ancestors(file))
            .find(|holder| holder.trashed.is_some())
    }
}

fn best(file: &File, wanted: impl Fn(&Audience) -> bool) -> Option<Role> {
    let grants = file.grants.iter().filter(|grant| wanted(&grant.audience));
    grants.map(|grant| grant.role).max()
}

fn merge(grants: &mut Vec<Grant>, inherited: &Grant, owner: &str) {
    if inherited.audience.includes(owner) {
        return;
    }
    match grants.iter_mut().find(|grant| grant.id == inherited.id) {
        Some(known) => known.role = known.role.max(inherited.role),
        None => grants.push(inherited.clone()),
    }
}

impl<'a> View<'a> {
    /// Returns what the viewer may do.
    pub(crate) fn role(&self) -> Option<Role> {
        self.store.role(self.viewer, self.file)
    }

    /// Others do not see what lies in an owner's trash.
    pub(super) fn visible(&self) -> bool {
        self.role().is_some() && self.outside_foreign_trash()
    }

    /// Returns whether searches and the change feed show the file.
    ///
    /// What is open to anyone who has the link shows up once the viewer has opened it.
    pub(super) fn listed(&self) -> bool {
        let user = self.store.user_role(self.viewer, self.file).is_some();
        let opened = self.file.viewed.contains_key(self.viewer);
        (user || opened && self.role().is_some()) && self.outside_foreign_trash()
    }

    fn outside_foreign_trash(&self) -> bool {
        match self.store.trash_owner(self.file) {
            None => true,
            Some(holder) => holder.owner == self.viewer || self.file.owner == self.viewer,
        }
    }

    /// Returns whether the file or a folder above it is in the trash.
    pub(crate) fn trashed(&self) -> bool {
        self.store.trash_owner(self.file).is_some()
    }

    /// Returns the parent's id if the viewer may know it.
    pub(crate) fn parent(&self) -> Option<&'a str> {
        let parent = self.file.parent.as_deref()?;
        let folder = self.store.file(parent)?;
        self.store
            .role(self.viewer, folder)
            .is_some()
            .then_some(parent)
    }

    /// Returns the permission by which the file itself was shared with the viewer.
    pub(crate) fn shared_with_viewer(&self) -> Option<&'a Grant> {
        if self.file.owner == self.viewer {
            return None;
        }
        let mut grants = self.file.grants.iter();
        grants.find(|grant| grant.audience.includes(self.viewer))
    }

    /// Returns whether the file lies somewhere below the viewer's "My Drive".
    pub(crate) fn in_my_drive(&self) -> bool {
        let root = self.store.root(self.viewer);
        let mut up = std::iter::once(self.file).chain(self.store.ancestors(self.file));
        root.is_some() && up.any(|holder| Some(&*holder.id) == root)
    }

    /// Returns whether anybody but the owner has access.
    pub(crate) fn shared(&self) -> bool {
        let foreign = |folder: &File| folder.owner != self.file.owner;
        !self.store.permissions(self.file).is_empty()
            || self.store.ancestors(self.file).any(foreign)
    }
}
