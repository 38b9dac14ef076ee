//! Google Drive v3, in memory.

mod about;
mod batch;
mod call;
mod discovery;
mod feed;
mod fields;
mod file;
mod files;
mod id;
mod media;
mod metadata;
pub(crate) mod multipart;
mod order;
mod page;
mod permissions;
mod placement;
mod query;
mod resource;
mod search;
mod store;
mod upload;

use axum::{
    Router,
    routing::{any, delete, get, post},
};

use crate::{error::ApiError, state::App};

pub(crate) use store::Store;

/// Routes of the Drive API, its uploads and its batches.
pub(crate) fn routes() -> Router<App> {
    let mut router = Router::new()
        .route("/drive/v3/about", get(about::get))
        .route("/drive/v3/changes", get(feed::list))
        .route(
            "/drive/v3/changes/startPageToken",
            get(feed::start_page_token),
        )
        .route("/drive/v3/drives", get(about::drives))
        .route("/drive/v3/files", get(search::list).post(files::create))
        .route("/drive/v3/files/generateIds", get(files::generate_ids))
        .route("/drive/v3/files/trash", delete(files::empty_trash))
        .route(
            "/drive/v3/files/{fileId}",
            get(files::get).patch(files::update).delete(files::delete),
        )
        .route("/drive/v3/files/{fileId}/copy", post(files::copy))
        .route("/drive/v3/files/{fileId}/export", get(media::export))
        .route(
            "/drive/v3/files/{fileId}/permissions",
            get(permissions::list).post(permissions::create),
        )
        .route(
            "/drive/v3/files/{fileId}/permissions/{permissionId}",
            get(permissions::get)
                .patch(permissions::update)
                .delete(permissions::delete),
        )
        .route("/drive/v3/{*method}", any(not_emulated))
        .route("/batch", post(batch::run))
        .route("/batch/drive/v3", post(batch::run));
    for prefix in ["/upload/drive/v3/files", "/resumable/upload/drive/v3/files"] {
        let new = post(upload::create)
            .put(upload::create)
            .delete(upload::cancel);
        let existing = post(upload::update)
            .patch(upload::update)
            .put(upload::update)
            .delete(upload::cancel);
        router = router
            .route(prefix, new.patch(upload::create))
            .route(&format!("{prefix}/{{fileId}}"), existing);
    }
    router
}

async fn not_emulated(method: http::Method, uri: http::Uri) -> ApiError {
    let path = uri.path();
    ApiError::new(
        http::StatusCode::NOT_IMPLEMENTED,
        "notImplemented",
        format!("The emulator does not know {method} {path}."),
    )
}
