//! `files.*` but searches, uploads and downloads.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::{Call, not_found, require},
    file::{Content, File, Role},
    id, media,
    metadata::{Metadata, invalid},
    placement::{self, Move},
    resource, search,
    store::{Lag, Store, View, drive_time},
};
use crate::{
    error::ApiError,
    faults::Effects,
    oauth::Caller,
    params::Params,
    state::{App, World},
};

/// What is answered about a single file unasked.
pub(super) const FILE: &str = "kind,id,name,mimeType";

pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path(id): Path<String>,
    headers: http::HeaderMap,
) -> Result<Response, ApiError> {
    if params.get("alt") == Some("media") {
        media::check_scope(&caller)?;
        let call = Call::open("drive.files.get", FILE, caller, params)?;
        return media::download(&app, &call.account, &id, &headers);
    }
    let call = Call::open("drive.files.get", FILE, caller, params)?;
    ensure_root(&app, &call.account);
    app.read(|world| show(world, &call, &id))
        .map(IntoResponse::into_response)
}

/// Answers with a file that the caller can see.
pub(super) fn show(world: &World, call: &Call, id: &str) -> Result<Json<Value>, ApiError> {
    let view = world.drive.view(id, &call.account);
    let view = view.ok_or_else(|| not_found(id))?;
    Ok(Json(resource::file(&view, &world.accounts, &call.mask)))
}

/// A root folder comes into being with the first call that needs it.
pub(super) fn ensure_root(app: &App, account: &str) {
    if app.read(|world| world.drive.root(account).is_none()) {
        let now = app.now();
        app.write(|world| {
            world.accounts.ensure(account);
            world.drive.ensure_root(account, now)
        });
    }
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    effects: Effects,
    headers: http::HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    // Google's Python client sends searches beyond 2,048 characters as a form.
    if headers
        .get("x-http-method-override")
        .is_some_and(|method| method == "GET")
    {
        let form = String::from_utf8_lossy(&body);
        return search::search(&app, caller, Params::parse(&form));
    }
    let call = Call::open("drive.files.create", FILE, caller, params)?;
    let metadata = Metadata::for_create(&body)?;
    let content = Upload {
        content: Content::new(Bytes::new()),
        content_type: None,
    };
    new_file(&app, &call, &metadata, content, &effects)
}

/// The bytes of a new or changed file and what was said about them.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) content: Content,
    pub(super) content_type: Option<String>,
}

pub(super) fn new_file(
    app: &App,
    call: &Call,
    metadata: &Metadata,
    upload: Upload,
    effects: &Effects,
) -> Result<Json<Value>, ApiError> {
    let now = app.now();
    ensure_root(app, &call.account);
    let mime_type = metadata.type_of_new(upload.content_type.as_deref())?;
    app.write(|world| {
        let wanted = metadata.parents.clone().filter(|_| !effects.drop_parents);
        let parent = placement::new_parent(&world.drive, &call.account, wanted.as_deref())?;
        let file_id = free_id(&world.drive, metadata)?;
        let mut file = File::new(file_id.clone(), &call.account, now);
        file.mime_type = mime_type;
        file.parent = Some(parent);
        metadata.apply(&mut file, &call.account);
        if !file.is_google_type() || upload.content_type.is_some() {
            file.content = Some(upload.content);
        }
        world.drive.insert(file, now);
        hide(&mut world.drive, &file_id, effects, now);
        show(world, call, &file_id)
    })
}

fn free_id(store: &Store, metadata: &Metadata) -> Result<String, ApiError> {
    match &metadata.id {
        None => Ok(id::file()),
        Some(id) if store.file(id).is_none() => Ok(id.clone()),
        Some(_) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "fileIdInUse",
            "A file already exists with the provided ID.",
        )
        .at("file.id")),
    }
}

fn hide(store: &mut Store, id: &str, effects: &Effects, now: DateTime<Utc>) {
    if effects.hide_for.is_none() && effects.hide_lists == 0 {
        return;
    }
    let span = effects.hide_for.unwrap_or_default();
    let until = now + chrono::TimeDelta::from_std(span).unwrap_or(chrono::TimeDelta::MAX);
    let lag = Lag {
        until,
        lists: effects.hide_lists,
    };
    store.delay_index(id, lag);
}

/// Checks at the start of a resumable upload what would fail at its end.
pub(super) fn check_upload(
    store: &Store,
    call: &Call,
    file_id: Option<&str>,
    metadata: &Metadata,
) -> Result<(), ApiError> {
    match file_id {
        None => {
            metadata.type_of_new(None)?;
            placement::new_parent(store, &call.account, metadata.parents.as_deref())?;
            free_id(store, metadata).map(drop)
        }
        Some(id) => {
            let view = store.view(id, &call.account).ok_or_else(|| not_found(id))?;
            check_update(&view, metadata, true)?;
            Move::from_params(&call.params).check(&view).map(drop)
        }
    }
}

pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.files.update", FILE, caller, params)?;
    let metadata = Metadata::for_update(&body)?;
    change_file(&app, &call, &id, &metadata, None)
}

pub(super) fn change_file(
    app: &App,
    call: &Call,
    id: &str,
    metadata: &Metadata,
    upload: Option<Upload>,
) -> Result<Json<Value>, ApiError> {
    let now = app.now();
    app.write(|world| {
        let store = &world.drive;
        let view = store.view(id, &call.account).ok_or_else(|| not_found(id))?;
        check_update(&view, metadata, upload.is_some())?;
        let destination = Move::from_params(&call.params).check(&view)?;
        let file_id = view.file.id.clone();
        world.drive.edit(&file_id, &call.account, now, |file| {
            write(file, &call.account, metadata, upload, now);
            if let Some(parent) = destination {
                file.parent = parent;
            }
        });
        show(world, call, &file_id)
    })
}

/// Stars and views are the caller's own; the rest needs a writer, and the trash the owner.
fn check_update(view: &View<'_>, metadata: &Metadata, upload: bool) -> Result<(), ApiError> {
    let needed = if metadata.trashed.is_some() {
        Role::Owner
    } else if upload || metadata.modifies() || metadata.sets_modified() {
        Role::Writer
    } else {
        Role::Reader
    };
    require(view, needed)?;
    if metadata.trashed == Some(true) && view.store.is_root(view.file) {
        return Err(root_is_fixed());
    }
    let file = view.file;
    let typed = metadata.mime_type.as_ref();
    if typed.is_some_and(|wanted| *wanted != file.mime_type && file.is_google_type()) {
        return Err(invalid("mimeType", "it cannot be changed for this file"));
    }
    if upload && file.is_google_type() && file.content.is_none() {
        return Err(ApiError::bad_request(
            "Bad Request: this file has no content to replace.",
        ));
    }
    Ok(())
}

fn write(
    file: &mut File,
    by: &str,
    metadata: &Metadata,
    upload: Option<Upload>,
    now: DateTime<Utc>,
) {
    let modified = metadata.modifies() || upload.is_some();
    if modified || metadata.sets_modified() {
        if modified {
            file.modified = drive_time(now);
        }
        by.clone_into(&mut file.modified_by);
        file.modified_by_account
            .insert(by.to_owned(), drive_time(now));
    }
    let said = upload
        .as_ref()
        .and_then(|upload| upload.content_type.clone());
    if let Some(mime_type) = metadata.mime_type.clone().or(said) {
        file.mime_type = mime_type;
    }
    if let Some(upload) = upload {
        file.content = Some(upload.content);
    }
    match metadata.trashed {
        Some(true) if file.trashed.is_none() => {
            file.trashed = Some((drive_time(now), by.to_owned()));
        }
        Some(false) => file.trashed = None,
        _ => {}
    }
    metadata.apply(file, by);
}

pub(super) fn root_is_fixed() -> ApiError {
    ApiError::forbidden(
        "cannotModifyRoot",
        "The root folder cannot be moved, trashed or deleted.",
    )
}

pub(super) async fn copy(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.files.copy", FILE, caller, params)?;
    let metadata = Metadata::for_create(&body)?;
    let now = app.now();
    ensure_root(&app, &call.account);
    app.write(|world| {
        let store = &world.drive;
        let view = store
            .view(&id, &call.account)
            .ok_or_else(|| not_found(&id))?;
        if view.file.is_folder() || view.file.copy_requires_writer {
            let refused =
                ApiError::forbidden("cannotCopyFile", "This file cannot be copied by the user.");
            if view.file.is_folder() || require(&view, Role::Writer).is_err() {
                return Err(refused);
            }
        }
        let parent = placement::copy_parent(&view, metadata.parents.as_deref())?;
        let source = view.file;
        let mut file = File::new(free_id(store, &metadata)?, &call.account, now);
        file.name = format!("Copy of {}", source.name);
        file.mime_type = metadata
            .mime_type
            .clone()
            .unwrap_or(source.mime_type.clone());
        file.description.clone_from(&source.description);
        file.properties.clone_from(&source.properties);
        file.app_properties.clone_from(&source.app_properties);
        file.content.clone_from(&source.content);
        file.shortcut_target.clone_from(&source.shortcut_target);
        file.parent = Some(parent);
        metadata.apply(&mut file, &call.account);
        let file_id = file.id.clone();
        world.drive.insert(file, now);
        show(world, &call, &file_id)
    })
}

pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let call = Call::open("drive.files.delete", "*", caller, params)?;
    let now = app.now();
    app.write(|world| {
        let view = world.drive.view(&id, &call.account);
        let view = view.ok_or_else(|| not_found(&id))?;
        require(&view, Role::Owner)?;
        if world.drive.is_root(view.file) {
            return Err(root_is_fixed());
        }
        let file_id = view.file.id.clone();
        world.drive.delete(&file_id, now);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn empty_trash(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<StatusCode, ApiError> {
    let call = Call::open("drive.files.emptyTrash", "*", caller, params)?;
    let now = app.now();
    app.write(|world| world.drive.empty_trash(&call.account, now));
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn generate_ids(caller: Caller, params: Params) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.files.generateIds", "*", caller, params)?;
    let count = call.params.number("count", 1..=1000)?.unwrap_or(10);
    let ids: Vec<String> = (0..count).map(|_| id::file()).collect();
    Ok(call.answer(json!({ "kind": "drive#generatedIds", "space": "drive", "ids": ids })))
}
