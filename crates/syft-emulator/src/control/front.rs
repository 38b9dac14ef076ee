//! The front page: who is here, what happened, how to use it.

use std::fmt::Write;

use axum::{extract::State, response::Response};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{log::Request, page, page::escape, state::App};

/// Requests that the page shows.
const SHOWN: usize = 25;

/// `GET /`.
pub(super) async fn page(State(app): State<App>) -> Response {
    let main = format!(
        "<h1>SyftBox emulator</h1>\
         <p class=\"soft\">Google Drive, Gmail and OAuth at <code>{}</code>, for this machine only. \
         Nothing here reaches Google.</p>{}{}{}",
        escape(&app.url),
        accounts(&app),
        how_to(&app.url),
        requests(&app),
    );
    page::page(StatusCode::OK, "SyftBox emulator", &main)
}

fn accounts(app: &App) -> String {
    let rows: String = app.read(|world| {
        let people = world.accounts.people().map(|person| {
            let mails = world.mail.inbox(&person.email).len();
            let drafts = world.mail.draft_mails(&person.email).len();
            let link = utf8_percent_encode(&person.email, NON_ALPHANUMERIC);
            let email = escape(&person.email);
            format!(
                "<tr><td><a href=\"/mailbox/{link}\">{email}</a></td>\
                 <td class=\"number\">{mails}</td><td class=\"number\">{drafts}</td></tr>"
            )
        });
        people.collect()
    });
    if rows.is_empty() {
        return "<section><h2>Accounts</h2><p>None yet. Any e-mail address that gets a token, \
                a shared file or a mail becomes one.</p></section>"
            .to_owned();
    }
    format!(
        "<section><h2>Accounts</h2><table><tr><th>Mailbox</th><th class=\"number\">Mails</th>\
         <th class=\"number\">Drafts</th></tr>\
         {rows}</table></section>"
    )
}

fn how_to(url: &str) -> String {
    let url = escape(url);
    format!(
        "<section><h2>How to use it</h2>\
         <p>Send unmodified programs here, Python clients included, by environment alone:</p>\
         <pre>eval \"$(syft-emulator env --url {url})\"</pre>\
         <p>Make token files for accounts:</p>\
         <pre>syft-emulator token do@example.org --out token_do.json --url {url}</pre>\
         <p>Let something go wrong:</p>\
         <pre>syft-emulator faults add --api 'drive.*' --status 503 --times 3 --url {url}</pre>\
         </section>"
    )
}

fn requests(app: &App) -> String {
    let mut rows = String::new();
    app.log(|log| {
        for request in log
            .requests()
            .rev()
            .filter(|request| is_shown(request))
            .take(SHOWN)
        {
            row(&mut rows, request);
        }
    });
    if rows.is_empty() {
        rows.push_str("<tr><td>None yet.</td></tr>");
    }
    format!(
        "<section><h2>Recent requests</h2><table>{rows}</table>\
         <p class=\"small\"><a href=\"/emulator/requests\">All</a> · \
         <a href=\"/emulator/requests/counts\">Counts</a> · \
         <a href=\"/emulator/faults\">Faults</a></p></section>"
    )
}

fn is_shown(request: &Request) -> bool {
    !request.api.starts_with("emulator.")
}

fn row(rows: &mut String, request: &Request) {
    let (class, status) = match request.status {
        0 => ("bad", "dropped".to_owned()),
        status if status < 400 => ("ok", status.to_string()),
        status => ("bad", status.to_string()),
    };
    let account = escape(request.account.as_deref().unwrap_or("–"));
    write!(
        rows,
        "<tr><td class=\"soft\">{}</td><td>{}</td><td class=\"{class}\">{status}</td>\
         <td>{account}</td><td class=\"soft wide\">{} {}</td></tr>",
        request.time.format("%H:%M:%S"),
        request.api,
        escape(&request.method),
        escape(&request.path),
    )
    .expect("writing to a string does not fail");
}
