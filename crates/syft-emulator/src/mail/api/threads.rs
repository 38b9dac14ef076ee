//! `users.threads`: conversations.

use std::collections::HashSet;

use axum::{
    Json,
    extract::{Path, State},
};
use serde_json::{Value, json};

use super::{
    call::{Call, Format},
    messages::Filter,
    paging, resource,
};
use crate::{
    error::ApiError,
    mail::{pages::html::Escaped, store::Message},
    oauth::Caller,
    params::Params,
    state::App,
};

/// Lists conversations by their newest message that is found.
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(user): Path<String>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("threads.list", caller, &user, params)?;
    let filter = Filter::of(&call)?;
    let found = app.read(|world| {
        let mut seen = HashSet::new();
        let messages = world.mail.messages(&call.account);
        messages
            .filter(|message| filter.finds(message) && seen.insert(message.thread.clone()))
            .map(|message| (message.id.clone(), summary(message)))
            .collect()
    });
    Ok(call.answer(resource::list(
        "threads",
        paging::page(found, &call.params)?,
    )))
}

/// Returns a conversation, oldest message first.
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((user, id)): Path<(String, String)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("threads.get", caller, &user, params)?;
    let format = call.format()?;
    if format == Format::Raw {
        let problem = "a thread has no raw form; expected minimal, metadata or full";
        return Err(ApiError::parameter("format", problem));
    }
    let headers: Vec<_> = call.params.all("metadataHeaders").collect();
    let found: Vec<Message> = app.read(|world| {
        let thread = world.mail.thread(&call.account, &id)?;
        Ok::<_, ApiError>(thread.into_iter().cloned().collect())
    })?;
    let history = found.iter().map(|message| message.history).max();
    let messages = found.iter();
    let messages = messages.map(|message| resource::message(message, format, &headers));
    Ok(call.answer(json!({
        "id": id,
        "historyId": history.unwrap_or_default().to_string(),
        "messages": messages.collect::<Value>(),
    })))
}

fn summary(message: &Message) -> Value {
    json!({
        "id": message.thread,
        "snippet": Escaped(&message.summary.snippet).to_string(),
        "historyId": message.history.to_string(),
    })
}
