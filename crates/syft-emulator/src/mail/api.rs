//! Gmail v1 over HTTP: which method lives where.

mod body;
mod call;
mod drafts;
mod fields;
mod messages;
mod paging;
mod resource;
mod table;
mod threads;

use axum::{
    Router,
    routing::{get, post},
};

use crate::state::App;

/// Routes of Gmail v1, uploads included.
pub(super) fn routes() -> Router<App> {
    let mut router = Router::new()
        .route("/gmail/v1/users/{user}/profile", get(messages::profile))
        .route("/gmail/v1/users/{user}/labels", get(messages::labels))
        .route("/gmail/v1/users/{user}/messages", get(messages::list))
        .route(
            "/gmail/v1/users/{user}/messages/{id}",
            get(messages::get).delete(messages::delete),
        )
        .route(
            "/gmail/v1/users/{user}/messages/{id}/modify",
            post(messages::modify),
        )
        .route(
            "/gmail/v1/users/{user}/messages/{id}/trash",
            post(messages::trash),
        )
        .route(
            "/gmail/v1/users/{user}/messages/{id}/untrash",
            post(messages::untrash),
        )
        .route(
            "/gmail/v1/users/{user}/messages/{message}/attachments/{id}",
            get(messages::attachment),
        )
        .route("/gmail/v1/users/{user}/threads", get(threads::list))
        .route("/gmail/v1/users/{user}/threads/{id}", get(threads::get))
        .route(
            "/gmail/v1/users/{user}/drafts",
            get(drafts::list).post(drafts::create),
        )
        .route(
            "/gmail/v1/users/{user}/drafts/{id}",
            get(drafts::get).put(drafts::update).delete(drafts::delete),
        );
    for prefix in ["", "/upload"] {
        let users = format!("{prefix}/gmail/v1/users/{{user}}");
        router = router
            .route(&format!("{users}/messages/send"), post(messages::send))
            .route(&format!("{users}/drafts/send"), post(drafts::send));
    }
    router
        .route("/upload/gmail/v1/users/{user}/drafts", post(drafts::create))
        .route(
            "/upload/gmail/v1/users/{user}/drafts/{id}",
            axum::routing::put(drafts::update),
        )
}

#[cfg(test)]
mod tests;
