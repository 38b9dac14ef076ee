//! The mailboxes in a browser: plain pages without scripts.

mod frame;
pub(super) mod html;
mod lists;
mod reading;

use axum::{
    Router,
    extract::{Path, State},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{HeaderName, HeaderValue, StatusCode, header};

use self::{html::page, lists::Folder, reading::View};
use super::error::MailError;
use crate::{error::ApiError, oauth::account_key, params::Params, state::App};

/// Nothing is loaded from anywhere, no script runs, and no other page may frame this one.
///
/// A frame made of `srcdoc` inherits this, so a mail cannot load what the page cannot.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Routes below `/mailbox`.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/mailbox", get(mailboxes))
        .route("/mailbox/{account}", get(mailbox))
        .route("/mailbox/{account}/{id}", get(mail))
        .route("/mailbox/{account}/{id}/mail.eml", get(download))
}

async fn mailboxes(State(app): State<App>) -> Response {
    answer(app.read(|world| {
        let people: Vec<_> = world.accounts.people().cloned().collect();
        page("Mailboxes", &lists::mailboxes(&people, &world.mail))
    }))
}

async fn mailbox(
    State(app): State<App>,
    Path(account): Path<String>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&["folder"])?;
    let folder = Folder::parse(params.get("folder"))?;
    let found = app.read(|world| {
        let key = account_key(&account);
        let mut people = world.accounts.people();
        let person = people.find(|person| account_key(&person.email) == key)?;
        let body = lists::mailbox(person, &world.mail, folder);
        Some(page(
            &format!("{}: {}", folder.title(), person.email),
            &body,
        ))
    });
    let nobody = "There is no account of this name yet.";
    Ok(found.map_or_else(|| missing("No such mailbox", nobody), answer))
}

async fn mail(
    State(app): State<App>,
    Path((account, id)): Path<(String, String)>,
    params: Params,
) -> Result<Response, ApiError> {
    params.only(&["view", "width", "colours"])?;
    let view = View::parse(&params)?;
    let found = app.read(|world| {
        let message = world.mail.message(&account, &id)?;
        Ok::<_, MailError>((world.accounts.person(&account), message.clone()))
    });
    let Ok((person, message)) = found else {
        let text = "There is no such mail in this mailbox; it may have been deleted.";
        return Ok(missing("No such mail", text));
    };
    let body = reading::mail(&person, &message, &view);
    Ok(answer(page(&message.summary.subject, &body)))
}

async fn download(
    State(app): State<App>,
    Path((account, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let raw = app.read(|world| {
        let message = world.mail.message(&account, &id)?;
        Ok::<_, MailError>(message.raw.to_vec())
    })?;
    let name = format!("attachment; filename=\"{id}.eml\"");
    let headers = [
        (header::CONTENT_TYPE, "message/rfc822".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, raw).into_response())
}

fn missing(title: &str, text: &str) -> Response {
    let mut response = answer(page(title, &html::paragraph(text)));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn answer(page: String) -> Response {
    let mut response = Html(page).into_response();
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
