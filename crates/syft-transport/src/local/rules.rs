//! Who may do what: each function checks one call and returns the record as it will be.

use syft_state::{Email, Timestamp};

use super::{
    record::{Access, Record, is_file_name, owner_of_root},
    tree::{MAX_DEPTH, Tree},
};
use crate::{
    drive::{EntryKind, FileId, Role},
    error::{Error, Result},
};

/// The longest name in bytes.
const MAX_NAME: usize = 32 * 1024;

/// An entry that somebody wants to create.
pub(super) struct Wanted {
    pub(super) id: FileId,
    pub(super) name: String,
    pub(super) parent: FileId,
    /// The length of its content; folders have none.
    pub(super) size: Option<u64>,
}

/// Checks a creation and returns the new record.
pub(super) fn create(tree: &Tree, me: &Email, wanted: Wanted, now: Timestamp) -> Result<Record> {
    if !is_file_name(wanted.id.as_str()) {
        return Err(rejected(
            &wanted.id,
            "an id has 1 to 100 letters, digits, - and _",
        ));
    }
    if wanted.name.len() > MAX_NAME {
        return Err(rejected(&wanted.id, "its name is longer than 32 KiB"));
    }
    if tree.record(&wanted.id).is_some() {
        return Err(Error::AlreadyExists {
            what: wanted.id.to_string(),
        });
    }
    check_target(tree, me, &wanted.parent, 1)?;
    let kind = match wanted.size {
        None => EntryKind::Folder,
        Some(_) => EntryKind::File,
    };
    Ok(Record {
        id: wanted.id,
        owner: me.clone(),
        name: wanted.name,
        kind,
        parent: wanted.parent,
        size: wanted.size,
        created: now,
        modified: now,
        trashed: false,
        shares: std::collections::BTreeMap::new(),
    })
}

/// Checks a move and returns the moved record, or `None` if it is where it should be.
pub(super) fn relocate(
    tree: &Tree,
    me: &Email,
    id: &FileId,
    from: &FileId,
    to: &FileId,
) -> Result<Option<Record>> {
    let record = writable(tree, me, id)?;
    if record.parent == *to {
        return Ok(None);
    }
    if record.parent != *from {
        return Err(rejected(id, "it is not in the folder that it should leave"));
    }
    let subtree = tree.subtree(id);
    if subtree.contains(to) {
        return Err(rejected(id, "a folder cannot be moved into itself"));
    }
    let deepest = subtree.iter().map(|below| tree.depth(below)).max();
    let height = deepest.unwrap_or_default() + 1 - tree.depth(id);
    check_target(tree, me, to, height)?;
    Ok(Some(Record {
        parent: to.clone(),
        ..record.clone()
    }))
}

/// Checks a share and returns the shared record, or `None` if `with` already may.
pub(super) fn share(
    tree: &Tree,
    me: &Email,
    id: &FileId,
    with: &Email,
    role: Role,
) -> Result<Option<Record>> {
    let record = writable(tree, me, id)?;
    let access = Access::from(role);
    if tree.access(with, id) >= Some(access) {
        return Ok(None);
    }
    let mut record = record.clone();
    record.shares.insert(with.clone(), access);
    Ok(Some(record))
}

/// Checks a deletion and returns the trashed record, or `None` if it is in the trash itself.
pub(super) fn trash(tree: &Tree, me: &Email, id: &FileId) -> Result<Option<Record>> {
    let record = visible(tree, me, id)?;
    if record.owner != *me {
        return Err(refused(id, "only its owner may put it into the trash"));
    }
    Ok((!record.trashed).then(|| Record {
        trashed: true,
        ..record.clone()
    }))
}

/// Returns a record that `me` may know of.
pub(super) fn visible<'a>(tree: &'a Tree, me: &Email, id: &FileId) -> Result<&'a Record> {
    let record = tree.record(id).filter(|_| tree.access(me, id).is_some());
    record.ok_or_else(|| not_found(id))
}

fn writable<'a>(tree: &'a Tree, me: &Email, id: &FileId) -> Result<&'a Record> {
    let record = visible(tree, me, id)?;
    match tree.access(me, id) {
        Some(Access::Writer) => Ok(record),
        _ => Err(refused(id, "it is shared for reading only")),
    }
}

/// Checks that `me` may put something with so many levels into a folder.
fn check_target(tree: &Tree, me: &Email, folder: &FileId, levels: usize) -> Result<()> {
    if owner_of_root(folder).as_ref() == Some(me) {
        return Ok(());
    }
    let record = writable(tree, me, folder)?;
    if record.kind != EntryKind::Folder {
        return Err(rejected(folder, "it is not a folder"));
    }
    if tree.entry(me, folder).is_some_and(|entry| entry.trashed) {
        return Err(rejected(folder, "it is in the trash"));
    }
    if tree.depth(folder) + levels > MAX_DEPTH {
        return Err(rejected(folder, "folders nest at most 100 levels deep"));
    }
    Ok(())
}

/// Returns the error for what does not exist or must not be known.
pub(super) fn not_found(id: &FileId) -> Error {
    Error::NotFound {
        what: format!("file {id}"),
    }
}

pub(super) fn rejected(id: &FileId, reason: &str) -> Error {
    Error::Rejected {
        what: format!("the change of {id}"),
        reason: reason.into(),
    }
}

fn refused(id: &FileId, reason: &str) -> Error {
    Error::PermissionDenied {
        what: format!("the change of {id}"),
        reason: reason.into(),
    }
}
