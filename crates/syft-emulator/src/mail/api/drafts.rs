//! `users.drafts`: mail that is written now and sent, once, later.

use axum::{
    Json,
    extract::{Path, Request, State},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    body,
    call::{Call, Format},
    messages::meet,
    paging, resource,
};
use crate::{
    error::ApiError,
    mail::{error::MailError, letter::Letter, search::Search, store::Message},
    oauth::Caller,
    params::Params,
    state::App,
};

/// Keeps a message as a draft.
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    params: Params,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drafts.create", caller, &user, params)?;
    let incoming = body::draft(&call.params, request).await?;
    let letter = incoming.letter()?.ok_or(MailError::NoDraftMessage)?;
    let now = app.now();
    app.write(|world| {
        let from = world.accounts.ensure(&call.account).email.clone();
        let thread = incoming.thread.as_deref();
        let id = world.mail.create_draft(&from, letter, thread, now)?;
        let message = world.mail.draft(&call.account, &id)?;
        Ok(call.answer(draft(&id, resource::reference(message))))
    })
}

/// Replaces the message of a draft.
pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drafts.update", caller, &user, params)?;
    let incoming = body::draft(&call.params, request).await?;
    let letter = incoming.letter()?.ok_or(MailError::NoDraftMessage)?;
    let now = app.now();
    app.write(|world| {
        let from = world.accounts.ensure(&call.account).email.clone();
        let thread = incoming.thread.as_deref();
        world.mail.update_draft(&from, &id, letter, thread, now)?;
        let message = world.mail.draft(&call.account, &id)?;
        Ok(call.answer(draft(&id, resource::reference(message))))
    })
}

/// Sends a draft, with a new message in its place if one comes along.
///
/// The draft is gone afterwards, so a repeated call cannot deliver twice.
pub(super) async fn send(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    params: Params,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drafts.send", caller, &user, params)?;
    let incoming = body::draft(&call.params, request).await?;
    let replacement = incoming.letter()?;
    let id = incoming.draft.as_deref().ok_or(MailError::NotFound)?;
    let now = app.now();
    let sent: Message = app.write(|world| {
        let letter = match &replacement {
            Some(letter) => letter.clone(),
            None => Letter::parse(&world.mail.draft(&call.account, id)?.raw)?,
        };
        let from = world.accounts.ensure(&call.account).email.clone();
        world.mail.draft(&from, id)?;
        meet(world, &letter)?;
        if let Some(letter) = replacement {
            let thread = incoming.thread.as_deref();
            world.mail.update_draft(&from, id, letter, thread, now)?;
        }
        world.mail.send_draft(&from, id, now)
    })?;
    Ok(call.answer(resource::reference(&sent)))
}

/// Deletes a draft for good.
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
) -> Result<StatusCode, ApiError> {
    let call = Call::open("drafts.delete", caller, &user, params)?;
    app.write(|world| world.mail.delete_draft(&call.account, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns one draft.
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drafts.get", caller, &user, params)?;
    let format = Format::parse(call.params.get("format").unwrap_or("full"))?;
    let message = app.read(|world| world.mail.draft(&call.account, &id).cloned())?;
    Ok(call.answer(draft(&id, resource::message(&message, format, &[]))))
}

/// Lists drafts, newest first.
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drafts.list", caller, &user, params)?;
    let search = Search::parse(call.params.get("q").unwrap_or_default())?;
    let include_trash = call.params.flag("includeSpamTrash")?.unwrap_or(false);
    let found = app.read(|world| {
        let drafts = world.mail.drafts(&call.account).into_iter();
        drafts
            .filter(|(_, message)| search.finds(message, include_trash))
            .map(|(id, message)| {
                let reference = json!({ "id": message.id, "threadId": message.thread });
                (message.id.clone(), draft(id, reference))
            })
            .collect()
    });
    Ok(call.answer(resource::list("drafts", paging::page(found, &call.params)?)))
}

fn draft(id: &str, message: Value) -> Value {
    json!({ "id": id, "message": message })
}
