//! What the consent page and its answers look like.

use std::fmt::Write;

use axum::response::Response;
use http::StatusCode;

use super::Pending;
use crate::{
    oauth::{Person, account_key, scope},
    page::{escape, page},
};

/// Returns the page with the question, and with what was wrong with the last answer.
pub(super) fn question(
    pending: &Pending,
    accounts: &[Person],
    ticket: &str,
    problem: Option<&str>,
) -> Response {
    let client = escape(&pending.client_id);
    let warning = problem
        .map(|problem| format!("<p class=\"bad\" role=\"alert\">{}</p>", escape(problem)))
        .unwrap_or_default();
    let main = format!(
        "<form class=\"card\" method=\"post\" action=\"/o/oauth2/consent\">\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\
         <h1>Let this program in?</h1>\
         <p class=\"soft small\">It calls itself <code>{client}</code>. \
         This is the SyftBox emulator: no real Google account is involved.</p>\
         {warning}\
         <fieldset><legend>Account</legend>{}</fieldset>\
         <fieldset><legend>It may</legend>{}</fieldset>\
         <div class=\"buttons\"><button name=\"decision\" value=\"deny\">Deny</button>\
         <button class=\"main\" name=\"decision\" value=\"allow\">Allow</button></div></form>",
        account_choices(accounts, pending.login_hint.as_deref()),
        scope_choices(&pending.scopes),
    );
    let status = if problem.is_some() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    page(status, "Let this program in?", &main)
}

fn account_choices(accounts: &[Person], hint: Option<&str>) -> String {
    let hint = hint.filter(|hint| crate::oauth::is_email(hint));
    let known = |hint: &str| {
        accounts
            .iter()
            .any(|person| account_key(&person.email) == account_key(hint))
    };
    let preset = match hint {
        Some(hint) if known(hint) => Some(account_key(hint)),
        Some(_) => None,
        None => accounts.first().map(|person| account_key(&person.email)),
    };
    let mut html = String::new();
    for person in accounts {
        let email = escape(&person.email);
        let checked = checked(preset.as_deref() == Some(&*account_key(&person.email)));
        write!(
            html,
            "<label class=\"choice\"><input type=\"radio\" name=\"account\" value=\"{email}\"\
             {checked}><span>{email}</span></label>"
        )
        .expect("writing to a string does not fail");
    }
    let typed = escape(hint.filter(|_| preset.is_none()).unwrap_or_default());
    let checked = checked(preset.is_none());
    write!(
        html,
        "<label class=\"choice\"><input type=\"radio\" name=\"account\" value=\"\"{checked} \
         aria-label=\"Another account\"><span><input type=\"email\" name=\"email\" \
         value=\"{typed}\" placeholder=\"another@example.org\" aria-label=\"E-mail address\" \
         autocomplete=\"off\"></span></label>"
    )
    .expect("writing to a string does not fail");
    html
}

fn scope_choices(scopes: &[String]) -> String {
    let mut html = String::new();
    for name in scopes {
        let value = escape(name);
        let words = scope::in_words(name).map_or_else(|| "Something else".to_owned(), escape);
        write!(
            html,
            "<label class=\"choice\"><input type=\"checkbox\" name=\"scope\" value=\"{value}\" \
             checked><span>{words}<br><span class=\"soft small\">{value}</span></span></label>"
        )
        .expect("writing to a string does not fail");
    }
    html
}

fn checked(yes: bool) -> &'static str {
    if yes { " checked" } else { "" }
}

/// Returns the page that shows a code for copying.
pub(super) fn code(code: &str) -> Response {
    let main = format!(
        "<div class=\"card\"><h1>Access allowed</h1>\
         <p>Copy this code and paste it where the program asks for it:</p>\
         <code class=\"copy\" id=\"code\">{}</code>\
         <p class=\"soft small\">It works once, within ten minutes.</p></div>",
        escape(code)
    );
    page(StatusCode::OK, "Access allowed", &main)
}

/// Returns the page after "Deny", where no program waits for a redirect.
pub(super) fn denied() -> Response {
    let main = "<div class=\"card\"><h1>Access denied</h1>\
                <p>Nothing was granted. You can close this page.</p></div>";
    page(StatusCode::OK, "Access denied", main)
}

/// Returns the page for a request that cannot be granted at all.
pub(super) fn refused(problem: &str) -> Response {
    let main = format!(
        "<div class=\"card\"><h1>This request is not valid</h1><p class=\"bad\">{}</p></div>",
        escape(problem)
    );
    page(StatusCode::BAD_REQUEST, "This request is not valid", &main)
}
