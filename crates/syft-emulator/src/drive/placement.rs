//! Where files go: parents of new files, and moves.

use super::{
    call::{not_found, require},
    file::{File, Role},
    files::root_is_fixed,
    store::{Store, View},
};
use crate::{error::ApiError, params::Params};

/// Returns the folder of a new file: the one asked for, or "My Drive".
pub(super) fn new_parent(
    store: &Store,
    account: &str,
    wanted: Option<&[String]>,
) -> Result<String, ApiError> {
    let wanted = wanted.and_then(<[String]>::first);
    let id = wanted.map_or("root", String::as_str);
    target(store, account, id).map(|folder| folder.id.clone())
}

/// Returns the folder of a copy: the one asked for, the source's if the caller may write there,
/// or "My Drive".
pub(super) fn copy_parent(
    source: &View<'_>,
    wanted: Option<&[String]>,
) -> Result<String, ApiError> {
    let beside = source.parent().filter(|_| wanted.is_none());
    let beside = beside.and_then(|id| target(source.store, source.viewer, id).ok());
    match beside {
        Some(folder) => Ok(folder.id.clone()),
        None => new_parent(source.store, source.viewer, wanted),
    }
}

/// Returns a folder into which the account may put files.
fn target<'a>(store: &'a Store, account: &str, id: &str) -> Result<&'a File, ApiError> {
    let id = match id {
        "root" => store.root(account).unwrap_or("root"),
        id => id,
    };
    let view = store.view(id, account).ok_or_else(|| not_found(id))?;
    require(&view, Role::Writer)?;
    if !view.file.is_folder() {
        return Err(ApiError::forbidden(
            "parentNotAFolder",
            "The specified parent is not a folder.",
        ));
    }
    // The view's lifetime includes the account's, so the file is looked up on its own.
    store.file(id).ok_or_else(|| not_found(id))
}

/// The `addParents` and `removeParents` of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    add: Vec<String>,
    remove: Vec<String>,
}

impl Move {
    pub(super) fn from_params(params: &Params) -> Self {
        let ids = |name| {
            let text = params.get(name).unwrap_or_default();
            let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
            ids.map(str::to_owned).collect()
        };
        Self {
            add: ids("addParents"),
            remove: ids("removeParents"),
        }
    }

    /// Returns the new parent, or `None` when the file stays where it is.
    ///
    /// A file has one parent at most, so adding one means removing the present one as well.
    pub(super) fn check(&self, view: &View<'_>) -> Result<Option<Option<String>>, ApiError> {
        if self.add.is_empty() && self.remove.is_empty() {
            return Ok(None);
        }
        require(view, Role::Writer)?;
        if view.store.is_root(view.file) {
            return Err(root_is_fixed());
        }
        let removed = self.removes_parent(view);
        match self.add.as_slice() {
            [] if removed => Ok(Some(view.store.root(&view.file.owner).map(str::to_owned))),
            [] => Ok(None),
            [id] => self.destination(view, id, removed),
            _ => Err(too_many_parents()),
        }
    }

    fn destination(
        &self,
        view: &View<'_>,
        id: &str,
        removed: bool,
    ) -> Result<Option<Option<String>>, ApiError> {
        let folder = target(view.store, view.viewer, id)?;
        if view.file.parent.as_deref() == Some(&*folder.id) {
            return Ok(None);
        }
        // A parent that the caller cannot see does not count as his file's parent.
        if !removed && view.parent().is_some() {
            return Err(too_many_parents());
        }
        if view.store.is_below(folder, &view.file.id) {
            return Err(ApiError::forbidden(
                "cyclicMove",
                "A folder cannot be moved into itself or into a folder below it.",
            ));
        }
        Ok(Some(Some(folder.id.clone())))
    }

    fn removes_parent(&self, view: &View<'_>) -> bool {
        let parent = view.file.parent.as_deref();
        self.remove.iter().any(|id| match id.as_str() {
            "root" => parent.is_some() && parent == view.store.root(view.viewer),
            id => parent == Some(id),
        })
    }
}

/// Returns the 403 for a second parent, which no file can have since 2020.
pub(super) fn too_many_parents() -> ApiError {
    ApiError::forbidden(
        "cannotAddParent",
        "Increasing the number of parents is not allowed",
    )
}
