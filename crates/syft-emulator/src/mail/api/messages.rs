//! `users.messages`, and the two methods about the mailbox as a whole.

use std::collections::HashSet;

use axum::{
    Json,
    extract::{Path, Request, State},
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    body::{self, Incoming},
    call::Call,
    paging, resource,
};
use crate::{
    error::ApiError,
    mail::{Label, error::MailError, letter::Letter, mime, search::Search, store::Message},
    oauth::Caller,
    params::Params,
    state::{App, World},
};

/// Sends a message.
pub(super) async fn send(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    params: Params,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("messages.send", caller, &user, params)?;
    let incoming = body::message(&call.params, request).await?;
    let letter = incoming.letter()?.ok_or(MailError::NoMessage)?;
    let now = app.now();
    let sent = app.write(|world| {
        meet(world, &letter)?;
        let from = world.accounts.ensure(&call.account).email.clone();
        world
            .mail
            .send(&from, letter, incoming.thread.as_deref(), now)
    })?;
    Ok(call.answer(resource::reference(&sent)))
}

/// Makes the recipients' accounts exist: whoever gets mail has a mailbox.
pub(super) fn meet(world: &mut World, letter: &Letter) -> Result<(), MailError> {
    for to in letter.recipients()? {
        world.accounts.ensure(&to);
    }
    Ok(())
}

/// Lists ids, newest first.
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("messages.list", caller, &user, params)?;
    let filter = Filter::of(&call)?;
    let found = app.read(|world| {
        let messages = world.mail.messages(&call.account);
        messages
            .filter(|message| filter.finds(message))
            .map(|message| {
                let item = json!({ "id": message.id, "threadId": message.thread });
                (message.id.clone(), item)
            })
            .collect()
    });
    Ok(call.answer(resource::list(
        "messages",
        paging::page(found, &call.params)?,
    )))
}

/// What a list of messages or threads leaves out.
#[derive(Debug)]
pub(super) struct Filter {
    search: Search,
    labels: Vec<Label>,
    include_trash: bool,
}

impl Filter {
    pub(super) fn of(call: &Call) -> Result<Self, ApiError> {
        let labels = call.params.all("labelIds").map(Label::from_name);
        let labels: Vec<_> = labels.collect::<Result<_, _>>()?;
        let asked = labels.contains(&Label::Trash) || labels.contains(&Label::Spam);
        Ok(Self {
            search: Search::parse(call.q()?)?,
            include_trash: asked || call.params.flag("includeSpamTrash")?.unwrap_or(false),
            labels,
        })
    }

    pub(super) fn finds(&self, message: &Message) -> bool {
        let mut labels = self.labels.iter();
        labels.all(|label| message.labels.contains(label))
            && self.search.finds(message, self.include_trash)
    }
}

/// Returns one message.
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("messages.get", caller, &user, params)?;
    let format = call.format()?;
    let headers: Vec<_> = call.params.all("metadataHeaders").collect();
    let found = app.read(|world| world.mail.message(&call.account, &id).cloned())?;
    Ok(call.answer(resource::message(&found, format, &headers)))
}

/// Returns the decoded bytes of a part that a message only names.
pub(super) async fn attachment(
    State(app): State<App>,
    caller: Caller,
    Path((user, message, id)): Path<(String, String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("messages.attachments.get", caller, &user, params)?;
    let found = app.read(|world| world.mail.message(&call.account, &message).cloned())?;
    let bytes = mime::attachment(&mime::parse(&found.raw), &id).ok_or(MailError::NotFound)?;
    Ok(call.answer(json!({ "size": bytes.len(), "data": URL_SAFE.encode(&bytes) })))
}

/// Deletes a message for good.
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
) -> Result<StatusCode, ApiError> {
    let call = Call::open("messages.delete", caller, &user, params)?;
    app.write(|world| world.mail.delete(&call.account, &id))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Moves a message to the trash.
pub(super) async fn trash(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("messages.trash", caller, &user, params)?;
    relabel(&app, &call, &id, &[Label::Trash], &[Label::Inbox])
}

/// Takes a message out of the trash; as with Gmail it does not return to the inbox.
pub(super) async fn untrash(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("messages.untrash", caller, &user, params)?;
    relabel(&app, &call, &id, &[], &[Label::Trash])
}

/// Adds and removes labels.
pub(super) async fn modify(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
    request: Request,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("messages.modify", caller, &user, params)?;
    let (add, remove) = body::labels(request).await?;
    relabel(&app, &call, &id, &add, &remove)
}

fn relabel(
    app: &App,
    call: &Call,
    id: &str,
    add: &[Label],
    remove: &[Label],
) -> Result<Json<Value>, ApiError> {
    let changed = app.write(|world| world.mail.relabel(&call.account, id, add, remove))?;
    Ok(call.answer(resource::reference(&changed)))
}

/// Returns the address and size of the mailbox.
pub(super) async fn profile(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("getProfile", caller, &user, params)?;
    Ok(call.answer(app.read(|world| {
        let messages = || world.mail.messages(&call.account);
        let threads: HashSet<_> = messages().map(|message| &message.thread).collect();
        json!({
            "emailAddress": world.accounts.person(&call.account).email,
            "messagesTotal": messages().count(),
            "threadsTotal": threads.len(),
            "historyId": world.mail.history().to_string(),
        })
    })))
}

/// Lists the labels; there are only Gmail's own.
pub(super) async fn labels(
    caller: Caller,
    Path(user): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("labels.list", caller, &user, params)?;
    let labels: Vec<_> = Label::ALL.into_iter().map(Label::resource).collect();
    Ok(call.answer(json!({ "labels": labels })))
}

impl Incoming {
    /// Returns the message that came along, checked.
    pub(super) fn letter(&self) -> Result<Option<Letter>, MailError> {
        self.raw.as_deref().map(Letter::parse).transpose()
    }
}
