//! Files, permissions and users as JSON.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{
    fields::Mask,
    file::{Audience, Content, Grant, Role},
    store::View,
};
use crate::oauth::Accounts;

/// Collects the wanted members of an object; unwanted ones are never computed.
#[derive(Debug)]
struct Object<'m> {
    mask: &'m Mask,
    members: Map<String, Value>,
}

impl<'m> Object<'m> {
    fn new(mask: &'m Mask) -> Self {
        Self {
            mask,
            members: Map::new(),
        }
    }

    fn put<V: Into<Value>>(&mut self, name: &str, value: impl FnOnce() -> V) {
        self.put_some(name, || Some(value()));
    }

    fn put_some<V: Into<Value>>(&mut self, name: &str, value: impl FnOnce() -> Option<V>) {
        if let Some(mask) = self.mask.member(name)
            && let Some(value) = value()
        {
            let value = mask.apply(value.into());
            self.members.insert(name.to_owned(), value);
        }
    }
}

/// Returns the wanted fields of a file as its viewer sees them.
pub(crate) fn file(view: &View<'_>, accounts: &Accounts, mask: &Mask) -> Value {
    let mut object = Object::new(mask);
    identity(&mut object, view);
    times(&mut object, view, accounts);
    people(&mut object, view, accounts);
    contents(&mut object, view);
    object.put("capabilities", || capabilities(view));
    Value::Object(object.members)
}

fn identity(object: &mut Object<'_>, view: &View<'_>) {
    let file = view.file;
    object.put("kind", || "drive#file");
    object.put("id", || file.id.clone());
    object.put("name", || file.name.clone());
    object.put("mimeType", || file.mime_type.clone());
    object.put_some("description", || file.description.clone());
    object.put_some("parents", || view.parent().map(|parent| json!([parent])));
    object.put("starred", || file.starred.contains(view.viewer));
    object.put("trashed", || view.trashed());
    object.put("explicitlyTrashed", || file.trashed.is_some());
    object.put("spaces", || json!(["drive"]));
    object.put("version", || file.version.to_string());
    object.put("webViewLink", || web_link(view));
    object.put("iconLink", || {
        let icon = &file.mime_type;
        format!("https://drive-thirdparty.googleusercontent.com/16/type/{icon}")
    });
    object.put("isAppAuthorized", || true);
    object.put("writersCanShare", || file.writers_can_share);
    object.put("copyRequiresWriterPermission", || file.copy_requires_writer);
    object.put("viewersCanCopyContent", || !file.copy_requires_writer);
    object.put_some("folderColorRgb", || file.folder_color.clone());
    object.put_some("properties", || some_map(&file.properties));
    object.put_some("appProperties", || some_map(&file.app_properties));
    object.put_some("shortcutDetails", || {
        let target = file.shortcut_target.as_deref()?;
        let mime_type = view
            .store
            .file(target)
            .map(|target| target.mime_type.clone());
        Some(json!({ "targetId": target, "targetMimeType": mime_type.unwrap_or_default() }))
    });
}

fn times(object: &mut Object<'_>, view: &View<'_>, accounts: &Accounts) {
    let file = view.file;
    object.put("createdTime", || time(file.created));
    object.put("modifiedTime", || time(file.modified));
    let by_me = file.modified_by_account.get(view.viewer);
    object.put("modifiedByMe", || by_me.is_some());
    object.put_some("modifiedByMeTime", || by_me.copied().map(time));
    let viewed = file.viewed.get(view.viewer);
    object.put("viewedByMe", || viewed.is_some());
    object.put_some("viewedByMeTime", || viewed.copied().map(time));
    let shared = view.shared_with_viewer();
    object.put_some("sharedWithMeTime", || shared.map(|grant| time(grant.given)));
    object.put_some("sharingUser", || {
        shared.map(|grant| user(&grant.given_by, view.viewer, accounts))
    });
    object.put_some("trashedTime", || {
        file.trashed.as_ref().map(|(at, _)| time(*at))
    });
    object.put_some("trashingUser", || {
        let (_, by) = file.trashed.as_ref()?;
        Some(user(by, view.viewer, accounts))
    });
}

fn people(object: &mut Object<'_>, view: &View<'_>, accounts: &Accounts) {
    let file = view.file;
    object.put("owners", || {
        json!([user(&file.owner, view.viewer, accounts)])
    });
    object.put("ownedByMe", || file.owner == view.viewer);
    object.put("lastModifyingUser", || {
        user(&file.modified_by, view.viewer, accounts)
    });
    object.put("shared", || view.shared());
    // Google tells the permissions only to those who may change them.
    object.put_some("permissions", || {
        can_share(view).then(|| permissions(view, accounts, &Mask::All))
    });
    object.put_some("permissionIds", || {
        let grants = can_share(view).then(|| view.store.permissions(file))?;
        let owner = accounts.person(&file.owner).permission_id;
        let others = grants.into_iter().map(|grant| grant.id);
        Some(std::iter::once(owner).chain(others).collect::<Vec<_>>())
    });
}

fn contents(object: &mut Object<'_>, view: &View<'_>) {
    let file = view.file;
    object.put("quotaBytesUsed", || file.size().to_string());
    let content = file.content.as_ref().filter(|_| !file.is_google_type());
    let Some(content) = content else { return };
    let Content {
        bytes,
        md5,
        sha1,
        sha256,
        revision,
    } = content;
    object.put("size", || bytes.len().to_string());
    object.put("md5Checksum", || md5.clone());
    object.put("sha1Checksum", || sha1.clone());
    object.put("sha256Checksum", || sha256.clone());
    object.put("headRevisionId", || revision.clone());
    object.put("originalFilename", || {
        file.original_name.clone().unwrap_or(file.name.clone())
    });
    object.put("hasThumbnail", || false);
    object.put("thumbnailVersion", || "0");
    let extension = file.name.rsplit_once('.').map_or("", |(_, end)| end);
    object.put("fileExtension", || extension);
    object.put("fullFileExtension", || {
        file.name.split_once('.').map_or("", |(_, end)| end)
    });
    object.put("webContentLink", || {
        let id = &file.id;
        format!("https://drive.google.com/uc?id={id}&export=download")
    });
}

fn capabilities(view: &View<'_>) -> Value {
    let role = view.role();
    let (file, root) = (view.file, view.store.is_root(view.file));
    let (writes, owns) = (role >= Some(Role::Writer), role == Some(Role::Owner));
    json!({
        "canAddChildren": file.is_folder() && writes,
        "canChangeCopyRequiresWriterPermission": owns,
        "canComment": role >= Some(Role::Commenter),
        "canCopy": !file.is_folder() && (writes || !file.copy_requires_writer),
        "canDelete": owns && !root,
        "canDownload": !file.is_google_type() && (writes || !file.copy_requires_writer),
        "canEdit": writes,
        "canListChildren": file.is_folder(),
        "canModifyContent": writes && !file.is_google_type(),
        "canMoveItemWithinDrive": writes && !root,
        "canReadRevisions": writes,
        "canRemoveChildren": file.is_folder() && writes,
        "canRename": writes && !root,
        "canShare": can_share(view),
        "canTrash": owns && !root,
        "canUntrash": owns && !root,
    })
}

/// Returns whether the viewer may read and change the permissions.
pub(crate) fn can_share(view: &View<'_>) -> bool {
    match view.role() {
        Some(Role::Owner) => true,
        Some(Role::Writer) => view.file.writers_can_share,
        _ => false,
    }
}

/// Returns all permissions of a file, the owner's first.
pub(crate) fn permissions(view: &View<'_>, accounts: &Accounts, mask: &Mask) -> Value {
    let grants = view.store.permissions(view.file);
    std::iter::once(owner_permission(view))
        .chain(grants)
        .map(|grant| permission(&grant, accounts, mask))
        .collect()
}

/// Returns the permission that every owner has.
pub(crate) fn owner_permission(view: &View<'_>) -> Grant {
    Grant {
        id: String::new(),
        audience: Audience::User(view.file.owner.clone()),
        role: Role::Owner,
        discoverable: false,
        given: view.file.created,
        given_by: view.file.owner.clone(),
    }
}

/// Returns the wanted fields of one permission.
pub(crate) fn permission(grant: &Grant, accounts: &Accounts, mask: &Mask) -> Value {
    let mut object = Object::new(mask);
    object.put("kind", || "drive#permission");
    object.put("role", || grant.role.name());
    match &grant.audience {
        Audience::User(account) | Audience::Group(account) => {
            let person = accounts.person(account);
            let group = matches!(grant.audience, Audience::Group(_));
            object.put("id", || person.permission_id.clone());
            object.put("type", || if group { "group" } else { "user" });
            object.put("emailAddress", || person.email.clone());
            object.put("displayName", || person.display_name.clone());
            object.put("deleted", || false);
            object.put("pendingOwner", || false);
        }
        Audience::Domain(domain) => {
            object.put("id", || grant.id.clone());
            object.put("type", || "domain");
            object.put("domain", || domain.clone());
            object.put("displayName", || domain.clone());
            object.put("allowFileDiscovery", || grant.discoverable);
        }
        Audience::Anyone => {
            object.put("id", || grant.id.clone());
            object.put("type", || "anyone");
            object.put("allowFileDiscovery", || grant.discoverable);
        }
    }
    Value::Object(object.members)
}

/// Returns a user as `viewer` sees it.
pub(crate) fn user(account: &str, viewer: &str, accounts: &Accounts) -> Value {
    let person = accounts.person(account);
    json!({
        "kind": "drive#user",
        "displayName": person.display_name,
        "me": account == viewer,
        "permissionId": person.permission_id,
        "emailAddress": person.email,
    })
}

/// Returns a time with Drive's milliseconds, such as `2026-11-21T11:08:50.531Z`.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn web_link(view: &View<'_>) -> String {
    let id = &view.file.id;
    if view.file.is_folder() {
        format!("https://drive.google.com/drive/folders/{id}")
    } else {
        format!("https://drive.google.com/file/d/{id}/view?usp=drivesdk")
    }
}

fn some_map(map: &std::collections::BTreeMap<String, String>) -> Option<Value> {
    (!map.is_empty()).then(|| json!(map))
}
