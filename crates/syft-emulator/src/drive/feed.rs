//! `changes.*`: what an account learns by polling.

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::Call,
    fields::Mask,
    files::ensure_root,
    resource,
    search::page_size,
    store::{Change, ChangePage},
};
use crate::{
    error::ApiError,
    oauth::Caller,
    params::Params,
    state::{App, World},
};

const LIST: &str = "kind,nextPageToken,newStartPageToken,\
    changes(kind,type,changeType,time,removed,fileId,file(kind,id,name,mimeType))";

pub(super) async fn start_page_token(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.changes.getStartPageToken", "*", caller, params)?;
    ensure_root(&app, &call.account);
    let token = app.read(|world| world.drive.start_page()).to_string();
    Ok(call.answer(json!({ "kind": "drive#startPageToken", "startPageToken": token })))
}

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.changes.list", LIST, caller, params)?;
    let limit = page_size(&call.params)?;
    let removed = call.params.flag("includeRemoved")?.unwrap_or(true);
    let my_drive = call.params.flag("restrictToMyDrive")?.unwrap_or(false);
    if call
        .params
        .get("spaces")
        .is_some_and(|spaces| spaces != "drive")
    {
        return Err(ApiError::parameter("spaces", "only 'drive' is emulated"));
    }
    let keep = |change: &Change<'_>, in_my_drive: bool| {
        (removed || change.view.is_some()) && (in_my_drive || !my_drive)
    };
    app.read(|world| {
        let since = call
            .params
            .get("pageToken")
            .and_then(|token| token.parse().ok());
        let page = since.and_then(|since| world.drive.changes(&call.account, since, limit, keep));
        let page = page.ok_or_else(|| {
            ApiError::new(StatusCode::BAD_REQUEST, "invalid", "Invalid Value").at("pageToken")
        })?;
        Ok(call.answer(render(world, &call, &page)))
    })
}

fn render(world: &World, call: &Call, page: &ChangePage<'_>) -> Value {
    let wanted = call.mask.member("changes");
    let changes: Vec<Value> = wanted.map_or_else(Vec::new, |mask| {
        let shown = page.changes.iter();
        shown.map(|found| change(world, found, mask)).collect()
    });
    let mut answer = json!({ "kind": "drive#changeList", "changes": changes });
    let token = if page.last {
        "newStartPageToken"
    } else {
        "nextPageToken"
    };
    answer[token] = page.next.to_string().into();
    answer
}

fn change(world: &World, change: &Change<'_>, mask: &Mask) -> Value {
    let mut shown = json!({
        "kind": "drive#change",
        "type": "file",
        "changeType": "file",
        "time": resource::time(change.at),
        "removed": change.view.is_none(),
        "fileId": change.file_id,
    });
    if let (Some(view), Some(mask)) = (&change.view, mask.member("file")) {
        shown["file"] = resource::file(view, &world.accounts, mask);
    }
    shown
}
