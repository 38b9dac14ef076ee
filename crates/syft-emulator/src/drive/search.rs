//! `files.list`: searches.

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::{Value, json};

use super::{
    call::{Call, not_found},
    order::Order,
    page::PageToken,
    query, resource,
    store::{Store, View},
};
use crate::{
    error::ApiError,
    oauth::Caller,
    params::Params,
    state::{App, World},
};

const LIST: &str = "kind,incompleteSearch,nextPageToken,files(kind,id,name,mimeType)";

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    search(&app, caller, params)
}

/// Searches for a caller, whichever way the parameters came.
pub(super) fn search(app: &App, caller: Caller, params: Params) -> Result<Json<Value>, ApiError> {
    let call = Call::open("drive.files.list", LIST, caller, params)?;
    check_corpora(&call.params)?;
    let query = query::parse(call.params.get("q").unwrap_or_default()).map_err(unparsable)?;
    let order = order(&call.params, query.as_ref())?;
    let limit = page_size(&call.params)?;
    let token = PageToken::from_request(&call.account, &call.params)?;
    let now = app.now();
    let answer = app.read(|world| {
        let store = &world.drive;
        check_parents(store, query.as_ref(), &call.account)?;
        let fits = |view: &View<'_>| query.as_ref().is_none_or(|query| query.matches(view));
        let mut found: Vec<View<'_>> = store.search(&call.account, now, fits).collect();
        found.sort_by(|left, right| order.compare(left, right));
        let start = token.map_or(0, |token| token.start(&found, &order));
        let end = found.len().min(start + limit);
        Ok::<_, ApiError>(page(&call, world, &found, start, end))
    })?;
    if app.read(|world| world.drive.has_lag()) {
        app.write(|world| world.drive.count_search(now));
    }
    Ok(Json(answer))
}

fn page(call: &Call, world: &World, found: &[View<'_>], start: usize, end: usize) -> Value {
    let mask = call.mask.member("files");
    let files: Vec<Value> = mask.map_or_else(Vec::new, |mask| {
        let shown = found[start..end].iter();
        shown
            .map(|view| resource::file(view, &world.accounts, mask))
            .collect()
    });
    let mut answer = json!({
        "kind": "drive#fileList",
        "incompleteSearch": false,
        "files": files,
    });
    if end < found.len() && end > start {
        let token = PageToken::new(&call.account, &call.params, end, &found[end - 1].file.id);
        answer["nextPageToken"] = token.encode().into();
    }
    call.mask.apply(answer)
}

/// Only the user's own corpus exists; the others belong to shared drives and organisations.
fn check_corpora(params: &Params) -> Result<(), ApiError> {
    for (name, known) in [("corpora", "user"), ("corpus", "user"), ("spaces", "drive")] {
        if params.get(name).is_some_and(|value| value != known) {
            let problem = format!("only '{known}' is emulated");
            return Err(ApiError::parameter(name, &problem));
        }
    }
    Ok(())
}

fn unparsable(mistake: query::Mistake) -> ApiError {
    let message = format!("Invalid Value: {mistake}");
    ApiError::new(StatusCode::BAD_REQUEST, "invalid", message).at("q")
}

fn order(params: &Params, query: Option<&query::Query>) -> Result<Order, ApiError> {
    let Some(text) = params.get("orderBy").filter(|text| !text.is_empty()) else {
        return Ok(Order::newest_first());
    };
    let order = Order::parse(text)?;
    if query.is_some_and(query::Query::searches_text) {
        return Err(ApiError::forbidden(
            "badRequest",
            "Sorting is not supported for queries with fullText terms. \
             Results are always in descending relevance order.",
        ));
    }
    Ok(order)
}

pub(super) fn page_size(params: &Params) -> Result<usize, ApiError> {
    let size = params.number("pageSize", 1..=1000)?.unwrap_or(100);
    Ok(usize::try_from(size).expect("at most 1000"))
}

/// Google answers 404 to a search below a folder that the caller cannot see.
fn check_parents(
    store: &Store,
    query: Option<&query::Query>,
    account: &str,
) -> Result<(), ApiError> {
    let parents = query.map_or_else(Vec::new, query::Query::parents);
    let unseen = |id: &&str| *id != "root" && store.view(id, account).is_none();
    match parents.into_iter().find(unseen) {
        None => Ok(()),
        Some(_) => Err(not_found("")),
    }
}
